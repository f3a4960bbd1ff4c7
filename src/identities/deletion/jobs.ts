import type { Actor } from '../../domain/audit-event.ts'
import type { Identity, PlannedDeletion } from '../../domain/identity.ts'
import { Problem } from '../../domain/problem.ts'
import type { Reader } from '../../domain/reader.ts'
import { type Duration, day, type Instant, minute } from '../../domain/time.ts'
import { amend } from '../amend.ts'
import type { createAsked } from './asked.ts'
import type { DeletionsTools } from './index.ts'
import { type DeletionMessages, deletionReaders, merged } from './messages.ts'

interface Tools extends DeletionsTools {
  readonly asked: ReturnType<typeof createAsked>
  readonly messages: DeletionMessages
  readonly keep: (identityId: string, by: Actor, request: string, reason: string) => Promise<boolean>
  /** How long before the end people are reminded. */
  readonly notice: Duration
}

interface Payload {
  readonly step: 'announce' | 'remind' | 'delete' | 'tell-gone' | 'tell-kept'
  readonly identityId: string
  readonly request: string
  /** Of the last step, which nobody else knows any more. */
  readonly last?: Last
}

interface Last {
  readonly readers: readonly Reader[]
  readonly applications: readonly string[]
}

/** Kind of job. */
export const deletionKind = 'account-deletion'
const system: Actor = { kind: 'system' }
/** Longer than a job may be tried. */
const remembered: Duration = 30 * day

/** What happens by itself. Each step finds out from the identity whether it is still wanted, and may be done twice. */
export function createDeletionJobs(tools: Tools) {
  const { store, identities, queue, clock, asked, messages, keep, notice } = tools

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

  /** Each step is told once, also when whoever told it died before that was noted, unless they stay away for days. */
  async function tell(request: string, what: string, send: () => Promise<void>): Promise<void> {
    const mark = `${deletionKind} ${request} ${what}`
    if ((await store.replays.get(mark)) !== undefined) return
    await send()
    await store.replays.insert({ id: mark, expiresAt: clock() + remembered })
  }

  const announce = (identity: Identity, plan: PlannedDeletion) =>
    tell(plan.request, 'planned', () => messages.planned(identity, plan, asked.open(identity.id, plan).visit))
  const tellKept = (identity: Identity, request: string) =>
    tell(request, 'kept', () => messages.kept(identity, request))
  const tellGone = (identityId: string, request: string, { readers, applications }: Last) =>
    tell(request, 'gone', async () => {
      for (const clientId of applications)
        await tools.tellApplication(identityId, clientId, `${request} ${clientId}`)
      await messages.gone(readers, request)
    })

  /** At least a day before the end, whatever happened meanwhile: the end moves when the server was down. */
  async function remind({ identityId, request }: Payload): Promise<void> {
    const amended = await change(identityId, request, (plan) =>
      plan.remindedAt === undefined
        ? { ...plan, remindedAt: clock(), dueAt: Math.max(plan.dueAt, clock() + notice) }
        : plan,
    )
    const plan = amended?.after.deletion
    if (amended === undefined || plan?.request !== request) return
    await add({ step: 'delete', identityId, request }, `delete ${plan.dueAt}`, plan.dueAt)
    const { visit, readers } = asked.open(identityId, plan)
    await tell(request, 'reminded', () => messages.reminder(amended.after, plan, visit, readers))
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

  async function end(payload: Payload): Promise<void> {
    const { identityId, request } = payload
    const identity = await identities.get(identityId)
    if (identity === undefined) return
    const mark = `${deletionKind} ${request}`
    // Somebody else deleted it, or a job like this one that did not come to its end.
    if (identity.state === 'deleted') {
      if ((await store.replays.get(mark)) === undefined) return
      await identities.remove(identityId, system)
      return
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
    const { visit, readers: told } = asked.open(identityId, plan)
    const readers = merged(deletionReaders(identity, clock(), visit.language), told)
    const last = { readers, applications: await tools.applications(identityId) }
    // Before nobody knows whom to tell any more. A name of its own: a try before this one may have spent another.
    await add({ step: 'tell-gone', identityId, request, last }, `gone ${clock()}`, clock() + minute)
    const by: Actor = { kind: 'identity', id: identityId }
    const removed = await identities.remove(identityId, by, (now) => isDue(now, request, clock()))
    // Otherwise it was kept in this very moment, or somebody else is at it.
    if (removed.status === 'done') await tellGone(identityId, request, last)
  }

  /** As long as the account is suspended nobody can keep it by signing in: its end waits. */
  async function postpone(payload: Payload, dueAt: Instant): Promise<void> {
    const { identityId, request } = payload
    const amended = await change(identityId, request, (plan) =>
      plan.dueAt < dueAt ? { ...plan, dueAt } : plan,
    )
    const end = amended?.after.deletion?.dueAt ?? dueAt
    // A name of its own: this very job may have the one of that moment.
    await add(payload, `delete ${end} ${clock()}`, end)
  }

  const steps: { readonly [Step in Payload['step']]: (payload: Payload) => Promise<void> } = {
    async announce({ identityId, request }) {
      const identity = await identities.get(identityId)
      const plan = identity?.deletion
      if (identity !== undefined && plan?.request === request) await announce(identity, plan)
    },
    remind,
    delete: end,
    async 'tell-gone'({ identityId, request, last }) {
      const identity = await identities.get(identityId)
      if (identity?.state === 'deleted' && last !== undefined) await tellGone(identityId, request, last)
    },
    async 'tell-kept'({ identityId, request }) {
      const identity = await identities.get(identityId)
      const kept = identity?.state !== 'deleted' && identity?.deletion?.request !== request
      if (identity !== undefined && kept) await tellKept(identity, request)
    },
  }

  return {
    leavesAdministrator,
    /** Tells every address, and remembers that; the job of the same name does it when its process died before. */
    announce,
    tellKept,
    /**
     * Before the plan is written: jobs without a plan do nothing, a plan without jobs would never come to its end and be told to nobody.
     */
    async plan(identityId: string, { request, requestedAt, dueAt }: PlannedDeletion): Promise<void> {
      await add({ step: 'announce', identityId, request }, 'announce', requestedAt + minute)
      await add({ step: 'remind', identityId, request }, 'remind', dueAt - notice)
    },
    register() {
      queue.handle<Payload>(deletionKind, async (payload) => {
        await steps[payload.step](payload)
      })
    },
  }
}

function isDue({ state, deletion }: Identity, request: string, now: Instant): boolean {
  return state === 'active' && deletion?.request === request && deletion.dueAt <= now
}
