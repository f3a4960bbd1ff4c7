import type { Strength } from '../domain/assurance.ts'
import { minute } from '../domain/time.ts'
import type { Context, Enrolled, Factor, Verdict } from '../ports/factor.ts'
import {
  amrOf,
  askForKey,
  askForSignature,
  checkKey,
  checkSignature,
  decoyKey,
  isHardwareBound,
  type Key,
  keyIdIn,
  type Nonce,
  provedBy,
  type WebAuthnTools,
} from './webauthn.ts'

/**
 * A key that its authenticator finds by itself (WebAuthn L3, discoverable), opened with fingerprint, face or screen lock. Alone it is two factors: what one
 * has, and what one is or knows, checked by the device. After another proof it may come without that check, and is then one.
 */
export function passkey(tools: WebAuthnTools) {
  function worth(key: Key, verified: boolean): Partial<Strength> {
    return {
      categories: verified ? ['possession', 'inherence'] : ['possession'],
      amr: amrOf(key),
      hardwareBound: isHardwareBound(key, tools.settings),
    }
  }

  async function verify(
    context: Context,
    { data }: { data: Key },
    challenge: Nonce | undefined,
    form: Readonly<Record<string, string>>,
  ): Promise<Verdict<Key>> {
    const signed = await checkSignature(tools, context, data, challenge, form)
    return 'status' in signed ? signed : provedBy(signed, data, worth(signed.key, signed.verified))
  }

  async function finish(
    context: Context,
    challenge: Nonce | undefined,
    form: Readonly<Record<string, string>>,
  ): Promise<Enrolled<Key>> {
    const made = await checkKey(tools, context, challenge, form)
    if ('status' in made) return made
    const { key, label, verified } = made
    // It could not sign anybody in by itself.
    if (!verified && context.otherCategories === 0) return { status: 'refused', reason: 'unverified' }
    return {
      status: 'enrolled',
      data: key,
      handle: key.id,
      strength: worth(key, verified),
      ...(label === undefined ? {} : { label }),
      ...(verified ? {} : { needsCompanion: true }),
    }
  }

  return {
    name: 'passkey',
    categories: ['possession', 'inherence'],
    amr: ['user'],
    phishingResistant: true,
    first: true,
    single: false,
    resettable: false,
    unguessable: true,
    // The sign-in page asks as soon as it is open, and people take their time.
    challengeLifetime: 30 * minute,
    decoy: decoyKey,
    handle: keyIdIn,
    begin: (context, credentials) =>
      context.first
        ? // Whoever is meant: the browser offers what it has, and the answer says whose it is (S32).
          askForSignature(context, [], 'required')
        : askForSignature(
            context,
            credentials.map(({ data }) => data),
            'preferred',
          ),
    verify,
    enrolment: {
      begin: (context, enrolled) =>
        askForKey(
          tools,
          context,
          enrolled.map(({ data }) => data),
          { discoverable: true, verification: 'preferred' },
        ),
      finish,
    },
  } satisfies Factor<Key, Nonce>
}
