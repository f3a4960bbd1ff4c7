import type { Strength } from '../domain/assurance.ts'
import type { Credential } from '../domain/credential.ts'
import type { Context, Enrolled, Factor, Form, Verdict } from '../ports/factor.ts'
import {
  askForKey,
  askForSignature,
  checkKey,
  checkSignature,
  decoyKey,
  type Key,
  keyIdIn,
  type NewKey,
  type Nonce,
  provedBy,
  type Verification,
  type WebAuthnTools,
} from './webauthn.ts'

/** In what a kind of key differs from others. */
export interface Kind {
  readonly made: NewKey
  /** What the authenticator is asked to make sure of when it signs. */
  readonly verification: (context: Context) => Verification
  /** What a signature is worth, by whether the authenticator made sure who holds the key. */
  readonly worth: (key: Key, verified: boolean) => Partial<Strength>
  /** Made without that check, it could not sign anybody in by itself. */
  readonly verifiedOrCompanion?: boolean
}

type KeyFactor = Omit<Factor<Key, Nonce>, 'name' | 'categories' | 'first' | 'challengeLifetime'>

/** What is the same for every factor that is a public key: several to a person, found by their ids, not to be guessed, bound to this server. */
export function webauthnFactor(tools: WebAuthnTools, kind: Kind) {
  const { made, verification, worth, verifiedOrCompanion = false } = kind

  async function verify(
    context: Context,
    { data }: { readonly data: Key },
    challenge: Nonce | undefined,
    form: Form,
  ): Promise<Verdict<Key>> {
    const signed = await checkSignature(tools, context, data, challenge, form)
    return 'status' in signed ? signed : provedBy(signed, data, worth(signed.key, signed.verified))
  }

  async function finish(context: Context, challenge: Nonce | undefined, form: Form): Promise<Enrolled<Key>> {
    const checked = await checkKey(tools, context, challenge, form)
    if ('status' in checked) return checked
    const { key, label, verified } = checked
    const needsCompanion = verifiedOrCompanion && !verified
    if (needsCompanion && context.otherCategories === 0) return { status: 'refused', reason: 'unverified' }
    return {
      status: 'enrolled',
      data: key,
      handle: key.id,
      strength: worth(key, verified),
      ...(label === undefined ? {} : { label }),
      ...(needsCompanion ? { needsCompanion } : {}),
    }
  }

  return {
    amr: ['user'],
    phishingResistant: true,
    single: false,
    resettable: false,
    lostWith: ['keys', 'devices'],
    unguessable: true,
    decoy: decoyKey,
    handle: keyIdIn,
    // Before anything is proved the browser offers what it has, and the answer says whose it is (S32).
    begin: (context, credentials) =>
      askForSignature(context, context.first ? [] : keysOf(credentials), verification(context)),
    verify,
    enrolment: {
      begin: (context, enrolled) => askForKey(tools, context, keysOf(enrolled), made),
      finish,
    },
  } satisfies KeyFactor
}

function keysOf(credentials: readonly Credential<Key>[]): Key[] {
  return credentials.map(({ data }) => data)
}
