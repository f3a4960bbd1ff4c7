/** What each reading verb shows, and what it never shows. */
import { describe, expect, it } from 'vitest'
import { minute } from '../../src/domain/time.ts'
import type { Job, Setting } from '../../src/ports/store.ts'
import { createClock } from '../support/clock.ts'
import type { OpenStore } from '../support/stores.ts'

/** Describes this part of the suite for one engine. */
export function readConformance(open: OpenStore): void {
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
      const walked = async (query: object) =>
        (
          await identities.page({ limit: 9, where: { index: 'groups', value: 'guests' }, ...query })
        ).items.map(({ id }) => id)
      expect(await walked({ descending: true })).toStrictEqual(['ben', 'ana'])
      expect(await walked({ descending: true, after: 'ben' })).toStrictEqual(['ana'])
      expect(await walked({ after: 'ana', prefix: 'b' })).toStrictEqual(['ben'])
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
}
