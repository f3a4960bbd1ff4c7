/** What every engine must do: each sentence of src/ports/storage.ts that one process can show. Races are in races.ts. */
import { describe, expect, it } from 'vitest'
import { minute } from '../../src/domain/time.ts'
import type { Artifact, Job, Setting } from '../../src/ports/store.ts'
import { createClock } from '../support/clock.ts'
import type { OpenStore } from '../support/stores.ts'

const versioned = <E extends { id: string }>(draft: E, version = 1) => ({ ...draft, version })

/** Describes the suite for one engine; `open` gives a store in an empty database, under the given clock. */
export function storageConformance(open: OpenStore): void {
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

  describe('values', () => {
    const odd = {
      id: 'odd',
      sealed: 'NUL \0, quotes " \' `, backslash \\, emoji 🦉, newline \n',
      text: {
        '': 'empty name',
        'https://api.example.com/a.b': ['read'],
        $ne: null,
        'a%2Eb': 1,
        __proto__x: 2,
      },
      numbers: [0, -1, 1.5, 2 ** 31, 2 ** 53 - 1, -(2 ** 40), 1e-9],
      nested: { a: { b: { c: [[], {}, [null, false]] } }, _bsontype: 'ObjectId', 'nul\0': 1 },
    }

    it('come back deeply equal, whatever their names are', async () => {
      const { artifacts } = await open()
      await artifacts.insert(odd)
      expect(await artifacts.get('odd')).toStrictEqual(versioned(odd))
      await artifacts.put({ ...odd, uid: 'u' } as unknown as Artifact)
      expect(await artifacts.findBy('uid', 'u')).toStrictEqual([versioned({ ...odd, uid: 'u' }, 2)])
    })

    it('keep a property named __proto__ as data', async () => {
      const { artifacts } = await open()
      const details = JSON.parse('{"__proto__": {"admin": true}}')
      await artifacts.insert({ id: 'a', sealed: '', details } as Omit<Artifact, 'version'>)
      const found = (await artifacts.get('a')) as unknown as { details: { admin?: boolean } }
      expect(JSON.stringify(found.details)).toBe('{"__proto__":{"admin":true}}')
      expect(found.details.admin).toBeUndefined()
    })

    it('lose undefined properties, and nothing else', async () => {
      const { artifacts } = await open()
      const entity = { id: 'a', sealed: 's', uid: undefined, deep: { gone: undefined, kept: null } }
      await artifacts.insert(entity as unknown as Artifact)
      expect(await artifacts.get('a')).toStrictEqual({
        id: 'a',
        sealed: 's',
        deep: { kept: null },
        version: 1,
      })
    })

    it('are not shared with the caller', async () => {
      const { artifacts } = await open()
      const entity = { id: 'a', sealed: 's', list: ['one'] }
      await artifacts.insert(entity)
      entity.list.push('two')
      expect(await artifacts.get('a')).toMatchObject({ list: ['one'] })
    })

    it('expire at fractions of a millisecond as written', async () => {
      const clock = createClock(Math.ceil(Date.now()))
      const { settings } = await open(clock.now)
      const draft = { id: 'a', value: '', expiresAt: clock.now() + 0.5 }
      await settings.insert(draft)
      expect(await settings.get('a')).toStrictEqual(versioned(draft))
      clock.advance(1)
      expect(await settings.get('a')).toBeUndefined()
    })

    it('may be large', async () => {
      const { artifacts } = await open()
      const draft = { id: 'a', sealed: 'x'.repeat(1_000_000) }
      await artifacts.insert(draft)
      expect(await artifacts.get('a')).toStrictEqual(versioned(draft))
    })
  })

  describe('ids', () => {
    it('of any well-formed text tell entities apart', async () => {
      const { settings } = await open()
      const ids = [
        '',
        ' ',
        'a',
        'A',
        'ä',
        'a\u0308',
        'a\0',
        'a\0b',
        '$ne',
        'a.b',
        '🦉',
        '\ufffd',
        "' OR 1=1 --",
      ]
      for (const id of ids) expect(await settings.insert({ id, value: id })).toBe(true)
      for (const id of ids) expect((await settings.get(id))?.value).toBe(id)
      expect(await settings.count()).toBe(ids.length)
    })

    it.each([
      ['an object with an operator', { $ne: null }],
      ['a list', ['a']],
      ['a number', 1],
      ['half of a character', '\ud83e'],
    ])('that are %s are refused by every verb', async (_, id) => {
      const store = await open()
      await store.settings.insert({ id: 'a', value: 'b' })
      const { artifacts, settings } = store
      const bad = id as string
      const refusals = [
        settings.get(bad),
        settings.insert({ id: bad, value: '' }),
        settings.put({ id: bad, value: '' }),
        settings.replace({ id: bad, value: '', version: 1 }),
        settings.take(bad),
        settings.remove(bad),
        artifacts.findBy('uid', bad),
        artifacts.removeBy('uid', bad),
        artifacts.page({ limit: 1, where: { index: 'uid', value: bad } }),
        artifacts.page({ limit: 1, prefix: bad }),
        artifacts.page({ limit: 1, after: bad }),
      ]
      for (const refusal of refusals) await expect(refusal).rejects.toMatchObject({ code: 'bad-request' })
      expect(await settings.count()).toBe(1)
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
  })

  describe('findBy', () => {
    it('answers living entities in id order, at most 1000', async () => {
      const clock = createClock()
      const { jobs } = await open(clock.now)
      const job = { sealed: '', dueAt: 0, tries: 0, leasedUntil: 0 }
      await Promise.all(
        Array.from({ length: 1010 }, (_, n) => jobs.insert({ ...job, id: `${10_000 + n}`, kind: 'mail' })),
      )
      await jobs.insert({ ...job, id: '0', kind: 'mail', expiresAt: clock.now() })
      await jobs.insert({ ...job, id: '1', kind: 'other' })
      const found = await jobs.findBy('kind', 'mail')
      expect(found.map(({ id }) => id)).toStrictEqual(Array.from({ length: 1000 }, (_, n) => `${10_000 + n}`))
    })

    it('finds by each value of a list, and follows its changes', async () => {
      const { identities } = await open()
      const ana = {
        id: 'ana',
        state: 'active' as const,
        identifiers: [],
        claims: {},
        groups: ['staff', 'staff', 'board'],
        roles: [],
        createdAt: 1,
        updatedAt: 1,
      }
      await identities.insert(ana)
      await identities.insert({ ...ana, id: 'ben', groups: ['staff'] })
      const members = async (group: string) => (await identities.findBy('groups', group)).map(({ id }) => id)
      expect(await members('staff')).toStrictEqual(['ana', 'ben'])
      expect(await members('board')).toStrictEqual(['ana'])
      await identities.replace({ ...ana, groups: ['guests'], version: 1 })
      expect(await members('staff')).toStrictEqual(['ben'])
      expect(await members('guests')).toStrictEqual(['ana'])
      await identities.put({ ...ana, id: 'ben', groups: ['guests'] })
      expect(await members('guests')).toStrictEqual(['ana', 'ben'])
      const page = await identities.page({ limit: 1, where: { index: 'groups', value: 'guests' } })
      expect(page).toMatchObject({ items: [{ id: 'ana' }], next: 'ana' })
      expect(await identities.removeBy('groups', 'guests')).toBe(2)
      expect(await identities.count()).toBe(0)
    })

    it('refuses what no declaration names', async () => {
      const { artifacts } = await open()
      for (const index of ['sealed', 'id', 'uid" OR 1=1 --', '$where']) {
        await expect(artifacts.findBy(index, 'x')).rejects.toThrow(TypeError)
        await expect(artifacts.removeBy(index, 'x')).rejects.toThrow(TypeError)
        await expect(artifacts.page({ limit: 1, where: { index, value: 'x' } })).rejects.toThrow(TypeError)
      }
    })
  })

  describe('expiry', () => {
    it('hides an entity from every read at its very moment, swept or not', async () => {
      const clock = createClock()
      const { artifacts } = await open(clock.now)
      await artifacts.insert({ id: 'a', sealed: '', uid: 'u', expiresAt: clock.now() + minute })
      const seen = async () => [
        (await artifacts.get('a')) !== undefined,
        (await artifacts.findBy('uid', 'u')).length === 1,
        (await artifacts.page({ limit: 10 })).items.length === 1,
        (await artifacts.page({ limit: 10, where: { index: 'uid', value: 'u' } })).items.length === 1,
        (await artifacts.count()) === 1,
      ]
      clock.advance(minute - 1)
      expect(await seen()).toStrictEqual([true, true, true, true, true])
      clock.advance(1)
      expect(await seen()).toStrictEqual([false, false, false, false, false])
    })

    it('leaves an entity without one for ever', async () => {
      const clock = createClock()
      const { settings } = await open(clock.now)
      await settings.insert({ id: 'a', value: '' })
      clock.advance(100 * 365 * 24 * 60 * minute)
      expect(await settings.get('a')).toBeDefined()
      expect(await settings.sweep(clock.now(), 10)).toBe(0)
    })
  })

  describe('page', () => {
    const fill = async (
      settings: { insert(draft: Omit<Setting, 'version'>): Promise<boolean> },
      ids: string[],
    ) => {
      for (const id of ids) await settings.insert({ id, value: '' })
    }

    it('walks in id order, either way', async () => {
      const { settings } = await open()
      await fill(settings, ['c', 'a', 'e', 'b', 'd'])
      const first = await settings.page({ limit: 2 })
      expect(first).toMatchObject({ items: [{ id: 'a' }, { id: 'b' }], next: 'b' })
      const second = await settings.page({ limit: 3, after: 'b' })
      expect(second.items.map(({ id }) => id)).toStrictEqual(['c', 'd', 'e'])
      expect(second).not.toHaveProperty('next')
      const last = await settings.page({ limit: 2, descending: true })
      expect(last).toMatchObject({ items: [{ id: 'e' }, { id: 'd' }], next: 'd' })
      const rest = await settings.page({ limit: 9, descending: true, after: 'd' })
      expect(rest.items.map(({ id }) => id)).toStrictEqual(['c', 'b', 'a'])
    })

    it('keeps to a prefix, to the letter', async () => {
      const { settings } = await open()
      await fill(settings, ['a', 'b', 'b.', 'b%', 'b_', 'b\uffff', 'bä', 'B', 'c', 'ba', 'b🦉'])
      const all = await settings.page({ limit: 100, prefix: 'b' })
      expect(new Set(all.items.map(({ id }) => id))).toStrictEqual(
        new Set(['b', 'b.', 'b%', 'b_', 'b\uffff', 'bä', 'ba', 'b🦉']),
      )
      const down = await settings.page({ limit: 100, prefix: 'b', descending: true })
      expect(down.items).toStrictEqual(all.items.toReversed())
      const after = await settings.page({ limit: 100, prefix: 'b', after: 'b' })
      expect(after.items).toHaveLength(7)
      const dotted = await settings.page({ limit: 100, prefix: 'b.' })
      expect(dotted.items.map(({ id }) => id)).toStrictEqual(['b.'])
      expect((await settings.page({ limit: 1, prefix: 'zz' })).items).toStrictEqual([])
    })

    it('filters by a declared index, with prefix and cursor', async () => {
      const { jobs } = await open()
      for (let n = 0; n < 20; n++) {
        const kind = n % 2 ? 'mail' : 'push'
        await jobs.insert({
          id: `${100 + n}`,
          kind,
          sealed: '',
          dueAt: 0,
          tries: 0,
          leasedUntil: 0,
        } satisfies Omit<Job, 'version'>)
      }
      const where = { index: 'kind', value: 'mail' }
      const page = await jobs.page({ limit: 3, where, prefix: '10' })
      expect(page).toMatchObject({ items: [{ id: '101' }, { id: '103' }, { id: '105' }], next: '105' })
      const next = await jobs.page({ limit: 3, where, prefix: '10', after: '105' })
      expect(next.items.map(({ id }) => id)).toStrictEqual(['107', '109'])
      expect(next).not.toHaveProperty('next')
    })

    it('shows each entity that lives during the walk exactly once, whatever is written meanwhile', async () => {
      const { settings } = await open()
      const stays = Array.from({ length: 60 }, (_, n) => `k${100 + n * 2}`)
      await fill(settings, stays)
      const walked: string[] = []
      let after: string | undefined
      let walking = true
      const writer = (async () => {
        for (let n = 0; walking; n = (n + 7) % 120) {
          const id = `k${100 + n}`
          if (n % 2) {
            await settings.put({ id, value: `${n}` })
            await settings.remove(`k${100 + ((n + 50) % 120)}x`)
          } else await settings.put({ id, value: 'touched' })
          await new Promise(setImmediate)
        }
      })()
      do {
        const page = await settings.page({ limit: 7, ...(after === undefined ? {} : { after }) })
        walked.push(...page.items.map(({ id }) => id))
        after = page.next
        await new Promise(setImmediate)
      } while (after !== undefined)
      walking = false
      await writer
      expect(new Set(walked).size).toBe(walked.length)
      expect(walked.filter((id) => stays.includes(id))).toStrictEqual(stays)
    })

    it('holds 1 to 1000 entities', async () => {
      const { settings } = await open()
      for (const limit of [0, -1, 1.5, 1001, Number.NaN]) {
        await expect(settings.page({ limit })).rejects.toThrow(RangeError)
      }
      expect(await settings.page({ limit: 1000 })).toStrictEqual({ items: [] })
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

  describe('the engine', () => {
    it('keeps collections apart', async () => {
      const store = await open()
      await store.settings.insert({ id: 'a', value: '' })
      await store.identityKeys.insert({ id: 'a', sealed: '' })
      expect(await store.settings.remove('a')).toBe(true)
      expect(await store.identityKeys.count()).toBe(1)
    })

    it('answers pings, and after closing says that it is not there', async () => {
      const store = await open()
      await store.ping()
      await store.ping(1_000)
      await store.close()
      await store.close()
      await expect(store.ping()).rejects.toMatchObject({ code: 'storage-unavailable', retryAfter: 5 })
      await expect(store.settings.get('a')).rejects.toMatchObject({ code: 'storage-unavailable' })
      await expect(store.settings.insert({ id: 'a', value: '' })).rejects.toMatchObject({
        code: 'storage-unavailable',
      })
    })
  })
}
