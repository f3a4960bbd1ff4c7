import { describe, expect, it } from 'vitest'
import { parallel } from '../identities/world.ts'
import { createClock } from '../support/clock.ts'
import { eachStore } from '../support/stores.ts'
import { namedKey, spokenWord } from './factors.ts'
import { createHouse, type HouseOptions, operator, visit } from './house.ts'

describe('removals at the same moment', () => {
  eachStore((_name, open) => {
    /** Somebody with these ways, one of each line. */
    async function withKeys(keys: readonly string[], options: HouseOptions) {
      const clock = createClock()
      const house = createHouse(await open(clock.now), {
        clock,
        factors: [namedKey, spokenWord],
        ...options,
      })
      const id = await house.person('ana@example.com')
      for (const key of keys) await house.enrolments.finish(id, 'named-key', { key }, visit())
      return { ...house, id, own: await house.enrolments.list(id) }
    }

    it('F3: of any number of ways to get in one stays, if each alone could have gone', async () => {
      for (let round = 0; round < 5; round += 1) {
        const { enrolments, id, own } = await withKeys(['a', 'b', 'c'], {})
        const by = { kind: 'identity', id } as const
        const ends = await parallel(own.length, (index) => enrolments.remove(id, own[index]?.id ?? '', by))
        const left = await enrolments.list(id)
        expect(left.length).toBeGreaterThan(0)
        expect(ends.filter(({ status }) => status === 'removed')).toHaveLength(own.length - left.length)
        expect(ends).toContainEqual({ status: 'refused', reason: 'last-way' })
        for (const one of left) expect(own).toContainEqual({ ...one, version: expect.any(Number) })
      }
    })

    it('F3: what the policy needs stays as well', async () => {
      const { enrolments, id, own } = await withKeys(['a', 'b'], { level: 'two-factor' })
      const keys = own.filter(({ factor }) => factor === 'named-key')
      const by = { kind: 'identity', id } as const
      await parallel(keys.length, (index) => enrolments.remove(id, keys[index]?.id ?? '', by))
      expect((await enrolments.list(id)).map(({ factor }) => factor)).toContain('named-key')
    })

    it('an administrator who resets somebody takes away all of it', async () => {
      const { enrolments, id, own } = await withKeys(['a', 'b'], {})
      await parallel(own.length, (index) =>
        enrolments.remove(id, own[index]?.id ?? '', operator, { force: true }),
      )
      expect(await enrolments.list(id)).toEqual([])
    })
  })
})
