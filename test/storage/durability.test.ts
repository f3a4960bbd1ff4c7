import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Artifact, Setting } from '../../src/ports/store.ts'
import { collections } from '../../src/storage/collections.ts'
import { openStore } from '../../src/storage/open.ts'
import { createSqliteCollection } from '../../src/storage/sqlite-collection.ts'
import { connect } from '../../src/storage/sqlite-connection.ts'
import { surviveKills } from '../conformance/kill.ts'
import { eachStore, freshSqlite, onSqlite } from '../support/stores.ts'

const clock = Date.now

eachStore((_, __, fresh) => {
  it('F2: the store opens after kill -9 during writes, and nothing acknowledged is lost', async () => {
    await surviveKills(await fresh(), 8)
  })
})

describe('F2: what a power cut must not take', () => {
  const full = 2
  const normal = 1
  let connection: ReturnType<typeof connect>
  let drop: () => Promise<void>

  beforeEach(async () => {
    const database = await freshSqlite()
    drop = database.drop
    await (await openStore({ url: database.url, clock })).close()
    connection = connect(database.url.slice('sqlite:'.length))
  })
  afterEach(async () => {
    connection.close()
    await drop()
  })

  const level = () => connection.database.prepare('PRAGMA synchronous').get()?.synchronous

  it('is flushed at every write where all is durable', async () => {
    const settings = createSqliteCollection<Setting>(connection, clock, 'settings', collections.settings)
    await settings.insert({ id: 'a', value: '' })
    expect(level()).toBe(full)
    await settings.put({ id: 'a', value: '' })
    expect(level()).toBe(full)
    await settings.sweep(0, 1)
    expect(level()).toBe(normal)
    await settings.replace({ id: 'a', value: '', version: 2 })
    expect(level()).toBe(full)
  })

  it('is flushed at marks and removals where inserts may be lost', async () => {
    const artifacts = createSqliteCollection<Artifact>(connection, clock, 'artifacts', collections.artifacts)
    const insert = async () => {
      await artifacts.remove('a')
      await artifacts.insert({ id: 'a', sealed: '', uid: 'u' })
      expect(level()).toBe(normal)
    }
    const marks = [
      () => artifacts.replace({ id: 'a', sealed: '', version: 1 }),
      () => artifacts.take('a'),
      () => artifacts.remove('a'),
      () => artifacts.removeBy('uid', 'u'),
    ]
    for (const mark of marks) {
      await insert()
      await mark()
      expect(level()).toBe(full)
    }
  })

  it('is not flushed where the caller says that it may be lost, and is with the next write that may not', async () => {
    const settings = createSqliteCollection<Setting>(connection, clock, 'settings', collections.settings)
    const lost = { mayBeLost: true }
    const writes = [
      () => settings.insert({ id: 'a', value: '' }, lost),
      () => settings.replace({ id: 'a', value: '', version: 1 }, lost),
      () => settings.remove('a', lost),
    ]
    for (const write of writes) {
      expect(await write()).toBe(true)
      expect(level()).toBe(normal)
      await settings.put({ id: 'b', value: '' })
      expect(level()).toBe(full)
    }
  })
})

onSqlite((open, fresh) => {
  it('while another process writes, verbs wait without blocking the loop, and reads go on', async () => {
    const url = await fresh()
    const store = await openStore({ url, clock })
    await store.settings.insert({ id: 'a', value: 'before' })
    const other = new DatabaseSync(url.slice('sqlite:'.length))
    other.exec('BEGIN IMMEDIATE')
    const order: string[] = []
    const write = store.settings.insert({ id: 'b', value: '' }).then((won) => order.push(`insert ${won}`))
    order.push(`read ${(await store.settings.get('a'))?.value}`)
    await pause(100)
    order.push('released')
    other.exec('COMMIT')
    other.close()
    await write
    expect(order).toStrictEqual(['read before', 'released', 'insert true'])
    await store.close()
  })

  it('a lock that is not released becomes a 503 with Retry-After', async () => {
    const url = await fresh()
    const store = await openStore({ url, clock })
    const other = new DatabaseSync(url.slice('sqlite:'.length))
    other.exec('BEGIN IMMEDIATE')
    await expect(store.settings.insert({ id: 'a', value: '' })).rejects.toMatchObject({
      code: 'storage-unavailable',
      status: 503,
      retryAfter: 5,
    })
    other.exec('ROLLBACK')
    other.close()
    expect(await store.settings.insert({ id: 'a', value: '' })).toBe(true)
    await store.close()
  })

  it('a mistake in a statement is not mistaken for trouble with the disk', async () => {
    const { settings } = await open()
    const circular: Record<string, unknown> = { id: 'a' }
    circular.self = circular
    await expect(settings.insert(circular as unknown as Setting)).rejects.toThrow(TypeError)
    expect(await settings.count()).toBe(0)
  })
})
