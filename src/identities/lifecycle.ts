import type { Actor, AuditAction } from '../domain/audit-event.ts'
import { type Identity, type IdentityAction, lifecycle } from '../domain/identity.ts'
import type { Instant } from '../domain/time.ts'
import { amend } from './amend.ts'
import { erase } from './erasure.ts'
import type { Identities, IdentitiesTools, Moved } from './index.ts'

interface Transition {
  readonly action: IdentityAction
  readonly recordedAs: AuditAction
  /** What was issued before is void, also after a restoration. */
  readonly ends: boolean
  /** Nobody can have used it, whatever its state says. */
  readonly unused?: boolean
}

const transitions = {
  activate: { action: 'accept-invitation', recordedAs: 'identity.activated', ends: false },
  suspend: { action: 'suspend', recordedAs: 'identity.suspended', ends: true },
  disable: { action: 'disable', recordedAs: 'identity.disabled', ends: true },
  restore: { action: 'restore', recordedAs: 'identity.restored', ends: false },
  remove: { action: 'delete', recordedAs: 'identity.deleted', ends: true },
} as const satisfies Record<string, Transition>

export function createLifecycle(
  tools: IdentitiesTools,
): Pick<Identities, keyof typeof transitions | 'discard'> {
  const { store, clock, audit, sessions } = tools

  async function move(
    id: string,
    { action, recordedAs, ends, unused = false }: Transition,
    by: Actor,
    when: (identity: Identity) => boolean = () => true,
  ): Promise<Moved> {
    const amended = await amend(store, id, (identity) =>
      when(identity) ? moved(identity, action, ends, unused, clock()) : undefined,
    )
    if (amended === undefined) return { status: 'unknown' }
    const { before, after } = amended
    if (before === after) return { status: 'refused', state: before.state }
    // The state is already read at every request; this ends what would come back with a restoration.
    const ended = ends ? await sessions().endAll(id) : 0
    await audit.record({
      action: recordedAs,
      result: 'success',
      actor: by,
      identityId: id,
      details: ends ? { from: before.state, sessions: ended } : { from: before.state },
    })
    return { status: 'done', identity: after }
  }

  async function remove(
    id: string,
    by: Actor,
    transition: Transition,
    when?: (identity: Identity) => boolean,
  ): Promise<Moved> {
    const outcome = await move(id, transition, by, when)
    const before = outcome.status === 'refused' && outcome.state === 'deleted'
    // What a crash left signed in: nobody gets anything by it, but applications have not been told.
    if (before) await sessions().endAll(id)
    if (before || outcome.status === 'done') await erase(tools, id)
    return outcome
  }

  return {
    activate: (id, by) => move(id, transitions.activate, by),
    suspend: (id, by) => move(id, transitions.suspend, by),
    disable: (id, by) => move(id, transitions.disable, by),
    restore: (id, by) => move(id, transitions.restore, by),
    remove: (id, by, when) => remove(id, by, transitions.remove, when),
    discard: (id, by) => remove(id, by, { ...transitions.remove, unused: true }),
  }
}

function moved(
  identity: Identity,
  action: IdentityAction,
  ends: boolean,
  unused: boolean,
  now: Instant,
): Identity | undefined {
  const state = lifecycle[identity.state][action]
  if (state === undefined) return undefined
  const { id, version, createdAt } = identity
  // Nothing personal stays: the tombstone only keeps the id from being given to somebody else.
  if (state === 'deleted')
    return {
      id,
      version,
      state,
      identifiers: [],
      claims: {},
      groups: [],
      roles: [],
      createdAt,
      updatedAt: now,
      notBefore: now,
      ...(unused || identity.state === 'invited' ? { unused: true } : {}),
    }
  return { ...identity, state, updatedAt: now, ...(ends ? { notBefore: now } : {}) }
}
