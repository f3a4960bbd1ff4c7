import { setTimeout as sleep } from 'node:timers/promises'
import type { Actor } from '../../domain/audit-event.ts'
import { Problem } from '../../domain/problem.ts'
import { isOver, type RecoveryCase } from '../../domain/recovery-case.ts'
import { type Duration, hour, type Instant, minute, second } from '../../domain/time.ts'
import type { Clock } from '../../ports/clock.ts'
import type { JobQueue } from '../../ports/job-queue.ts'
import type { Store } from '../../ports/store.ts'
import type { Vault } from '../../ports/vault.ts'
import type { CaseTelling } from './telling.ts'

export interface CaseMovesTools {
  readonly store: Pick<Store, 'cases' | 'replays'>
  readonly queue: Pick<JobQueue, 'add' | 'handle'>
  readonly vault: Vault
  readonly clock: Clock
  readonly tell: CaseTelling
}

export type Moved<Refusal> =
  | { readonly status: 'moved'; readonly one: RecoveryCase }
  | { readonly status: 'refused'; readonly reason: Refusal }
  | { readonly status: 'unknown' }

export interface CaseMoves {
  /**
   * Changes a case by compare-and-set until nobody came between; `change` judges what is there then. Whom it concerns is told before this returns, and
   * if the process dies in between, soon after by another one. `later`: told by a job, so that the time does not tell whether somebody is (S32).
   */
  make<Refusal>(
    id: string,
    actor: Actor,
    change: (one: RecoveryCase) => RecoveryCase | { readonly refused: Refusal },
    options?: { readonly later: boolean },
  ): Promise<Moved<Refusal>>
  /** Has a look at the case taken at these moments (absent: soon), whatever happens until then. False when too many are waiting already. */
  look(id: string, ...at: readonly (Instant | undefined)[]): Promise<boolean>
  seal(id: string, actor: Actor): string
}

/** The kind of its jobs, for the queue's limits. */
export const caseJobs = 'recovery-case'
const mostRounds = 20
/** Whoever wrote the new state tells of it at once; after this long somebody else does. */
export const grace: Duration = 15 * second
const telling: Duration = minute
const waiting: Duration = second / 10
const mostWaits = 20
const soonAfter: Duration = second / 4

/**
 * The one way in which a case changes. Of a state that nobody was told of nothing leads on: each is told before the next one comes. Jobs only say
 * "look at this case"; what is due the row says, so that a job that comes twice or too early does no harm.
 */
export function createCaseMoves({ store, queue, vault, clock, tell }: CaseMovesTools): CaseMoves {
  const rows = store.cases
  const seal = (id: string, actor: Actor) => vault.seal('case-actor', JSON.stringify(actor), id)

  /** False while somebody else does it. */
  async function settle(one: RecoveryCase): Promise<boolean> {
    const lease = `case ${one.id} ${one.version}`
    if (!(await store.replays.insert({ id: lease, expiresAt: clock() + telling }))) return false
    try {
      const actor = JSON.parse(vault.open('case-actor', one.actor, one.id)) as Actor
      await rows.replace({ ...one, ...(await tell(one, actor)), told: one.state })
      return true
    } catch (error) {
      await store.replays.remove(lease).catch(() => false)
      throw error
    }
  }

  async function settled(id: string): Promise<RecoveryCase | undefined> {
    const one = await rows.get(id)
    if (one === undefined || one.told === one.state) return one
    // Whoever tells just now is done in a moment, unless they died: then it takes until the lease is over.
    for (let round = 0; round < mostWaits; round += 1) {
      if (await settle(one)) return rows.get(id)
      await sleep(waiting)
      const now = await rows.get(id)
      if (now === undefined || now.told === now.state) return now
    }
    throw new Problem('busy', { retryAfter: 5 })
  }

  const make: CaseMoves['make'] = async (id, actor, change, { later } = { later: false }) => {
    for (let round = 0; round < mostRounds; round += 1) {
      const one = await (later ? rows.get(id) : settled(id))
      if (one === undefined) return { status: 'unknown' }
      const next = change(one)
      if ('refused' in next) return { status: 'refused', reason: next.refused }
      if (one.told !== one.state) throw new Problem('busy', { retryAfter: 1 })
      await look(id, clock() + grace)
      const end = isOver(next.state) ? { overAt: clock(), ...(one.queue === 'open' && over) } : {}
      const draft = { ...next, ...end, actor: seal(id, actor) }
      if (!(await rows.replace(draft))) continue
      if (later) await look(id, undefined)
      const after = later ? draft : await settled(id)
      return after === undefined ? { status: 'unknown' } : { status: 'moved', one: after }
    }
    throw new Problem('conflict')
  }

  async function look(id: string, ...at: readonly (Instant | undefined)[]): Promise<boolean> {
    const soon = { after: soonAfter }
    const added = at.map((dueAt) =>
      queue.add(caseJobs, { caseId: id }, dueAt === undefined ? soon : { dueAt }),
    )
    return (await Promise.all(added)).every(Boolean)
  }

  /** What time does to a case: nobody decided, or nobody is there whom it could be decided about. */
  async function tend({ caseId }: { readonly caseId: string }): Promise<void> {
    const one = await settled(caseId)
    if (one === undefined || isOver(one.state)) return
    const now = clock()
    const by = { kind: 'system' } as const
    if (now >= one.endsAt) await make(caseId, by, expired)
    else if (one.queue === 'nobody' && now >= glanceAt(one, vault)) await make(caseId, by, notShown)
  }
  queue.handle(caseJobs, tend)

  return { make, look, seal }
}

const over = { queue: 'over' } as const

function expired(one: RecoveryCase): RecoveryCase | { readonly refused: 'over' } {
  return isOver(one.state) ? { refused: 'over' } : { ...one, state: 'expired' }
}

/** As people are refused who show too little. */
function notShown(one: RecoveryCase): RecoveryCase | { readonly refused: 'over' } {
  return isOver(one.state) ? { refused: 'over' } : { ...one, state: 'refused', reason: 'not-shown' }
}

/** When a case about nobody is refused: some hours later, as if a person had looked at it (S32). */
export function glanceAt({ id, openedAt }: Pick<RecoveryCase, 'id' | 'openedAt'>, vault: Pick<Vault, 'mac'>) {
  const chance = Buffer.from(vault.mac('case-glance', id), 'base64url').readUInt16BE() / 0x10000
  return openedAt + 4 * hour + Math.floor(chance * 30 * hour)
}
