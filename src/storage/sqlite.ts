/**
 * The embedded engine: one file, no server, on a local disk. Owns the file, its layout and its durability (WAL; FULL for what a power cut
 * must not take, NORMAL for the rest). Several processes on one file are correct; one is the recommended shape.
 * The verbs are in sqlite-collection.ts, locking and retries in sqlite-connection.ts.
 */
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Problem } from '../domain/problem.ts'
import { minute } from '../domain/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { Store } from '../ports/store.ts'
import { eachCollection } from './collections.ts'
import type { Migration } from './migrations/index.ts'
import { createSqliteCollection } from './sqlite-collection.ts'
import { type Connection, connect } from './sqlite-connection.ts'
import { isCurrent, migrateSqlite } from './sqlite-schema.ts'
import { unavailable } from './unavailable.ts'

export interface Opened {
  readonly store: Store
  /** Names of the migrations that this process ran. */
  readonly migrated: readonly string[]
}

/** Opens the file, creating it and its folder when missing. Throws `Problem('storage-unavailable')` with one sentence. */
export async function openSqlite(options: {
  file: string
  clock: Clock
  migrations: readonly Migration[]
}): Promise<Opened> {
  const file = resolve(options.file)
  const connection = openFile(file)
  try {
    const migrated = await prepare(connection, options.migrations)
    return { store: createStore(connection, options.clock), migrated }
  } catch (error) {
    connection.close()
    if (error instanceof Problem && error.message !== error.code) throw error
    throw unavailable(error, `The database file ${file} cannot be used: ${reason(error)}.`)
  }
}

function createStore(connection: Connection, clock: Clock): Store {
  const verbs = eachCollection((name, shape) => createSqliteCollection(connection, clock, name, shape))
  return {
    ...(verbs as unknown as Store),
    async ping() {
      await connection.attempt(() => connection.row('PRAGMA user_version', []))
    },
    async close() {
      connection.close()
    },
  }
}

function openFile(file: string): Connection {
  try {
    makeFolder(dirname(file))
    // Nobody else's to read; SQLite gives its journal the same mode.
    closeSync(openSync(file, 'a', 0o600))
    return connect(file)
  } catch (error) {
    throw unavailable(error, `The database file ${file} cannot be created or opened: ${reason(error)}.`)
  }
}

/** The folder and those above it, for nobody else to read. Not `recursive: true`: where the parent cannot be made (a pseudo file system), that never ends. */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  const parent = dirname(folder)
  if (parent !== folder) makeFolder(parent)
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    // Another process was faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

async function prepare(connection: Connection, migrations: readonly Migration[]): Promise<string[]> {
  const { database, attempt } = connection
  // Another process may be at a long migration.
  const limit = minute
  await attempt(() => database.exec('PRAGMA journal_mode = WAL'), limit)
  database.exec('PRAGMA cache_size = -16000; PRAGMA journal_size_limit = 67108864')
  // 16 MB of journal: a page that many writes change is copied into the file a quarter as often.
  database.exec('PRAGMA wal_autocheckpoint = 4000')
  // What was deleted is overwritten: whoever is erased is not left in free pages of the file.
  database.exec('PRAGMA secure_delete = ON')
  connection.durable(true)
  if (await attempt(() => isCurrent(database, migrations), limit)) return []
  return attempt(() => migrateSqlite(database, migrations), limit)
}

/** Why it went wrong, in a few words. */
export function reason(error: unknown): string {
  const { cause = error } = error as { cause?: unknown }
  const { code, message } = cause as { code?: string; message?: string }
  const known: Record<string, string> = {
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the file system is read-only',
    ENOTDIR: 'a part of the path is not a folder',
    EEXIST: 'a part of the path is not a folder',
    EISDIR: 'it is a folder',
    ENOENT: 'no such folder',
    ENOSPC: 'the disk is full',
  }
  return known[code ?? ''] ?? message ?? String(cause)
}
