/**
 * The durable queue. It owns when a job is tried, by whom, and how often; what a job means belongs to the handler of its kind, how it lies
 * in the store to job-shelf.ts.
 *
 * Guarantee: at least once. A job is leased by compare-and-set and the lease renewed while the work goes on, so that one process at a time
 * does it; when that process dies (kill -9), another one does it again as soon as the lease ends.
 */
import { type Duration, hour, second } from '../domain/time.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { JobQueue } from '../ports/job-queue.ts'
import type { Logger } from '../ports/logger.ts'
import type { Collection } from '../ports/storage.ts'
import type { Job } from '../ports/store.ts'
import type { Vault } from '../ports/vault.ts'
import { createBacklog } from './backlog.ts'
import { createShelf } from './job-shelf.ts'
import { createWorker, type Work, type Worker } from './worker.ts'

export interface KindLimits {
  /** How many may wait; see `createBacklog` for how exactly it is kept. */
  readonly queue: number
  /** After this many tries a job is given up. Default 30, about a day with the default pauses. */
  readonly tries?: number
  /** Before the second try; doubles from then on, each pause shortened at random by up to a half. Default 2 s. */
  readonly firstPause?: Duration
  /** Default 1 h. */
  readonly longestPause?: Duration
  /** Jobs in flight per process. Default 5. */
  readonly atOnce?: number
  /** Instead of the one of all kinds (`Timing`). */
  readonly workLimit?: Duration
}

export interface OutboxOptions {
  readonly store: Collection<Job>
  readonly vault: Vault
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** By kind; a kind without an entry may hold 10 000 jobs. */
  readonly limits: Readonly<Record<string, KindLimits>>
  /** For tests. */
  readonly timing?: Partial<Timing>
}

export interface Timing {
  /** How often the store is asked for jobs that another process added or that became due. Default 1 s. */
  readonly poll: Duration
  /** How long a dead process keeps its jobs from the others. Default 15 s, renewed every third of it. */
  readonly lease: Duration
  /** Work that takes longer counts as failed. Default 60 s. */
  readonly workLimit: Duration
  /** How long `stop` waits for work in flight. Default 10 s. */
  readonly grace: Duration
}

export interface Outbox extends JobQueue {
  /** Begins to do jobs; from then on `add` in this process starts the work at once. */
  start(): void
  /** Takes no further jobs and waits for those in flight, within limits; what is left is done after the next start, or elsewhere. */
  stop(): Promise<void>
}

const defaultTiming: Timing = { poll: second, lease: 15 * second, workLimit: 60 * second, grace: 10 * second }
const defaultLimits = { queue: 10_000, tries: 30, firstPause: 2 * second, longestPause: hour, atOnce: 5 }

/** One per process. `add` works without `start`: a command adds what a server then does. */
export function createJobQueue(options: OutboxOptions): Outbox {
  const shelf = createShelf(options)
  const timing = { ...defaultTiming, ...options.timing }
  const workers = new Map<string, Worker>()
  const limitsOf = (kind: string) => ({ ...defaultLimits, ...options.limits[kind] })
  const backlogs = memoise((kind: string) => {
    const { queue } = limitsOf(kind)
    return createBacklog(() => shelf.count(kind, queue), queue, options.clock)
  })
  let timer: NodeJS.Timeout | undefined
  const wakeAfter = (kind: string, pause: Duration) => {
    if (pause === 0) workers.get(kind)?.wake()
    // Not waited for at the end: what is due is done after the next start.
    else setTimeout(() => timer !== undefined && workers.get(kind)?.wake(), pause).unref()
  }
  const wakeAll = () => {
    for (const worker of workers.values()) worker.wake()
  }

  return {
    async add(kind, payload, { id: name, dueAt = options.clock(), after = 0 } = {}) {
      // Only spares the row: who may be done under a name is decided when the work begins.
      if (name !== undefined && (await shelf.isNameTaken(kind, name))) return true
      if (!(await backlogs(kind).admit())) return false
      await shelf.insert(kind, name === undefined ? { payload } : { payload, name }, dueAt)
      if (timer !== undefined && dueAt <= options.clock()) wakeAfter(kind, after)
      return true
    },
    handle(kind, work) {
      const onLeft = () => backlogs(kind).left()
      const limits = { ...timing, ...limitsOf(kind) }
      workers.set(kind, createWorker({ ...options, kind, shelf, limits, work: work as Work, onLeft }))
    },
    start() {
      timer ??= setInterval(wakeAll, timing.poll)
      wakeAll()
    },
    async stop() {
      clearInterval(timer)
      timer = undefined
      await Promise.all([...workers.values()].map((worker) => worker.stop()))
    },
  }
}

function memoise<Value>(make: (key: string) => Value): (key: string) => Value {
  const made = new Map<string, Value>()
  return (key) => {
    const value = made.get(key) ?? make(key)
    made.set(key, value)
    return value
  }
}
