import type { Actor } from '../domain/audit-event.ts'
import type { Identity, PlannedDeletion } from '../domain/identity.ts'
import { Problem } from '../domain/problem.ts'
import type { Reader } from '../domain/reader.ts'
import { type Duration, day, type Instant, minute } from '../domain/time.ts'
import { amend } from './amend.ts'
import type { DeletionsTools, DeletionVisit } from './deletion.ts'
import { type DeletionMessages, merged, readersOf } from './deletion-messages.ts'

interface Tools extends DeletionsTools {
  readonly messages: DeletionMessages
  readonly keep: (identityId: string, by: Actor, request: string, reason: string) => Promise<boolean>
  /** How long before the end people are reminded. */
  readonly notice: Duration
}

type Payload = { readonly identityId: string; readonly request: string } & (
  | { readonly step: 'announce'; readonly visit: DeletionVisit }
  | { readonly step: 'remind'; readonly visit: DeletionVisit; readonly readers: readonly Reader[] }
  | { readonly step: 'delete'; readonly readers: readonly Reader[] }
  | { readonly step: 'tell-kept' }
)

/** Kind of job. */
export const deletionKind = 'account-deletion'
const system: Actor = { kind: 'system' }
/** Longer than a job may be tried. */
const remembered: Duration = 30 * day

/** What happens by itself. Each step finds out from the identity whether it is still wanted, and may be done twice. */
export function createDeletionJobs(tools: Tools) {
  const { store, identities, queue, clock, messages, keep, notice } = tools

  async function add(payload: Payload, name: string, dueAt: Instant): Promise<void> {
    const added = await queue.add(deletionKind, payload, { id: `${payload.request} ${name}`, dueAt })
    if (!added) throw new Problem('busy', { retryAfter: 60 })
  }

  const change = (id: string, request: string, next: (plan: PlannedDeletion) => PlannedDeletion) =>
    amend(store, id, (identity) => {
      const plan = identity.deletion
      const changed = plan?.request === request ? next(plan) : plan
      return changed === plan || changed === undefined ? undefined : { ...identity, deletion: changed }
    })

  async function announce(identity: Identity, plan: PlannedDeletion, visit: DeletionVisit): Promise<void> {
    await messages.planned(identity, plan, visit)
    await change(identity.id, plan.request, (now) => ({ ...now, toldAt: clock() }))
  }

  /** At least a day before the end, whatever happened meanwhile: the end moves when the server was down. */
  async function remind({ identityId, request, visit, readers }: Extract<Payload, { step: 'remind' }>) {
    const amended = await change(identityId, request, (plan) =>
      plan.remindedAt === undefined
        ? { ...plan, remindedAt: clock(), dueAt: Math.max(plan.dueAt, clock() + notice) }
        : plan,
    )
    const plan = amended?.after.deletion
    if (amended === undefined || plan?.request !== request) return
    const told = merged(readersOf(amended.after, visit.language), readers)
    const last = { step: 'delete', identityId, request, readers: told } as const
    await add(last, `delete ${plan.dueAt}`, plan.dueAt)
    await messages.reminder(amended.after, plan, visit, readers)
  }

  /** False: whoever runs the service is about to be nobody. Of two who leave in one moment both stay. */
  async function leavesAdministrator({ id, roles }: Identity): Promise<boolean> {
    if (!roles.includes('administrator')) return true
    const others = await store.identities.findBy('roles', 'administrator')
    return others.some(
      (one) => one.id !== id && one.state === 'active' && one.deletion?.begunAt === undefined,
    )
  }

  async function begin(identity: Identity, request: string): Promise<boolean> {
    if (!identity.roles.includes('administrator')) return true
    await change(identity.id, request, (plan) => ({ ...plan, begunAt: clock() }))
    return leavesAdministrator(identity)
  }

  async function end(payload: Extract<Payload, { step: 'delete' }>): Promise<void> {
    const { identityId, request } = payload
    const identity = await identities.get(identityId)
    if (identity === undefined) return
    const mark = `${deletionKind} ${request}`
    // Somebody else deleted it, or a job like this one that did not come to its end.
    if (identity.state === 'deleted') {
      if ((await store.replays.get(mark)) === undefined) return
      await identities.remove(identityId, system)
      return messages.gone(payload.readers, request)
    }
    const plan = identity.deletion
    if (plan?.request !== request) return
    if (identity.state !== 'active') return postpone(payload, clock() + notice)
    // A clock that was set back, or a job that was there before the end was moved.
    if (plan.dueAt > clock()) return postpone(payload, plan.dueAt)
    if (!(await begin(identity, request))) {
      await keep(identityId, system, request, 'last-administrator')
      return
    }
    await store.replays.insert({ id: mark, expiresAt: clock() + remembered })
    const by: Actor = { kind: 'identity', id: identityId }
    const removed = await identities.remove(identityId, by, (now) => isDue(now, request, clock()))
    const gone = removed.status === 'refused' && removed.state === 'deleted'
    // Otherwise it was kept in this very moment.
    if (removed.status === 'done' || gone) await messages.gone(payload.readers, request)
  }

  /** As long as the account is suspended nobody can keep it by signing in: its end waits. */
  async function postpone(payload: Extract<Payload, { step: 'delete' }>, dueAt: Instant): Promise<void> {
    const { identityId, request } = payload
    const amended = await change(identityId, request, (plan) =>
      plan.dueAt < dueAt ? { ...plan, dueAt } : plan,
    )
    const end = amended?.after.deletion?.dueAt ?? dueAt
    // A name of its own: this very job may have the one of that moment.
    await add(payload, `delete ${end} ${clock()}`, end)
  }

  const steps: { readonly [Step in Payload['step']]: (payload: never) => Promise<unknown> } = {
    async announce({ identityId, request, visit }: Extract<Payload, { step: 'announce' }>) {
      const identity = await identities.get(identityId)
      const plan = identity?.deletion
      if (identity === undefined || plan?.request !== request || plan.toldAt !== undefined) return
      await announce(identity, plan, visit)
    },
    remind,
    delete: end,
    async 'tell-kept'({ identityId, request }: Payload) {
      const identity = await identities.get(identityId)
      const kept = identity?.state !== 'deleted' && identity?.deletion?.request !== request
      if (identity !== undefined && kept) await messages.kept(identity, request)
    },
  }

  return {
    leavesAdministrator,
    /** Tells every address, and remembers that; the job of the same name does it when its process died before. */
    announce,
    /**
     * Before the plan is written: jobs without a plan do nothing, a plan without jobs would never come to its end and be told to nobody.
     */
    async plan(identityId: string, plan: PlannedDeletion, visit: DeletionVisit): Promise<void> {
      const identity = await identities.get(identityId)
      const readers = identity === undefined ? [] : readersOf(identity, visit.language)
      const job = { identityId, request: plan.request, visit }
      await add({ ...job, step: 'announce' }, 'announce', plan.requestedAt + minute)
      await add({ ...job, step: 'remind', readers }, 'remind', plan.dueAt - notice)
    },
    register() {
      queue.handle<Payload>(deletionKind, async (payload) => {
        await steps[payload.step](payload as never)
      })
    },
  }
}

function isDue({ state, deletion }: Identity, request: string, now: Instant): boolean {
  return state === 'active' && deletion?.request === request && deletion.dueAt <= now
}
