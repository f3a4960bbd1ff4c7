/**
 * The engine for deployments that outgrow one machine. Owns the client, its time-outs and its write concern (majority, journalled);
 * leans on nothing but single documents: no transactions, no raced unique index or upsert. TTL indexes only clean up.
 * The verbs are in mongodb-collection.ts, documents in mongodb-codec.ts, migrations and indexes in mongodb-schema.ts.
 */
import { type Db, MongoClient } from 'mongodb'
import { Problem } from '../domain/problem.ts'
import { type Duration, minute, second } from '../domain/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { Store } from '../ports/store.ts'
import { eachCollection } from './collections.ts'
import type { Migration } from './migrations/index.ts'
import type { Stored } from './mongodb-codec.ts'
import { answered, createMongodbCollection } from './mongodb-collection.ts'
import { isCurrent, migrateMongodb } from './mongodb-schema.ts'
import type { Opened } from './sqlite.ts'
import { patience, unavailable } from './unavailable.ts'

/** Connects, and brings the database up to date. Throws `Problem('storage-unavailable')` with one sentence, within 5 s when nobody answers. */
export async function openMongodb(options: {
  url: string
  clock: Clock
  migrations: readonly Migration[]
}): Promise<Opened> {
  const client = createClient(options.url, patience - second / 2)
  const database = client.db(databaseName(options.url))
  try {
    await answered(() => database.command({ ping: 1 }))
    const current = await answered(() => isCurrent(database, options.migrations))
    const migrated = current ? [] : await bringUpToDate(options)
    return { store: createStore(client, database, options.clock), migrated }
  } catch (error) {
    await client.close().catch(() => undefined)
    if (error instanceof Problem && error.message !== error.code) throw error
    throw unavailable(error, `The MongoDB at ${shown(options.url)} cannot be used: ${reason(error)}.`)
  }
}

/** Through a client of its own, whose answers may take as long as building an index does. */
async function bringUpToDate(options: Parameters<typeof openMongodb>[0]): Promise<string[]> {
  const client = createClient(options.url, 30 * minute)
  try {
    return await migrateMongodb(client.db(databaseName(options.url)), options.migrations, options.clock)
  } finally {
    await client.close()
  }
}

function createClient(url: string, answerWithin: Duration): MongoClient {
  // Some way below `patience`, so that the driver's own words tell what is wrong.
  const timeout = patience - second
  try {
    return new MongoClient(url, {
      appName: 'signet',
      serverSelectionTimeoutMS: timeout,
      connectTimeoutMS: timeout,
      waitQueueTimeoutMS: timeout,
      socketTimeoutMS: answerWithin,
      maxPoolSize: 50,
      writeConcern: { w: 'majority', j: true, wtimeoutMS: timeout },
      readPreference: 'primary',
      ignoreUndefined: true,
    })
  } catch (error) {
    throw unavailable(error, `The MongoDB URL ${shown(url)} is not valid: ${reason(error)}.`)
  }
}

function createStore(client: MongoClient, database: Db, clock: Clock): Store {
  const verbs = eachCollection((name, shape) =>
    createMongodbCollection(database.collection<Stored>(name), clock, name, shape),
  )
  return {
    ...(verbs as unknown as Store),
    async ping(timeout = patience) {
      await answered(() => database.command({ ping: 1 }), timeout)
    },
    async close() {
      await client.close()
    },
  }
}

function databaseName(url: string): string {
  const name = /^mongodb(?:\+srv)?:\/\/[^/?]*\/([^?]+)/.exec(url)?.[1]
  return name === undefined ? 'signet' : decodeURIComponent(name)
}

/** The URL without what it says about passwords. */
function shown(url: string): string {
  return url.replace(/\/\/[^/?]*@/, '//').replace(/\?.*$/, '')
}

function reason(error: unknown): string {
  const { cause = error } = error as { cause?: unknown }
  const { message = String(cause) } = cause as { message?: string }
  return message.replace(/\.$/, '')
}
