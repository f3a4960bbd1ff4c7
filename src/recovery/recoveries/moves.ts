// Owns how a recovery gets from one state to the next, so that whatever happens in between, everybody is told and what follows is done, once: a job
// is put down first, then the row is changed by compare-and-set with what is now owed, then that is paid and crossed out. Whoever dies on the way
// leaves it to the job. What is owed says news.ts.

import { Problem } from '../../domain/problem.ts'
import { isRunning, type RecoveryAction, recoveryAfter } from '../../domain/recovery.ts'
import { type Duration, day, type Instant, minute, second } from '../../domain/time.ts'
import type { Clock } from '../../ports/clock.ts'
import type { JobQueue } from '../../ports/job-queue.ts'
import type { RecoveryNews, RecoveryRow } from '../../ports/recovery-row.ts'
import { news, type RecoveryBook } from './book.ts'
import type { Paid } from './news.ts'

export interface RecoveryMovesTools {
  readonly book: RecoveryBook
  readonly queue: JobQueue
  readonly clock: Clock
  readonly grantLifetime: Duration
  /** Tells everybody, and does what follows; can be repeated. */
  readonly pay: (row: RecoveryRow, owed: RecoveryNews) => Promise<Paid>
  /** Whether the factor was set up since then, by a grant whose user did not come back: its credential. */
  readonly setUpSince: (row: RecoveryRow, since: Instant) => Promise<string | undefined>
}

export interface RecoveryMoves {
  /** The row brought up to date with the clock: whose delay is over is ready, whoever did not use the grant in time has none. */
  settled(row: RecoveryRow | undefined): Promise<RecoveryRow | undefined>
  /** By compare-and-set; undefined when it is not possible (any more), or somebody came between. */
  make(
    row: RecoveryRow,
    action: RecoveryAction,
    patch?: Partial<RecoveryRow>,
  ): Promise<RecoveryRow | undefined>
  /** What is owed is paid. Whatever cannot be now is by the job. */
  pay(row: RecoveryRow): Promise<RecoveryRow>
  /** So that somebody looks after it, if this process does not come to it. */
  watch(row: Pick<RecoveryRow, 'identityId' | 'reference'>, at: Instant): Promise<void>
}

interface Watched {
  readonly identityId: string
  readonly id: string
  /** When it is to be looked at. */
  readonly at: Instant
}

export const recoveryKind = 'recovery'

/** After that somebody else takes care of what a process began. */
export const patience: Duration = minute
/** So soon somebody looks after what this process was about to do itself. */
export const grace: Duration = 20 * second
/** By which the clocks of two processes may differ. */
export const skew: Duration = minute
/** Without a decision a contested one is over. */
const contestedFor: Duration = 30 * day
const mostRounds = 20

const newsOf: Record<RecoveryAction, RecoveryNews['of']> = {
  due: 'ready',
  contest: 'contested',
  approve: 'started',
  cancel: 'cancelled',
  finish: 'finished',
  expire: 'expired',
}

