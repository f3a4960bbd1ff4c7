import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { MongoClient } from 'mongodb'
import { describe, expect, it } from 'vitest'
import { type Migration, migrations } from '../../src/storage/migrations/index.ts'
import { openStore } from '../../src/storage/open.ts'
import { eachStore, onMongodb, onSqlite } from '../support/stores.ts'
import type { Ran } from './starter.ts'

const clock = Date.now
const second: Migration = {
  number: 2,
  name: '0002-next',
  sqlite: () => undefined,
  mongodb: async () => undefined,
}
const withSecond = [...migrations, second]

describe('migrations', () => {
  it('are numbered without gaps', () => {
    expect(migrations.map(({ number }) => number)).toStrictEqual(migrations.map((_, index) => index + 1))
  })

  eachStore((_, __, fresh) => {
    it('run once when eight processes start at once', async () => {
      const url = await fresh()
      const start = async () => {
        const script = join(import.meta.dirname, 'starter.ts')
        const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', script, url])
        return JSON.parse(stdout) as Ran
      }
      const ran = await Promise.all(Array.from({ length: 8 }, start))
      expect(ran.flat().sort()).toStrictEqual(['0001-layout', '0002-counting'])
      const store = await openStore({ url, clock, migrations: withSecond })
      expect((await store.settings.get('runs'))?.value).toBe('1')
      await store.close()
    })

    it('of a newer version are refused with one clear sentence', async () => {
      const url = await fresh()
      const newer = await openStore({ url, clock, migrations: withSecond })
      await expect(openStore({ url, clock })).rejects.toMatchObject({
        code: 'storage-unavailable',
        message: expect.stringMatching(/^The store was written by a newer version of Signet .*\.$/),
      })
      await newer.settings.insert({ id: 'a', value: 'goes on' })
      await newer.close()
    })

    it('that fail are reported and run again at the next start', async () => {
      const url = await fresh()
      const fail = () => {
        throw new Error('no luck')
      }
      const failing = { ...second, sqlite: fail, mongodb: async () => fail() }
      await expect(openStore({ url, clock, migrations: [...migrations, failing] })).rejects.toMatchObject({
        code: 'storage-unavailable',
        message: expect.stringContaining('no luck'),
      })
      const store = await openStore({ url, clock, migrations: withSecond })
      await store.settings.insert({ id: 'a', value: '' })
      await store.close()
    })
  })

  onSqlite((_, fresh) => {
    it('add a declared index to a file that lacks it, rows included', async () => {
      const url = await fresh()
      const before = await openStore({ url, clock })
      await before.artifacts.insert({ id: 'a', sealed: '', uid: 'u' })
      await before.identities.insert({
        id: 'ana',
        state: 'active',
        identifiers: [],
        claims: {},
        groups: ['staff'],
        roles: [],
        createdAt: 0,
        updatedAt: 0,
      })
      await before.close()
      const file = new DatabaseSync(url.slice('sqlite:'.length))
      file.exec('DROP INDEX "artifacts.uid"; ALTER TABLE artifacts DROP COLUMN uid; DROP TABLE jobs')
      for (const event of ['INSERT', 'UPDATE', 'DELETE'])
        file.exec(`DROP TRIGGER "identities.groups.${event}"`)
      file.exec('DROP TABLE "identities.groups"')
      file.close()
      const after = await openStore({ url, clock })
      expect(await after.artifacts.findBy('uid', 'u')).toHaveLength(1)
      expect(await after.identities.findBy('groups', 'staff')).toHaveLength(1)
      expect(await after.jobs.count()).toBe(0)
      await after.close()
    })
  })

  onMongodb((_, fresh) => {
    async function raw<T>(url: string, work: (client: MongoClient) => Promise<T>): Promise<T> {
      const client = new MongoClient(url)
      return work(client).finally(() => client.close())
    }

    it('create every declared index and the clean-up of the expired', async () => {
      const url = await fresh()
      await (await openStore({ url, clock })).close()
      const keys = await raw(url, async (client) =>
        (await client.db().collection('artifacts').indexes()).map((index) => Object.keys(index.key).join()),
      )
      expect(keys).toStrictEqual(
        expect.arrayContaining(['expiresAt', 'entity.grantId,_id', 'entity.uid,_id', 'entity.userCode,_id']),
      )
    })

    it('take over the lock of a process that died', async () => {
      const url = await fresh()
      await raw(url, async (client) => {
        const lock = { _id: 'lock' as never, owner: 'nobody', until: clock() + 300 }
        await client.db().collection('signet').insertOne(lock)
      })
      const store = await openStore({ url, clock })
      await store.ping()
      await store.close()
      expect(
        await raw(url, (client) =>
          client
            .db()
            .collection('signet')
            .findOne({ _id: 'lock' as never }),
        ),
      ).toBeNull()
    })
  })
})
