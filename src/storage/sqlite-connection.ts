import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { Problem } from '../domain/problem.ts'
import type { Duration } from '../domain/time.ts'
import { type Batches, createBatches } from './sqlite-batches.ts'
import { patience, unavailable } from './unavailable.ts'

/** One connection: prepared once per text of SQL, retried while another process writes, as durable as each write asks for. */
export interface Connection {
  readonly database: DatabaseSync
  /** The rows as arrays, all of them: only a statement that ran to its end is committed. */
  rows(sql: string, values: readonly SQLInputValue[]): unknown[][]
  /** As `rows`, for at most one. */
  row(sql: string, values: readonly SQLInputValue[]): unknown[] | undefined
  /** Answers how many rows were changed. */
  change(sql: string, values: readonly SQLInputValue[]): number
  /** Whether the writes that follow must survive a power cut. */
  durable(wanted: boolean): void
  /** Runs `work`; while the file is locked, again after a pause, for up to `limit` ms; throws `Problem('storage-unavailable')` then. */
  attempt<T>(work: () => T, limit?: Duration): Promise<T>
  /** As `attempt`, for a statement that writes: see sqlite-batches.ts. */
  readonly write: Batches['write']
  close(): void
}

// Waiting inside SQLite blocks the event loop, so most of the waiting is done outside.
const busyTimeout = 10

/** Opens the file as it is; throws what SQLite throws. */
export function connect(file: string, options: { readOnly?: boolean } = {}): Connection {
  const database = new DatabaseSync(file, { timeout: busyTimeout, ...options })
  const statements = new Map<string, StatementSync>()
  let full: boolean | undefined

  function prepared(sql: string): StatementSync {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const statement = database.prepare(sql)
    statement.setReturnArrays(true)
    statements.set(sql, statement)
    return statement
  }

  // One connection and a switch: a second connection costs as much and loses its page cache at each write of the first.
  function durable(wanted: boolean): void {
    if (wanted === full) return
    database.exec(wanted ? 'PRAGMA synchronous = FULL' : 'PRAGMA synchronous = NORMAL')
    full = wanted
  }

  const execute = (sql: string) => void prepared(sql).run()
  const batches = createBatches({ database, execute, durable, attempt, translated })
  return {
    database,
    rows: (sql, values) => prepared(sql).all(...values) as unknown as unknown[][],
    row: (sql, values) => prepared(sql).get(...values) as unknown as unknown[] | undefined,
    change: (sql, values) => Number(prepared(sql).run(...values).changes),
    durable,
    attempt,
    write: batches.write,
    close() {
      batches.flush()
      statements.clear()
      if (database.isOpen) database.close()
    },
  }
}

async function attempt<T>(work: () => T, limit: Duration = patience): Promise<T> {
  try {
    return work()
  } catch (error) {
    if (!isBusy(error)) throw translated(error)
    return again(work, limit)
  }
}

async function again<T>(work: () => T, limit: Duration): Promise<T> {
  const end = performance.now() + limit
  for (let longest = 4; ; longest = Math.min(longest * 2, 100)) {
    // Jittered, or processes that collided once collide for ever.
    await pause(1 + Math.random() * longest)
    try {
      return work()
    } catch (error) {
      if (!isBusy(error) || performance.now() > end) throw translated(error)
    }
  }
}

function codeOf(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | undefined)?.errcode
  // The low byte is the primary code, the rest says more about it.
  return typeof code === 'number' ? code & 0xff : undefined
}

function isBusy(error: unknown): boolean {
  const code = codeOf(error)
  return code === 5 || code === 6
}

// busy, locked, read-only, I/O error, corrupt, full, cannot open, not a database: the engine's trouble, not a mistake in a statement.
const troubles = new Set([5, 6, 8, 10, 11, 13, 14, 26])

function translated(error: unknown): unknown {
  if (error instanceof Problem) return error
  const code = codeOf(error)
  const closed = (error as { code?: unknown } | undefined)?.code === 'ERR_INVALID_STATE'
  return closed || (code !== undefined && troubles.has(code)) ? unavailable(error) : error
}