export function createRecoveryMoves(tools: RecoveryMovesTools): RecoveryMoves {
  const { book, queue, clock, grantLifetime } = tools
  const paying = new Map<string, { readonly since: Instant; readonly payment: Promise<RecoveryRow> }>()

  async function watch(row: Pick<RecoveryRow, 'identityId' | 'reference'>, at: Instant): Promise<void> {
    const watched: Watched = { identityId: row.identityId, id: row.reference, at }
    const options = { id: `${row.reference} ${at}`, dueAt: at }
    if (!(await queue.add(recoveryKind, watched, options))) throw new Problem('busy', { retryAfter: 60 })
  }

  async function make(row: RecoveryRow, action: RecoveryAction, patch: Partial<RecoveryRow> = {}) {
    const state = recoveryAfter(row.state, action)
    if (state === undefined) return undefined
    const now = clock()
    // Whoever uses the grant in this moment is first; what they began is known in a moment.
    if (action !== 'finish' && isUsed(row, now)) throw new Problem('busy', { retryAfter: 2 })
    await watch(row, now + grace)
    const ended = isRunning({ state }) ? {} : { endedAt: now }
    const endsAt = action === 'due' ? now + grantLifetime : now + contestedFor
    const ends = action === 'due' || action === 'contest' ? { endsAt } : {}
    const owed = [...row.owed, news(newsOf[action], now)]
    const moved = await book.replace(row, { ...ends, ...ended, ...patch, state, owed })
    if (moved !== undefined && (action === 'due' || action === 'contest')) await watch(moved, endsAt)
    if (moved !== undefined && action === 'approve') await watch(moved, moved.dueAt)
    return moved
  }

  async function settled(found: RecoveryRow | undefined): Promise<RecoveryRow | undefined> {
    let row = found
    for (let round = 0; row !== undefined && round < mostRounds; round += 1) {
      const next = await onward(row)
      if (next === 'rests') return row
      row = next ?? (await book.of(row.identityId))
    }
    return row
  }

  /** One thing that time has brought; undefined when somebody came between. */
  async function onward(row: RecoveryRow): Promise<RecoveryRow | undefined | 'rests'> {
    const now = clock()
    if (row.using !== undefined && !isUsed(row, now)) return resumed(row, row.using)
    // The time that the wait gives to whoever might object begins when they are told.
    const isTold = row.owed.every(({ of }) => of !== 'started')
    if (row.state === 'waiting' && row.dueAt <= now && isTold) return make(row, 'due')
    if (row.state !== 'waiting' && isRunning(row) && row.endsAt <= now && row.using === undefined)
      return make(row, 'expire')
    return 'rests'
  }

  /** Whoever used the grant did not come to the end of it: either it was set up, or nothing happened. */
  async function resumed(row: RecoveryRow, { factor, at }: NonNullable<RecoveryRow['using']>) {
    const { using: _using, ...rest } = row
    const credential = await tools.setUpSince(row, at)
    if (credential !== undefined) return make(rest, 'finish', { enrolled: factor, credential })
    return book.replace(rest, {})
  }

  async function pay(row: RecoveryRow): Promise<RecoveryRow> {
    let current = row
    for (let round = 0; current.owed.length > 0 && round < mostRounds; round += 1) {
      const [first] = current.owed
      if (first === undefined) break
      current = await payOnce(current, first)
    }
    return current
  }

  /** Of those who come at the same moment, a job and its claimant's page, one pays: what is done twice is recorded twice. */
  function payOnce(row: RecoveryRow, owed: RecoveryNews): Promise<RecoveryRow> {
    const name = `${row.reference} ${owed.of} ${owed.at}`
    const begun = paying.get(name)
    // What hangs is not waited for by everybody who comes after.
    if (begun !== undefined && Math.abs(clock() - begun.since) < patience) return begun.payment
    const payment = payNow(row, owed).finally(() => {
      if (paying.get(name)?.payment === payment) paying.delete(name)
    })
    paying.set(name, { since: clock(), payment })
    return payment
  }

  async function payNow(row: RecoveryRow, owed: RecoveryNews): Promise<RecoveryRow> {
    const { link, told } = await tools.pay(row, owed)
    const patch = { ...(link === undefined ? {} : { link }), ...laterDue(row, owed, clock()) }
    return crossOut(row, owed, patch, told)
  }

  async function crossOut(
    row: RecoveryRow,
    paid: RecoveryNews,
    patch: Partial<RecoveryRow>,
    told: Paid['told'] | undefined,
  ) {
    let current = row
    for (let round = 0; round < mostRounds; round += 1) {
      const owed = current.owed.filter((one) => one.of !== paid.of || one.at !== paid.at)
      // Somebody else crossed it out: what they wrote with it may have been used by now.
      if (owed.length === current.owed.length) return current
      // Into what is sealed there by now: somebody may have written why it is contested.
      const sealed = told && book.seal(row.identityId, { ...book.open(current), told })
      const written = await book.replace(current, {
        ...patch,
        ...(sealed === undefined ? {} : { sealed }),
        owed,
      })
      if (written !== undefined) return written
      const newest = await book.of(row.identityId)
      // Its place is another recovery's by now.
      if (newest === undefined || newest.reference !== row.reference) return { ...current, owed: [] }
      current = newest
    }
    throw new Problem('busy', { retryAfter: 1 })
  }

  queue.handle<Watched>(recoveryKind, async ({ identityId, id, at }) => {
    // The clock was set back since this was found to be due: tried again later.
    if (clock() < at) throw new Error('a recovery is looked at too early')
    const row = await settled(await book.of(identityId))
    if (row === undefined || row.reference !== id) return
    const paid = await pay(row)
    if (paid.state === 'waiting') await watch(paid, paid.dueAt)
    if (paid.using !== undefined) await watch(paid, clock() + patience)
  })

  return { settled, make, pay, watch }
}

/** Messages could not be sent for a while: the wait begins anew once they were. */
function laterDue(
  { state, dueAt }: RecoveryRow,
  { of, at }: RecoveryNews,
  now: Instant,
): Partial<RecoveryRow> {
  return of === 'started' && state === 'waiting' && now - at > patience ? { dueAt: now + dueAt - at } : {}
}

/** Somebody is using the grant just now. */
export function isUsed({ using }: RecoveryRow, now: Instant): boolean {
  return using !== undefined && Math.abs(now - using.at) < patience
}
