import type { Enrolments, EnrolmentVisit } from '../../authentication/enrolment.ts'
import type { Obstacle } from '../../authentication/removal.ts'
import type { TrustedDevices } from '../../authentication/trusted-devices.ts'
import type { Actor } from '../../domain/audit-event.ts'
import { type Identifier, masked, parseAs } from '../../domain/identifier.ts'
import { hasProvedMail, type Identity, mailAddress } from '../../domain/identity.ts'
import { readerAt } from '../../domain/reader.ts'
import { hour } from '../../domain/time.ts'
import type { AddressKind, AddressProofs } from '../../identities/address-proofs.ts'
import type { Identities } from '../../identities/index.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Messenger } from '../../ports/messenger.ts'
import type { SendBudget, SendLimit } from '../../ports/send-budget.ts'
import type { SessionRegistry } from '../../ports/session-registry.ts'
import type { Store } from '../../ports/store.ts'
import type { ChangeVisit } from './credential-change.ts'

export interface IdentifierChangesTools {
  readonly store: Pick<Store, 'links'>
  readonly identities: Pick<Identities, 'get' | 'changeIdentifier'>
  readonly proofs: Pick<AddressProofs, 'confirm'>
  readonly trustedDevices: Pick<TrustedDevices, 'revokeAll'>
  readonly enrolments: Pick<Enrolments, 'hinders'>
  readonly messenger: Messenger
  readonly budget: SendBudget
  readonly limits: Readonly<Record<AddressKind, (value: string) => readonly SendLimit[]>>
  readonly sessions: () => Pick<SessionRegistry, 'endAll'>
  readonly clock: Clock
  readonly issuer: string
}

export type IdentifierConfirmed =
  | { readonly status: 'changed' }
  | { readonly status: 'refused'; readonly triesLeft: number }
  /** The code was spent or is too old, what it was to replace is gone, or somebody else has proved the same address by now. */
  | { readonly status: 'expired' }

/** `reason`: a locale key under `account:identifier.refused.` */
export type IdentifierRemoved =
  | { readonly status: 'removed' }
  | { readonly status: 'refused'; readonly reason: 'last-address' | 'unknown' | 'too-often' | Obstacle }

/** `reason`: a locale key under `account:identifier.change.username.` */
export type Renamed =
  | { readonly status: 'changed' }
  | { readonly status: 'refused'; readonly reason: 'malformed' | 'own' | 'taken' | 'too-often' | 'gone' }

/** A signed-in person changes what they sign in with and are written to; the caller made sure that the sign-in is fresh (S30). */
export interface IdentifierChanges {
  /** The code came to the new address: from now on it is the person's (S35). */
  confirm(
    identityId: string,
    kind: AddressKind,
    code: string,
    visit: ChangeVisit,
    by: Actor,
  ): Promise<IdentifierConfirmed>
  /**
   * A username counts at once: there is nothing to prove. It is public by its nature, so that whoever is signed in may hear that somebody has it,
   * though not of as many as they like (S32). The one that it replaces is held for them for 90 days.
   */
  rename(
    identityId: string,
    wish: { readonly written: string; readonly replaces?: string },
    visit: ChangeVisit,
    by: Actor,
  ): Promise<Renamed>
  remove(
    identityId: string,
    own: Pick<Identifier, 'kind' | 'value'>,
    visit: ChangeVisit,
    by: Actor,
  ): Promise<IdentifierRemoved>
}

/**
 * As for a change of a credential every other session and every token ends. The old address is told as well as the one that stays: whoever took over
 * an account must not be able to cut its owner off in silence. A crash in between leaves other sessions alive: the owner can end them.
 */
