/** What comes out is what went in, by whatever name. */
import { describe, expect, it } from 'vitest'
import type { Artifact } from '../../src/ports/store.ts'
import { createClock } from '../support/clock.ts'
import type { OpenStore } from '../support/stores.ts'

const versioned = <E extends { id: string }>(draft: E, version = 1) => ({ ...draft, version })

/** Describes this part of the suite for one engine. */
export function valueConformance(open: OpenStore): void {
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
}
