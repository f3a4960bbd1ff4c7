import type { Claims } from './claims.ts'
import type { Identifier } from './identifier.ts'
import { type Duration, day, type Instant } from './time.ts'

export type IdentityState = 'invited' | 'active' | 'suspended' | 'disabled' | 'deleted'

/** A person, as Signet knows them. `id` is random, is never used again after deletion, and is the public `sub`. */
export interface Identity {
  readonly id: string
  readonly version: number
  readonly state: IdentityState
  readonly identifiers: readonly Identifier[]
  /** Profile claims by their standard names, without those that are derived (`sub`, `email*`, `phone_number*`, `updated_at`, `groups`). */
  readonly claims: Claims
  readonly groups: readonly string[]
  /** What the person may do in Signet itself. */
  readonly roles: readonly Role[]
  readonly createdAt: Instant
  readonly updatedAt: Instant
  /** Set by suspension, disabling and deletion: what was issued before it stays void after a restoration. */
  readonly notBefore?: Instant
  /** Proved addresses and numbers that were theirs until lately: they are told when somebody recovers the account, or ends it. */
  readonly former?: readonly FormerIdentifier[]
  /** The person wants to be deleted, and is, unless they change their mind. */
  readonly deletion?: PlannedDeletion
  /** Of a deleted one: nobody ever was that person, so nobody else can be taken for them. */
  readonly unused?: true
}

export interface FormerIdentifier extends Pick<Identifier, 'kind' | 'written'> {
  readonly removedAt: Instant
}

export interface PlannedDeletion {
  /** Whoever keeps the account, or ends it, means this request and no later one. */
  readonly request: string
  readonly requestedAt: Instant
  /** Only ever moved further away: the server was down, or the account is suspended. */
  readonly dueAt: Instant
  /** Who asked from where, and who is told. */
  readonly sealed: string
  readonly remindedAt?: Instant
  /** It is about to happen: of administrators who leave in the same moment, none counts on the other. */
  readonly begunAt?: Instant
}

/** `reviewer`: judges recovery cases of others, and nothing else. */
export type Role = 'administrator' | 'reviewer'

export type IdentityAction =
  | 'sign-in'
  | 'hold-tokens'
  | 'accept-invitation'
  | 'recover'
  | 'suspend'
  | 'disable'
  | 'restore'
  | 'delete'

/** The lifecycle: what each state allows, and where an action leads. */
export const lifecycle: Record<IdentityState, Partial<Record<IdentityAction, IdentityState>>> = {
  invited: { 'accept-invitation': 'active', suspend: 'suspended', disable: 'disabled', delete: 'deleted' },
  active: {
    'sign-in': 'active',
    'hold-tokens': 'active',
    recover: 'active',
    suspend: 'suspended',
    disable: 'disabled',
    delete: 'deleted',
  },
  suspended: { restore: 'active', disable: 'disabled', delete: 'deleted' },
  disabled: { restore: 'active', delete: 'deleted' },
  deleted: {},
}

export function may(identity: Pick<Identity, 'state'>, action: IdentityAction): boolean {
  return lifecycle[identity.state][action] !== undefined
}

/** The address that messages go to: the first proved e-mail, else the first one. */
export function mailAddress(identity: Identity): Identifier | undefined {
  const addresses = identity.identifiers.filter((identifier) => identifier.kind === 'email')
  return addresses.find((address) => address.verifiedAt !== undefined) ?? addresses[0]
}

/** Whether messages and ways back in reach somebody at a mailbox that is really theirs. */
export function hasProvedMail(identifiers: readonly Identifier[]): boolean {
  return identifiers.some(({ kind, verifiedAt }) => kind === 'email' && verifiedAt !== undefined)
}

const formerFor: Duration = 14 * day

/** Those that still hear of what becomes of the account: whoever took it over may have changed its addresses before. */
export function formerAddresses({ former = [] }: Identity, now: Instant): readonly FormerIdentifier[] {
  return former.filter(({ removedAt }) => now - removedAt < formerFor)
}

/** How a page or message names the person. */
export function displayName(identity: Identity): string {
  return (
    identity.claims.name ??
    identity.claims.given_name ??
    identity.claims.nickname ??
    identity.identifiers[0]?.written ??
    identity.id
  )
}
