import type { DatabaseSync } from 'node:sqlite'

/** What batches need of the connection. */
export interface BatchTools {
  readonly database: Pick<DatabaseSync, 'isTransaction'>
  execute(sql: string): void
  durable(wanted: boolean): void
  attempt<T>(work: () => T): Promise<T>
  translated(error: unknown): unknown
}

export interface Batches {
  /**
   * Runs `work`, one statement, together with what else is written in this turn of the event loop; answers once it is committed, and flushed
   * when it or one of its company has to survive a power cut. A statement that fails fails alone; what cannot be committed fails for all.
   */
  write<T>(durable: boolean, work: () => T): Promise<T>
  /** Commits at once what waits for the end of the turn. */
  flush(): void
}

interface Write {
  readonly durable: boolean
  readonly work: () => unknown
  resolve(value: unknown): void
  reject(error: unknown): void
}

type Outcome = { readonly value: unknown } | { readonly error: unknown }

// The lock is held, and nothing else answered, for as long as they take: some 3 ms.
const most = 64

/** Locks, pages and the flush are most of what a write costs (two thirds and more): requests that are answered at the same time share them. */
export function createBatches({ database, execute, durable, attempt, translated }: BatchTools): Batches {
  let waiting: Write[] = []

  function flush(): void {
    const batch = waiting
    waiting = []
    for (let from = 0; from < batch.length; from += most) void settle(batch.slice(from, from + most))
  }

  async function settle(batch: readonly Write[]): Promise<void> {
    try {
      const outcomes = await attempt(() => commit(batch))
      for (const [index, outcome] of outcomes.entries()) {
        if ('error' in outcome) batch[index]?.reject(translated(outcome.error))
        else batch[index]?.resolve(outcome.value)
      }
    } catch (error) {
      for (const write of batch) write.reject(error)
    }
  }

  function commit(batch: readonly Write[]): Outcome[] {
    durable(batch.some((write) => write.durable))
    const [only] = batch
    if (only !== undefined && batch.length === 1) return [{ value: only.work() }]
    execute('BEGIN IMMEDIATE')
    try {
      const outcomes = batch.map(run)
      execute('COMMIT')
      return outcomes
    } catch (error) {
      if (database.isTransaction) execute('ROLLBACK')
      throw error
    }
  }

  function run({ work }: Write): Outcome {
    try {
      return { value: work() }
    } catch (error) {
      // A full disk, for one, undoes the whole transaction.
      if (!database.isTransaction) throw error
      return { error }
    }
  }

  return {
    write<T>(wanted: boolean, work: () => T): Promise<T> {
      return new Promise((resolve, reject) => {
        if (waiting.length === 0) setImmediate(flush)
        waiting.push({ durable: wanted, work, resolve: resolve as Write['resolve'], reject })
      })
    },
    flush,
  }
}
