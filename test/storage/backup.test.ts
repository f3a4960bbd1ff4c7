import { existsSync } from 'node:fs'
import { readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { backUp, restore } from '../../src/storage/backup.ts'
import { migrations } from '../../src/storage/migrations/index.ts'
import { openStore } from '../../src/storage/open.ts'
import { onSqlite } from '../support/stores.ts'

const clock = Date.now
const beside = (url: string, name: string) => join(dirname(url.slice('sqlite:'.length)), name)

describe('a back-up', () => {
  onSqlite((_, fresh) => {
    async function storeWith(url: string, value: string) {
      const store = await openStore({ url, clock })
      await store.settings.put({ id: 'a', value })
      return store
    }
    async function valueIn(url: string): Promise<string | undefined> {
      const store = await openStore({ url, clock })
      return store.settings.get('a').then((found) => store.close().then(() => found?.value))
    }

    it('is made while the store is being written, and is one moment of it', async () => {
      const url = await fresh()
      const store = await storeWith(url, '')
      for (let n = 0; n < 500; n++) await store.artifacts.insert({ id: `${n}`, sealed: 'x'.repeat(1000) })
      let writing = true
      let written = 0
      const writer = (async () => {
        for (; writing; written++) {
          // In this order: whoever sees the second sees the first.
          await store.settings.put({ id: 'first', value: `${written}` })
          await store.settings.put({ id: 'second', value: `${written}` })
          await new Promise(setImmediate)
        }
      })()
      const target = beside(url, 'copy.db')
      for (let n = 0; n < 5; n++) {
        await backUp(url, target)
        const copy = await openStore({ url: `sqlite:${target}`, clock })
        const [first, second] = await Promise.all([copy.settings.get('first'), copy.settings.get('second')])
        expect([0, 1]).toContain(Number(first?.value ?? 0) - Number(second?.value ?? 0))
        expect(await copy.artifacts.count()).toBe(500)
        await copy.close()
      }
      writing = false
      await writer
      expect(written).toBeGreaterThan(0)
      await store.close()
    })

    it('is one file that nobody else can read, and replaces the one before', async () => {
      const url = await fresh()
      const store = await storeWith(url, 'one')
      const target = beside(url, 'copy.db')
      await backUp(url, target)
      await store.settings.put({ id: 'a', value: 'two' })
      await backUp(url, target)
      await store.close()
      expect((await stat(target)).mode & 0o077).toBe(0)
      for (const suffix of ['.partial', '-wal', '-shm', '.partial-wal'])
        expect(existsSync(target + suffix)).toBe(false)
      expect(await valueIn(`sqlite:${target}`)).toBe('two')
    })

    it('leaves the one before alone when it fails', async () => {
      const url = await fresh()
      const target = beside(url, 'copy.db')
      await writeFile(target, 'precious')
      await expect(backUp(url, target)).rejects.toMatchObject({ code: 'not-found' })
      await (await storeWith(url, 'one')).close()
      await expect(backUp(url, url.slice('sqlite:'.length))).rejects.toMatchObject({ code: 'bad-request' })
      await expect(backUp(url, `${target}/x`)).rejects.toMatchObject({
        message: expect.stringMatching(/\.$/),
      })
      expect(await readFile(target, 'utf8')).toBe('precious')
      expect(await valueIn(url)).toBe('one')
    })

    it('is restored where there is no store yet', async () => {
      const url = await fresh()
      await (await storeWith(url, 'kept')).close()
      await backUp(url, beside(url, 'copy.db'))
      const elsewhere = `sqlite:${beside(url, 'new/folder/signet.db')}`
      await restore(elsewhere, beside(url, 'copy.db'))
      expect(await valueIn(elsewhere)).toBe('kept')
      expect((await stat(elsewhere.slice('sqlite:'.length))).mode & 0o077).toBe(0)
    })

    it('is not restored over a store, unless forced; then servers see it at once', async () => {
      const url = await fresh()
      const store = await storeWith(url, 'old')
      await backUp(url, beside(url, 'copy.db'))
      await store.settings.put({ id: 'a', value: 'new' })
      await store.settings.put({ id: 'b', value: 'newer' })
      await expect(restore(url, beside(url, 'copy.db'))).rejects.toMatchObject({ code: 'conflict' })
      expect((await store.settings.get('a'))?.value).toBe('new')
      await restore(url, beside(url, 'copy.db'), { force: true })
      expect((await store.settings.get('a'))?.value).toBe('old')
      expect(await store.settings.get('b')).toBeUndefined()
      expect(await store.settings.insert({ id: 'b', value: 'goes on' })).toBe(true)
      await store.close()
      expect(await valueIn(url)).toBe('old')
    })

    it('that is damaged, foreign, newer or missing is refused, and the store keeps what it has', async () => {
      const url = await fresh()
      const store = await openStore({ url, clock })
      for (let n = 0; n < 200; n++) await store.artifacts.insert({ id: `${n}`, sealed: 'x'.repeat(1000) })
      await store.settings.put({ id: 'a', value: 'kept' })
      await store.close()
      const damaged = beside(url, 'damaged.db')
      await backUp(url, damaged)
      await truncate(damaged, (await stat(damaged)).size / 2)
      const foreign = beside(url, 'foreign.txt')
      await writeFile(foreign, 'something else '.repeat(100))
      const newer = beside(url, 'newer.db')
      const next = { number: 2, name: '0002', sqlite: () => undefined, mongodb: async () => undefined }
      const future = await openStore({ url: `sqlite:${newer}`, clock, migrations: [...migrations, next] })
      await future.close()
      for (const source of [damaged, foreign, newer, beside(url, 'missing.db')]) {
        await expect(restore(url, source, { force: true })).rejects.toMatchObject({
          message: expect.stringMatching(/^[A-Z][^\n]*\.$/),
        })
      }
      expect(await valueIn(url)).toBe('kept')
    })
  })

  it('of a MongoDB is left to its own tools, and says which', async () => {
    for (const attempt of [backUp('mongodb://localhost/x', 'y'), restore('mongodb://localhost/x', 'y')]) {
      await expect(attempt).rejects.toMatchObject({
        code: 'bad-request',
        message: expect.stringContaining('mongodump'),
      })
    }
  })
})
