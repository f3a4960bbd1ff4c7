import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Db } from 'mongodb'
import { Problem } from '../domain/problem.ts'
import { minute } from '../domain/time.ts'
import type { Clock } from '../ports/clock.ts'
import { collectionNames, collections } from './collections.ts'
import type { Migration } from './migrations/index.ts'
import { isTaken } from './mongodb-collection.ts'
import { newest, refuseNewer } from './version.ts'

/** What is known about the database as a whole: one document for the layout, one while somebody migrates. */
interface Note {
  readonly _id: 'layout' | 'lock'
  readonly version?: number
  /** Indexes that exist, as `collection.property`. */
  readonly indexes?: readonly string[]
  readonly owner?: string
  readonly until?: number
}

const lease = minute

/**
 * Creates missing indexes and applies pending migrations, under a lock that a dead process loses after a minute.
 * Answers the names of the migrations it ran. Give it a database whose client waits: an index over many documents takes its time.
 */
export async function migrateMongodb(
  database: Db,
  migrations: readonly Migration[],
  clock: Clock,
): Promise<string[]> {
  const owner = randomUUID()
  await lock(database, owner, clock)
  const renewal = setInterval(() => void renew(database, owner, clock).catch(() => undefined), lease / 3)
  try {
    return await bringUpToDate(database, migrations)
  } finally {
    clearInterval(renewal)
    await notes(database).deleteOne({ _id: 'lock', owner })
  }
}

function notes(database: Db) {
  return database.collection<Note>('signet')
}

async function layoutOf(database: Db): Promise<{ version: number; indexes: readonly string[] }> {
  const { version = 0, indexes = [] } = (await notes(database).findOne({ _id: 'layout' })) ?? {}
  return { version, indexes }
}

/** True when nothing is left to do. Refuses a database of a newer version. */
export async function isCurrent(database: Db, migrations: readonly Migration[]): Promise<boolean> {
  const { version, indexes } = await layoutOf(database)
  refuseNewer(version, migrations)
  return version === newest(migrations) && missing(indexes).length === 0
}

async function bringUpToDate(database: Db, migrations: readonly Migration[]): Promise<string[]> {
  const { version, indexes } = await layoutOf(database)
  refuseNewer(version, migrations)
  const pending = migrations.filter((migration) => migration.number > version)
  const wanted = missing(indexes)
  await Promise.all(collectionNames.map((name) => createIndexes(database, name, wanted)))
  for (const migration of pending) {
    await migration.mongodb(database)
    await notes(database).updateOne(
      { _id: 'layout' },
      { $set: { version: migration.number } },
      { upsert: true },
    )
  }
  const existing = [...indexes, ...wanted.map(({ collection, property }) => `${collection}.${property}`)]
  await notes(database).updateOne({ _id: 'layout' }, { $set: { indexes: existing } }, { upsert: true })
  return pending.map((migration) => migration.name)
}

interface Index {
  readonly collection: string
  readonly property: string
}

function missing(existing: readonly string[]): Index[] {
  const known = new Set(existing)
  return collectionNames
    .flatMap((collection) =>
      ['expiresAt', ...collections[collection].indexes].map((property) => ({ collection, property })),
    )
    .filter(({ collection, property }) => !known.has(`${collection}.${property}`))
}

async function createIndexes(database: Db, collection: string, all: readonly Index[]): Promise<void> {
  const indexes = all.filter((index) => index.collection === collection)
  if (indexes.length === 0) return
  await database.collection(collection).createIndexes(
    indexes.map(({ property }) =>
      property === 'expiresAt'
        ? // Only cleans up, and late: each read checks the expiry itself, by the process's own clock.
          { key: { expiresAt: 1 }, expireAfterSeconds: 300 }
        : { key: { [`entity.${property}`]: 1, _id: 1 } },
    ),
  )
}

/** Waits for the lock; one that nobody renewed for a minute is taken over by compare-and-set. */
async function lock(database: Db, owner: string, clock: Clock): Promise<void> {
  for (const end = performance.now() + 5 * minute; performance.now() < end; ) {
    const until = clock() + lease
    try {
      await notes(database).insertOne({ _id: 'lock', owner, until })
      return
    } catch (error) {
      if (!isTaken(error)) throw error
    }
    const stale = { _id: 'lock' as const, until: { $lte: clock() } }
    const { matchedCount } = await notes(database).updateOne(stale, { $set: { owner, until } })
    if (matchedCount === 1) return
    await pause(50 + Math.random() * 100)
  }
  throw new Problem('storage-unavailable', {
    detail: 'Another process has been migrating the store for 5 minutes: wait for it.',
  })
}

async function renew(database: Db, owner: string, clock: Clock): Promise<void> {
  await notes(database).updateOne({ _id: 'lock', owner }, { $set: { until: clock() + lease } })
}
