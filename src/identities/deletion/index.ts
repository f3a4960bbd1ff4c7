// Owns the end of an account that its person asks for: planned, announced, called off or done. The plan stands on the identity itself, so that keeping the
// account and ending it are two changes of one row, of which one wins. Jobs of the durable queue come when something is due; each looks at the row
// anew and can be repeated. Who may ask says the entrance (a fresh sign-in); anybody who signs in or holds a message may keep the account: that
// takes nothing from anybody. What is erased is erasure.ts.
import type { Actor } from '../../domain/audit-event.ts'
import type { Identity, PlannedDeletion } from '../../domain/identity.ts'
import { type Duration, day, type Instant, minute } from '../../domain/time.ts'
import type { AuditLog } from '../../ports/audit-log.ts'
import type { Clock, Random } from '../../ports/clock.ts'
import type { JobQueue } from '../../ports/job-queue.ts'
import type { Messenger } from '../../ports/messenger.ts'
import type { SendBudget } from '../../ports/send-budget.ts'
import type { Store } from '../../ports/store.ts'
import type { Vault } from '../../ports/vault.ts'
import { amend } from '../amend.ts'
import type { DataVisit } from '../export/index.ts'
import type { Identities } from '../index.ts'
import { createAsked } from './asked.ts'
import { createDeletionJobs, deletionKind } from './jobs.ts'
import { createKeepLinks } from './links.ts'
import { createDeletionMessages } from './messages.ts'

export interface DeletionsTools {
  readonly store: Pick<Store, 'identities' | 'replays'>
  readonly identities: Pick<Identities, 'get' | 'remove'>
  readonly queue: JobQueue
  readonly messenger: Messenger
  readonly budget: Pick<SendBudget, 'spend'>
  readonly audit: AuditLog
  readonly vault: Vault
  readonly clock: Clock
  readonly random: Random
  /** Ids of those that want to be told when nobody is signed in any more. */
  readonly applications: (identityId: string) => Promise<readonly string[]>
  /** Of one name one goes out. */
  readonly tellApplication: (identityId: string, clientId: string, name: string) => Promise<void>
  readonly issuer: string
  readonly settings: { readonly account: { readonly deletion_delay: Duration } }
}

export type DeletionRequested =
  | { readonly status: 'planned'; readonly dueAt: Instant }
  /** `last-administrator`: nobody could run the service any more. `too-often`: every time a message goes to every address. */
  | { readonly status: 'refused'; readonly reason: 'last-administrator' | 'too-often' | 'unknown' }

export interface Deletions {
  /** Of N at once one plans it; the others, and every later one, are told of that plan. Every address is written to. */
  request(identityId: string, visit: DataVisit, by: Actor): Promise<DeletionRequested>
  /** True for the one that kept the account; false when no deletion (of this `request`) is planned, or it is done. */
  keep(identityId: string, by: Actor, request?: string): Promise<boolean>
  /** What the link in a message is about; undefined when there is nothing (left) to keep. Spends nothing. */
  look(key: string): Promise<{ readonly identityId: string; readonly plan: PlannedDeletion } | undefined>
}

/** Whoever is in somebody's account must not be able to bury what warns them under other messages. */
const mostADay = 10

/** How long before the end people are reminded of it. */
export function noticeOf(delay: Duration): Duration {
  return Math.min(day, delay / 2)
}

/** Registers itself with the queue. */
export function createDeletions(tools: DeletionsTools): Deletions {
  const { store, identities, queue, audit, clock, random, settings } = tools
  const delay = settings.account.deletion_delay
  const asked = createAsked(tools)
  const links = createKeepLinks(tools)
  const messages = createDeletionMessages({ ...tools, linkOf: links.of })

  async function keep(identityId: string, by: Actor, request?: string, reason?: string): Promise<boolean> {
    const identity = await identities.get(identityId)
    const plan = identity?.deletion
    if (plan === undefined || (request !== undefined && plan.request !== request)) return false
    // Before it is kept, so that a crash in between leaves nobody untold.
    await queue.add(
      deletionKind,
      { step: 'tell-kept', identityId, request: plan.request },
      { id: `${plan.request} kept`, dueAt: clock() + minute },
    )
    const amended = await amend(store, identityId, (now) =>
      now.deletion?.request === plan.request ? withoutPlan(now) : undefined,
    )
    if (amended === undefined || amended.after === amended.before) return false
    await audit.record({
      action: 'deletion.cancelled',
      result: 'success',
      actor: by,
      identityId,
      ...(reason === undefined ? {} : { reason }),
    })
    await jobs.tellKept(amended.after, plan.request)
    return true
  }

  const jobs = createDeletionJobs({ ...tools, asked, messages, keep, notice: noticeOf(delay) })
  jobs.register()

  return {
    async request(identityId, visit, by) {
      const before = await identities.get(identityId)
      if (before === undefined || before.state === 'deleted') return { status: 'refused', reason: 'unknown' }
      if (before.deletion !== undefined) return { status: 'planned', dueAt: before.deletion.dueAt }
      if (!(await jobs.leavesAdministrator(before)))
        return { status: 'refused', reason: 'last-administrator' }
      const often = { subject: `deletion ${identityId}`, most: mostADay, within: day }
      if (!(await tools.budget.spend([often]))) return { status: 'refused', reason: 'too-often' }
      const now = clock()
      const plan: PlannedDeletion = {
        request: random(16),
        requestedAt: now,
        dueAt: now + delay,
        sealed: asked.seal(before, visit),
      }
      await jobs.plan(before.id, plan)
      const amended = await amend(store, identityId, (identity) =>
        identity.state === 'deleted' || identity.deletion !== undefined
          ? undefined
          : { ...identity, deletion: plan },
      )
      const planned = amended?.after.deletion
      if (amended === undefined || planned === undefined) return { status: 'refused', reason: 'unknown' }
      if (planned.request !== plan.request) return { status: 'planned', dueAt: planned.dueAt }
      const { request } = plan
      await audit.record({
        action: 'deletion.requested',
        result: 'success',
        actor: by,
        identityId,
        details: { request },
      })
      await jobs.announce(amended.after, plan)
      return { status: 'planned', dueAt: plan.dueAt }
    },
    keep: (identityId, by, request) => keep(identityId, by, request),
    look: links.look,
  }
}

function withoutPlan({ deletion: _deletion, ...identity }: Identity): Identity {
  return identity
}
