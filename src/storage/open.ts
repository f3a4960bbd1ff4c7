/**
 * Owns where entities live: opens the engine that the URL names and brings its layout up to date. What is stored, and what it means, is
 * its callers' (ports/store.ts has the types, ports/storage.ts the verbs and their guarantees). SQLite: sqlite.ts; MongoDB: mongodb.ts.
 */
import { Problem } from '../domain/problem.ts'
import type { Clock } from '../ports/clock.ts'
import type { Store } from '../ports/store.ts'
import { migrations as all, type Migration } from './migrations/index.ts'
import type { Opened } from './sqlite.ts'

export interface OpenOptions {
  /** `sqlite:<path>` or `mongodb://…`, `mongodb+srv://…` with the database's name as its path. */
  readonly url: string
  readonly clock: Clock
  /** Another list than the shipped one, for tests. */
  readonly migrations?: readonly Migration[]
}

/**
 * The store, ready: created when missing, pending migrations run under a lock (processes that start together are safe).
 * Throws `Problem('storage-unavailable')` whose `message` is one clear sentence, within 5 s, when it cannot be had or is of a newer version.
 */
export async function openStore(options: OpenOptions): Promise<Store> {
  return (await open(options)).store
}

/** Brings the store up to date and leaves; answers the names of the migrations that it ran. Throws as `openStore` does. */
export async function migrate(options: OpenOptions): Promise<readonly string[]> {
  const { store, migrated } = await open(options)
  await store.close()
  return migrated
}

/** The path of `sqlite:<path>`; undefined for another engine. */
export function sqliteFile(url: string): string | undefined {
  const file = /^sqlite:(?:\/\/(?=\/))?(.+)$/.exec(url)?.[1]
  return file
}

// Each engine is loaded when it is named: the MongoDB driver costs memory and 100 ms of the start.
async function open({ url, clock, migrations = all }: OpenOptions): Promise<Opened> {
  const file = sqliteFile(url)
  if (file !== undefined) {
    const { openSqlite } = await import('./sqlite.ts')
    return openSqlite({ file, clock, migrations })
  }
  if (/^mongodb(\+srv)?:\/\//.test(url)) {
    const { openMongodb } = await import('./mongodb.ts')
    return openMongodb({ url, clock, migrations })
  }
  throw new Problem('storage-unavailable', {
    detail: 'The storage URL must begin with sqlite: or mongodb://.',
  })
}
