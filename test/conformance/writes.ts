/** What each writing verb promises to a single caller. */
import { describe, expect, it } from 'vitest'
import { minute } from '../../src/domain/time.ts'
import { createClock } from '../support/clock.ts'
import type { OpenStore } from '../support/stores.ts'

/** Describes this part of the suite for one engine. */
export function writeConformance(open: OpenStore): void {
  describe('insert', () => {
    it('stores an entity as version 1, once', async () => {
      const { settings } = await open()
      expect(await settings.insert({ id: 'a', value: 'first' })).toBe(true)
      expect(await settings.insert({ id: 'a', value: 'second' })).toBe(false)
      expect(await settings.get('a')).toStrictEqual({ id: 'a', value: 'first', version: 1 })
    })

    it('finds room where an expired entity still lies, and starts at version 1 again', async () => {
      const clock = createClock()
      const { settings } = await open(clock.now)
      const expiresAt = clock.now() + minute
      await settings.insert({ id: 'a', value: 'old', expiresAt })
      await settings.replace({ id: 'a', value: 'older', expiresAt, version: 1 })
      clock.advance(minute - 1)
      expect(await settings.insert({ id: 'a', value: 'new' })).toBe(false)
      clock.advance(1)
      expect(await settings.insert({ id: 'a', value: 'new' })).toBe(true)
      expect(await settings.insert({ id: 'a', value: 'newer' })).toBe(false)
      expect(await settings.get('a')).toStrictEqual({ id: 'a', value: 'new', version: 1 })
    })
  })

  describe('put', () => {
    it('inserts, and overwrites all of what was there', async () => {
      const clock = createClock()
      const { artifacts } = await open(clock.now)
      await artifacts.put({ id: 'a', sealed: '1', uid: 'u', expiresAt: clock.now() + minute })
      expect(await artifacts.get('a')).toMatchObject({ sealed: '1', version: 1 })
      await artifacts.put({ id: 'a', sealed: '2' })
      expect(await artifacts.get('a')).toStrictEqual({ id: 'a', sealed: '2', version: 2 })
      expect(await artifacts.findBy('uid', 'u')).toStrictEqual([])
      clock.advance(2 * minute)
      expect(await artifacts.get('a')).toBeDefined()
    })

    it('makes every compare-and-set from before it fail', async () => {
      const { settings } = await open()
      await settings.insert({ id: 'a', value: '1' })
      await settings.put({ id: 'a', value: '2' })
      expect(await settings.replace({ id: 'a', value: '3', version: 1 })).toBe(false)
      expect((await settings.get('a'))?.value).toBe('2')
    })

    it('brings an expired entity back to life', async () => {
      const clock = createClock()
      const { settings } = await open(clock.now)
      await settings.insert({ id: 'a', value: '1', expiresAt: clock.now() })
      await settings.put({ id: 'a', value: '2', expiresAt: clock.now() + 1 })
      expect((await settings.get('a'))?.value).toBe('2')
    })
  })

  describe('replace', () => {
    it('writes only over the version it was given, and raises it by one', async () => {
      const { artifacts } = await open()
      await artifacts.insert({ id: 'a', sealed: '1', uid: 'u' })
      expect(await artifacts.replace({ id: 'a', sealed: '2', grantId: 'g', version: 1 })).toBe(true)
      expect(await artifacts.get('a')).toStrictEqual({ id: 'a', sealed: '2', grantId: 'g', version: 2 })
      expect(await artifacts.replace({ id: 'a', sealed: '3', version: 1 })).toBe(false)
      expect(await artifacts.replace({ id: 'a', sealed: '3', version: 3 })).toBe(false)
      expect(await artifacts.replace({ id: 'a', sealed: '3', version: 2 })).toBe(true)
      expect(await artifacts.findBy('uid', 'u')).toStrictEqual([])
    })

    it('never creates', async () => {
      const { settings } = await open()
      expect(await settings.replace({ id: 'a', value: '', version: 1 })).toBe(false)
      expect(await settings.replace({ id: 'a', value: '', version: 0 })).toBe(false)
      expect(await settings.count()).toBe(0)
    })

    it('never revives an expired entity', async () => {
      const clock = createClock()
      const { settings } = await open(clock.now)
      await settings.insert({ id: 'a', value: '1', expiresAt: clock.now() + 1 })
      clock.advance(1)
      const revived = { id: 'a', value: '2', version: 1, expiresAt: clock.now() + minute }
      expect(await settings.replace(revived)).toBe(false)
      expect(await settings.get('a')).toBeUndefined()
    })

    it('can set, move and clear the expiry', async () => {
      const clock = createClock()
      const { settings } = await open(clock.now)
      const entity = { id: 'a', value: '' }
      await settings.insert(entity)
      await settings.replace({ ...entity, version: 1, expiresAt: clock.now() + minute })
      await settings.replace({ ...entity, version: 2, expiresAt: clock.now() + 2 * minute })
      clock.advance(minute)
      expect((await settings.get('a'))?.version).toBe(3)
      await settings.replace({ ...entity, version: 3 })
      clock.advance(9 * minute)
      expect(await settings.get('a')).toStrictEqual({ ...entity, version: 4 })
    })
  })

  describe('take, remove and removeBy', () => {
    it('give an entity away once', async () => {
      const { settings } = await open()
      await settings.insert({ id: 'a', value: 'x' })
      expect(await settings.take('a')).toStrictEqual({ id: 'a', value: 'x', version: 1 })
      expect(await settings.take('a')).toBeUndefined()
      expect(await settings.get('a')).toBeUndefined()
    })

    it('say whether something was there', async () => {
      const { settings } = await open()
      await settings.insert({ id: 'a', value: 'x' })
      expect(await settings.remove('b')).toBe(false)
      expect(await settings.remove('a')).toBe(true)
      expect(await settings.remove('a')).toBe(false)
    })

    it('take nothing that has expired, and count nothing that has', async () => {
      const clock = createClock()
      const { artifacts } = await open(clock.now)
      for (const id of ['a', 'b', 'c', 'd']) {
        await artifacts.insert({ id, sealed: '', grantId: 'g', expiresAt: clock.now() + 1 })
      }
      await artifacts.insert({ id: 'e', sealed: '', grantId: 'g' })
      clock.advance(1)
      expect(await artifacts.take('a')).toBeUndefined()
      expect(await artifacts.remove('b')).toBe(false)
      expect(await artifacts.removeBy('grantId', 'g')).toBe(1)
      clock.advance(-1)
      expect(await artifacts.findBy('grantId', 'g'), 'expired rows are deleted as well').toStrictEqual([])
    })

    it('remove all of one owner and nothing of others', async () => {
      const { artifacts } = await open()
      for (let n = 0; n < 30; n++) await artifacts.insert({ id: `${n}`, sealed: '', grantId: `g${n % 3}` })
      await artifacts.insert({ id: 'none', sealed: '' })
      expect(await artifacts.removeBy('grantId', 'g1')).toBe(10)
      expect(await artifacts.removeBy('grantId', 'g1')).toBe(0)
      expect(await artifacts.count()).toBe(21)
    })

    it('remove more of one owner than fit in a batch', async () => {
      const { artifacts } = await open()
      const ids = Array.from({ length: 1200 }, (_, n) => `${n}`)
      await Promise.all(
        ids.map((id) => artifacts.insert({ id, sealed: '', grantId: id === '7' ? 'h' : 'g' })),
      )
      expect(await artifacts.removeBy('grantId', 'g')).toBe(1199)
      expect(await artifacts.count()).toBe(1)
    })
  })

  describe('sweep', () => {
    it('deletes the expired in batches, and nothing that lives', async () => {
      const clock = createClock()
      const { settings } = await open(clock.now)
      for (let n = 0; n < 25; n++)
        await settings.insert({ id: `${n}`, value: '', expiresAt: clock.now() + n })
      await settings.insert({ id: 'later', value: '', expiresAt: clock.now() + minute })
      await settings.insert({ id: 'forever', value: '' })
      clock.advance(25)
      expect(await settings.sweep(clock.now(), 10)).toBe(10)
      expect(await settings.sweep(clock.now(), 10)).toBe(10)
      expect(await settings.sweep(clock.now(), 10)).toBe(5)
      expect(await settings.sweep(clock.now(), 10)).toBe(0)
      expect(await settings.count()).toBe(2)
      clock.advance(-25)
      expect(await settings.count(), 'swept, not only hidden').toBe(2)
    })
  })
}
