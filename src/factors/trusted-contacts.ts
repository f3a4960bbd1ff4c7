import type { ContactSettings } from '../domain/contact.ts'
import type { Credential } from '../domain/credential.ts'
import type { Instant } from '../domain/time.ts'
import type { Context, Factor, Shown, Verdict } from '../ports/factor.ts'
import type { Asked, Vouching } from '../ports/vouching.ts'

export interface TrustedContactsTools {
  readonly vouching: Vouching
  readonly settings: Pick<ContactSettings, 'request_lifetime'>
}

/** Nobody is behind it: who the people are knows the directory of contacts alone. */
type Data = Readonly<Record<string, never>>

type Question = Omit<Extract<Asked, { status: 'asked' }>, 'status'>

type Challenge =
  | ({ readonly kind: 'asked' } & Question)
  /** Too often lately; or decided, and not for the person. */
  | { readonly kind: 'paused' | 'refused' | 'over' }
  /** A fire drill: nobody is troubled. */
  | { readonly kind: 'drill' }

/**
 * People whom the person named vouch for them, each from their own account, after comparing a few words by voice. In recoveries alone, and never the
 * first proof. Nobody here holds anything secret, so it is worth what comes over one channel is worth, however many say yes: with nothing else it
 * is no second factor (S44). RFC 8176 has no name for it.
 */
export function trustedContacts({ vouching, settings }: TrustedContactsTools) {
  async function held(identity: { readonly id: string }): Promise<readonly Credential<Data>[]> {
    const createdAt = await vouching.readySince(identity.id)
    if (createdAt === undefined) return []
    return [
      {
        id: `contacts ${identity.id}`,
        version: 0,
        identityId: identity.id,
        factor: name,
        data: {},
        createdAt,
      },
    ]
  }

  async function begin(context: Context, credentials: readonly Credential<Data>[], running?: Challenge) {
    if (running !== undefined && isSettled(running, context.now)) return shown(running)
    const { identity, process, address, userAgent, language } = context
    if (context.recovery === 'drill') return shown({ kind: 'drill' })
    if (identity === undefined || process === undefined || credentials.length === 0)
      return shown({ kind: 'paused' })
    const agent = userAgent === undefined ? {} : { userAgent }
    const asked = await vouching.ask({ process, identity, address, language, ...agent })
    if (asked.status === 'paused') return shown({ kind: 'paused' })
    const { status: _status, ...question } = asked
    return shown({ kind: 'asked', ...question })
  }

  async function verify(
    _context: Context,
    _credential: Credential<Data>,
    challenge: Challenge | undefined,
  ): Promise<Verdict<Data>> {
    // Nothing comes of a drill, whatever is proved in it.
    if (challenge?.kind === 'drill') return { status: 'proved' }
    if (challenge?.kind !== 'asked') return { status: 'refused', reason: challenge?.kind ?? 'over' }
    const vouched = await vouching.collect(challenge.id)
    if (vouched === 'waiting') return { status: 'pending' }
    if (vouched === 'vouched') return { status: 'proved' }
    // In its place, or the page would go on looking for an answer that is there.
    return { status: 'refused', reason: vouched, instead: shown({ kind: vouched }) }
  }

  return {
    name,
    categories: ['possession'],
    amr: [],
    channel: 'contacts',
    first: false,
    single: true,
    resettable: false,
    recovery: 'only',
    lostWith: [],
    icon: 'users',
    page: 'contacts',
    unguessable: true,
    decoy: {},
    challengeLifetime: settings.request_lifetime,
    // Nothing is guessed at here: pages that look for the answers at the same moment must not use each other up.
    challengeTries: 1_000,
    held,
    begin,
    verify,
    async answered(challenge) {
      return challenge.kind === 'asked' && (await vouching.state(challenge.id)) !== 'waiting'
    },
  } satisfies Factor<Data, Challenge>
}

const name = 'trusted-contacts'

function shown(challenge: Challenge): { readonly challenge: Challenge; readonly show: Shown } {
  if (challenge.kind === 'drill') return { challenge, show: { drill: true } }
  if (challenge.kind !== 'asked') return { challenge, show: { over: challenge.kind } }
  const { phrase, language, until } = challenge
  return { challenge, show: { phrase, language, waitsUntil: until } }
}

/** What nobody needs to be asked anew for. */
function isSettled(challenge: Challenge, now: Instant): boolean {
  return challenge.kind === 'asked' ? challenge.until > now : challenge.kind !== 'paused'
}
