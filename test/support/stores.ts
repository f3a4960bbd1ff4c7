/** Real stores for tests: a SQLite file in a temporary folder, and a database of its own on a MongoDB; both gone after the test. */
import { randomBytes } from 'node:crypto'
import { statfsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { afterEach, describe, it } from 'vitest'
import type { Clock } from '../../src/ports/clock.ts'
import type { Store } from '../../src/ports/store.ts'
import { openStore } from '../../src/storage/open.ts'
import { mongodbUrl } from './mongodb.ts'

/** A database that nobody else uses. */
export interface FreshStore {
  readonly url: string
  drop(): Promise<void>
}

type Name = 'sqlite' | 'mongodb'
/** A store in a database of its own; closed and dropped after the test. */
export type OpenStore = (clock?: Clock) => Promise<Store>
/** The URL of a database of its own, for tests that open it themselves (several processes); dropped after the test. */
export type FreshUrl = () => Promise<string>

/** Describes the same tests once per engine. Without a MongoDB they run on SQLite alone, which CI counts as a failure. */
export function eachStore(tests: (name: Name, open: OpenStore, fresh: FreshUrl) => void): void {
  onStore('sqlite', freshSqlite, tests)
  onMongodb((open, fresh) => tests('mongodb', open, fresh))
}

/** Describes tests on SQLite only. */
export function onSqlite(tests: (open: OpenStore, fresh: FreshUrl) => void): void {
  onStore('sqlite', freshSqlite, (_, open, fresh) => tests(open, fresh))
}

/** Describes tests on MongoDB only, where there is one. */
export function onMongodb(tests: (open: OpenStore, fresh: FreshUrl) => void): void {
  const url = mongodbUrl()
  if (url !== undefined) {
    onStore(
      'mongodb',
      () => freshMongodb(url),
      (_, open, fresh) => tests(open, fresh),
    )
    return
  }
  const hint = 'the MongoDB suite did not run: set MONGODB_URL=mongodb://host:port to run it'
  it(hint, () => {
    if (process.env.CI) throw new Error(hint)
  })
}

/** In memory where there is room: a disk that is waited for at each commit proves nothing here. */
const sqliteHome = hasRoom('/dev/shm') ? '/dev/shm' : tmpdir()

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize > 2 ** 30
  } catch {
    return false
  }
}

/** A SQLite file in a folder of its own. */
export async function freshSqlite(): Promise<FreshStore> {
  const folder = await mkdtemp(join(sqliteHome, 'signet-'))
  return {
    url: `sqlite:${join(folder, 'signet.db')}`,
    drop: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Makes a database of its own, by engine; the caller drops it. For suites that keep one over many tests. */
export function engines(): Partial<Record<Name, () => Promise<FreshStore>>> {
  const url = mongodbUrl()
  return { sqlite: freshSqlite, ...(url === undefined ? {} : { mongodb: () => freshMongodb(url) }) }
}

let client: MongoClient | undefined

/** A database of its own on the MongoDB at `server`. */
export async function freshMongodb(server: string): Promise<FreshStore> {
  const name = `signet-test-${randomBytes(8).toString('hex')}`
  const url = new URL(server)
  url.pathname = `/${name}`
  return {
    url: url.href,
    async drop() {
      client ??= new MongoClient(server)
      await client.db(name).dropDatabase()
    },
  }
}

function onStore(
  name: Name,
  fresh: () => Promise<FreshStore>,
  tests: (name: Name, open: OpenStore, fresh: FreshUrl) => void,
): void {
  describe(`on ${name}`, () => {
    const opened: Store[] = []
    const made: FreshStore[] = []
    async function freshUrl(): Promise<string> {
      const store = await fresh()
      made.push(store)
      return store.url
    }
    async function open(clock: Clock = Date.now): Promise<Store> {
      const store = await openStore({ url: await freshUrl(), clock })
      opened.push(store)
      return store
    }
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((store) => store.close()))
      await Promise.all(made.splice(0).map((store) => store.drop()))
    })
    tests(name, open, freshUrl)
  })
}
