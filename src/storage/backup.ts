/** Copies of a SQLite store, made and put back while servers run. (MongoDB has mongodump and its own point-in-time back-ups.) */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { backup } from 'node:sqlite'
import { Problem } from '../domain/problem.ts'
import { migrations } from './migrations/index.ts'
import { sqliteFile } from './open.ts'
import { makeFolder, reason } from './sqlite.ts'
import { type Connection, connect } from './sqlite-connection.ts'
import { pragma, refuseForeign } from './sqlite-schema.ts'
import { unavailable } from './unavailable.ts'
import { refuseNewer } from './version.ts'

/**
 * Writes a consistent copy of the store to `target`, replacing the file if there is one, only once the copy is complete and on disk.
 * Servers go on meanwhile. Throws `Problem('storage-unavailable')` with one sentence.
 */
export async function backUp(url: string, target: string): Promise<void> {
  const source = fileOf(url)
  if (!existsSync(source)) throw new Problem('not-found', { detail: `There is no database at ${source}.` })
  const file = resolve(target)
  if (file === source)
    throw new Problem('bad-request', { detail: 'A back-up cannot take the place of the store itself.' })
  const partial = `${file}.partial`
  await explained(`The back-up ${file} cannot be written`, async () => {
    rmSync(partial, { force: true })
    touch(partial)
    try {
      await copy(source, partial, {})
      // One file with no companions, which can be read from anywhere.
      await using(partial, {}, async ({ database }) => database.exec('PRAGMA journal_mode = DELETE'))
      flush(partial)
      renameSync(partial, file)
      flush(dirname(file))
    } finally {
      for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(partial + suffix, { force: true })
    }
  })
}

/**
 * Puts a back-up in the place of the store. A store that exists is only overwritten with `force`; servers that have it open then see the
 * back-up's content from the next request on. Refuses what is not an undamaged back-up of this or an older version.
 */
export async function restore(url: string, source: string, options: { force?: boolean } = {}): Promise<void> {
  const file = fileOf(url)
  const from = resolve(source)
  if (!existsSync(from)) throw new Problem('not-found', { detail: `There is no back-up at ${from}.` })
  if (!options.force && existsSync(file) && statSync(file).size > 0) {
    throw new Problem('conflict', {
      detail: `There is a database at ${file} already: use --force to lose it for the back-up.`,
    })
  }
  await explained(`The back-up ${from} cannot be restored`, async () => {
    await inspect(from)
    touch(file)
    await copy(from, file, { readOnly: true })
    flush(file)
  })
}

/** Secrets are sealed in the file, people are not: nobody else's to read. */
function touch(file: string): void {
  makeFolder(dirname(file))
  closeSync(openSync(file, 'a', 0o600))
}

function fileOf(url: string): string {
  const file = sqliteFile(url)
  if (file !== undefined) return resolve(file)
  throw new Problem('bad-request', {
    detail: 'Only a SQLite store is backed up by Signet: use mongodump and mongorestore for MongoDB.',
  })
}

/** All pages in one step: while a copy is made in several, each write of a server would start it again. */
async function copy(source: string, target: string, options: { readOnly?: boolean }): Promise<void> {
  await using(source, options, async ({ database }) => {
    await backup(database, target, { rate: 2 ** 31 - 1 })
  })
}

async function inspect(source: string): Promise<void> {
  await using(source, { readOnly: true }, async ({ database }) => {
    const check = database.prepare('PRAGMA quick_check(1)').get()?.quick_check
    if (check !== 'ok') throw new Error('the file is damaged')
    refuseForeign(database)
    refuseNewer(pragma(database, 'user_version'), migrations)
  })
}

async function using(
  file: string,
  options: { readOnly?: boolean },
  work: (connection: Connection) => Promise<void> | void,
): Promise<void> {
  const connection = connect(file, options)
  try {
    await work(connection)
  } finally {
    connection.close()
  }
}

function flush(path: string): void {
  const handle = openSync(path, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

async function explained(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (error instanceof Problem) throw error
    throw unavailable(error, `${what}: ${reason(error)}.`)
  }
}
