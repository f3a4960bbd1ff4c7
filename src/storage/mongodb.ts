/**
 * The engine for deployments that outgrow one machine. Owns the client, its time-outs and its write concern (majority, journalled);
 * leans on nothing but single documents: no transactions, no raced unique index or upsert. TTL indexes only clean up.
 * The verbs are in mongodb-collection.ts, documents in mongodb-codec.ts, migrations and indexes in mongodb-schema.ts.
 */
import { type Db, MongoClient } from 'mongodb'
import { Problem } from '../domain/problem.ts'
import type { Clock } from '../ports/clock.ts'
import type { Store } from '../ports/store.ts'
import { eachCollection } from './collections.ts'
import type { Migration } from './migrations/index.ts'
import type { Stored } from './mongodb-codec.ts'
import { answered, createMongodbCollection } from './mongodb-collection.ts'
import { migrateMongodb } from './mongodb-schema.ts'
import type { Opened } from './sqlite.ts'
import { patience, unavailable } from './unavailable.ts'

/** Connects, and brings the database up to date. Throws `Problem('storage-unavailable')` with one sentence, within 5 s when nobody answers. */
export async function openMongodb(options: {
  url: string
  clock: Clock
  migrations: readonly Migration[]
}): Promise<Opened> {
  const client = createClient(options.url)
  const database = client.db(databaseName(options.url))
  try {
    await database.command({ ping: 1 })
    const migrated = await migrateMongodb(database, options.migrations, options.clock)
    return { store: createStore(client, database, options.clock), migrated }
  } catch (error) {
    await client.close().catch(() => undefined)
    if (error instanceof Problem) throw error
    throw unavailable(error, `The MongoDB at ${shown(options.url)} cannot be used: ${reason(error)}.`)
  }
}

function createClient(url: string): MongoClient {
  try {
    return new MongoClient(url, {
      appName: 'signet',
      // Every operation, its retry included, ends within this.
      timeoutMS: patience - 500,
      serverSelectionTimeoutMS: patience - 1_000,
      connectTimeoutMS: patience - 1_000,
      maxPoolSize: 50,
      writeConcern: { w: 'majority', j: true },
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
      await answered(() => database.command({ ping: 1 }, { timeoutMS: timeout }))
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
  const { message = String(error) } = error as { message?: string }
  return message.replace(/\.$/, '')
}