export function createIdentifierChanges(tools: IdentifierChangesTools): IdentifierChanges {
  const { store, identities, proofs, trustedDevices, sessions } = tools

  async function settle(before: Identity, change: Change, visit: ChangeVisit, by: Actor): Promise<void> {
    await trustedDevices.revokeAll(before.id, by, { reason: 'changed' })
    // A link that waits in the old mailbox would be a way in for whoever reads that.
    await store.links.removeBy('identityId', before.id)
    await sessions().endAll(before.id, { except: visit.sessionUid })
    await tellOwner(tools, before, change, visit)
  }

  return {
    async confirm(identityId, kind, code, visit, by) {
      const proved = await proofs.confirm(identityId, kind, code)
      if (proved.status !== 'proved') return proved
      const before = await identities.get(identityId)
      if (before === undefined) return { status: 'expired' }
      const { written, replaces } = proved.wish
      const remove = replaces === undefined ? {} : { remove: { kind, value: replaces } }
      const changed = await identities.changeIdentifier(identityId, { add: { kind, written }, ...remove }, by)
      if (changed.status !== 'changed') return { status: 'expired' }
      await settle(before, changed, visit, by)
      return { status: 'changed' }
    },

    async rename(identityId, { written, replaces }, visit, by) {
      const wanted = parseUsername(written)
      if (wanted === undefined) return { status: 'refused', reason: 'malformed' }
      const before = await identities.get(identityId)
      const has = before?.identifiers.some((one) => one.kind === 'username' && one.written === wanted.written)
      if (before === undefined || has) return { status: 'refused', reason: 'own' }
      const tries = { subject: `username ${identityId}`, most: triesAnHour, within: hour }
      if (!(await tools.budget.spend([tries]))) return { status: 'refused', reason: 'too-often' }
      const remove = replaces === undefined ? {} : { remove: { kind: 'username', value: replaces } as const }
      const changed = await identities.changeIdentifier(identityId, { add: wanted, ...remove }, by)
      if (changed.status === 'taken' || changed.status === 'too-often')
        return { status: 'refused', reason: changed.status }
      if (changed.status !== 'changed') return { status: 'refused', reason: 'gone' }
      await settle(before, changed, visit, by)
      return { status: 'changed' }
    },

    async remove(identityId, own, visit, by) {
      const before = await identities.get(identityId)
      if (before === undefined) return { status: 'refused', reason: 'unknown' }
      const reason = lacksAddress(before, own) ?? (await tools.enrolments.hinders(identityId, own))
      if (reason !== undefined) return { status: 'refused', reason }
      const changed = await identities.changeIdentifier(identityId, { remove: own }, by)
      if (changed.status === 'too-often') return { status: 'refused', reason: 'too-often' }
      if (changed.status !== 'changed') return { status: 'refused', reason: 'unknown' }
      await settle(before, changed, visit, by)
      return { status: 'removed' }
    },
  }
}

const triesAnHour = 20

/** Neither a number nor an address: what is typed at the sign-in is taken for one of these first. */
function parseUsername(written: string): Identifier | undefined {
  return /\p{L}/u.test(written) ? parseAs('username', written) : undefined
}

/** A username is no secret: whoever reads the message wants to know which. */
function shown(identifier: Identifier): string {
  return identifier.kind === 'username' ? identifier.written : masked(identifier)
}

interface Change {
  readonly added?: Identifier
  readonly removed?: Identifier
}

/** Its owner must stay reachable, and have a name to sign in with. */
function lacksAddress(
  { identifiers }: Identity,
  own: Pick<Identifier, 'kind' | 'value'>,
): Extract<IdentifierRemoved, { status: 'refused' }>['reason'] | undefined {
  const left = identifiers.filter(({ kind, value }) => kind !== own.kind || value !== own.value)
  if (left.length === identifiers.length) return 'unknown'
  if (own.kind === 'email' && !hasProvedMail(left)) return 'last-address'
  return left.length === 0 ? 'last-way' : undefined
}

async function tellOwner(
  { messenger, clock, issuer, budget, limits }: IdentifierChangesTools,
  before: Identity,
  { added, removed }: Change,
  { address, userAgent, language }: EnrolmentVisit,
): Promise<void> {
  const stays = mailAddress(before)
  const told = new Map([stays, removed].flatMap((to) => (to === undefined ? [] : [[to.value, to]])))
  const values = {
    address,
    at: clock(),
    link: `${issuer}/account/security`,
    ...(userAgent === undefined ? {} : { device: userAgent }),
    ...(added === undefined ? {} : { added: shown(added) }),
    ...(removed === undefined ? {} : { removed: shown(removed) }),
  }
  for (const to of told.values()) {
    // An SMS costs money: whoever changes numbers all day is told by mail alone.
    if (to.kind === 'phone' && !(await budget.spend(limits.phone(to.value)))) continue
    // All others were signed out with the change: whoever is signed in now came in with it.
    const about = { identityId: before.id, sessions: true } as const
    const reader = readerAt(to, before, { language })
    await messenger.send({ template: 'identifier-changed', ...reader, values, about })
  }
}
