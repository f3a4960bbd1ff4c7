import type { Duration } from '../domain/time.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Job } from '../ports/store.ts'
import { type Shelf, serialOf } from './job-shelf.ts'

export type Work = (payload: unknown) => Promise<'given-up' | undefined> | Promise<void>

export interface WorkerOptions {
  readonly kind: string
  readonly work: Work
  readonly shelf: Shelf
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Called for each job that is done or given up. */
  readonly onLeft: () => void
  readonly limits: {
    readonly tries: number
    readonly firstPause: Duration
    readonly longestPause: Duration
    readonly atOnce: number
    readonly lease: Duration
    readonly workLimit: Duration
    readonly grace: Duration
  }
}

/** Does the jobs of one kind, some at a time. */
export interface Worker {
  /** Looks for due jobs; returns at once, never throws, may be called at any time. */
  wake(): void
  /** Takes no more, waits for those in flight at most `grace`. A later `wake` begins again. */
  stop(): Promise<void>
}

export function createWorker(options: WorkerOptions): Worker {
  const { kind, shelf, limits, log } = options
  const inFlight = new Set<Promise<void>>()
  let looking: Promise<void> | undefined
  let lookAgain = false
  let stopped = false
  let failing = false

  const begin = (job: Job) => {
    const running = perform(options, job).finally(() => {
      inFlight.delete(running)
      look()
    })
    inFlight.add(running)
  }

  const takeDueJobs = async () => {
    if (inFlight.size >= limits.atOnce) return
    for await (const job of shelf.due(kind)) {
      if (stopped || inFlight.size >= limits.atOnce) return
      const leased = await shelf.lease(job, limits.lease)
      if (leased !== undefined) begin(leased)
    }
  }

  const look = () => {
    lookAgain = true
    looking ??= lookWhileAsked().finally(() => {
      looking = undefined
      if (lookAgain && !stopped) look()
    })
  }

  const lookWhileAsked = async () => {
    try {
      while (lookAgain && !stopped) {
        lookAgain = false
        await takeDueJobs()
      }
      failing = false
    } catch (error) {
      // Said once for each outage: the next poll tries again.
      if (!failing) log.warn({ kind, error: textOf(error) }, 'jobs cannot be read')
      failing = true
    }
  }

  const settle = async () => {
    await looking
    await Promise.all(inFlight)
  }

  return {
    wake() {
      stopped = false
      look()
    },
    async stop() {
      stopped = true
      await within(settle(), limits.grace).catch(() => {
        log.warn({ kind, left: inFlight.size }, 'stopped with jobs in flight; they will be done again')
      })
    },
  }
}

/** One try of a leased job. Never rejects: what cannot be written down is done again when the lease ends. */
async function perform(options: WorkerOptions, leased: Job): Promise<void> {
  const { shelf, limits, log, kind } = options
  const lease = keepLease(options, leased)
  const about = { kind, job: serialOf(leased), tries: leased.tries }
  try {
    const outcome = await attempt(options, leased)
    if (outcome === 'done') await shelf.done(leased)
    else await shelf.bury(leased)
    options.onLeft()
    if (outcome === 'given-up') log.error(about, 'job given up')
  } catch (error) {
    log.warn({ ...about, error: textOf(error) }, 'job failed')
    if (lease.isHeld()) await putBack(options, leased)
  } finally {
    lease.release()
  }
  async function putBack({ clock, random, onLeft }: WorkerOptions, job: Job): Promise<void> {
    try {
      if (job.tries < limits.tries)
        return await shelf.postpone(job, clock() + pause(limits, job.tries, random))
      await shelf.bury(job)
      onLeft()
      log.error(about, 'job given up')
    } catch (error) {
      log.warn(
        { ...about, error: textOf(error) },
        'job could not be put back; it is tried again when its lease ends',
      )
    }
  }
}

async function attempt({ shelf, limits, work }: WorkerOptions, job: Job): Promise<'done' | 'given-up'> {
  // A job that takes its process down with it comes back here without ever having failed.
  if (job.tries > limits.tries) return 'given-up'
  const { payload, name } = shelf.open(job)
  if (name !== undefined && !(await shelf.takeName(job, name))) return 'done'
  const answer = await within<unknown>(work(payload), limits.workLimit)
  return answer === 'given-up' ? 'given-up' : 'done'
}

/** Renews the lease while the work goes on, so that it can be short and a dead process is noticed soon. */
function keepLease({ shelf, limits }: WorkerOptions, leased: Job) {
  let current: Job | undefined = leased
  let renewing = false
  const renew = async () => {
    if (renewing || current === undefined) return
    renewing = true
    // A store that does not answer leaves the lease as it is: the next beat tries again.
    current = await shelf.renew(current, limits.lease).catch(() => current)
    renewing = false
  }
  const beat = setInterval(renew, limits.lease / 3)
  return { isHeld: () => current !== undefined, release: () => clearInterval(beat) }
}

/** Doubles from `firstPause` to `longestPause`; the random part keeps jobs that failed together from coming back together. */
function pause(limits: WorkerOptions['limits'], tries: number, random: Random): Duration {
  const full = Math.min(limits.longestPause, limits.firstPause * 2 ** (tries - 1))
  const share = Buffer.from(random(2), 'base64url').readUInt16BE() / 65_536
  return Math.ceil(full * (1 - share / 2))
}

async function within<Value>(work: Promise<Value>, limit: Duration): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${limit} ms`)), limit)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
