import { describe, expect, it } from 'vitest'
import type { Visit } from '../../src/authentication/index.ts'
import { createPlaces, readDatabase } from '../../src/networks/places.ts'
import type { Facts, RiskSignals } from '../../src/ports/signal.ts'
import type { Store } from '../../src/ports/store.ts'
import { createClock } from '../support/clock.ts'
import { mmdb, world } from '../support/mmdb.ts'
import { eachStore } from '../support/stores.ts'
import { attempt, createHouse, day, guess, hour, identified, secret, visit } from './house.ts'

const [munich, berlin, tokyo, nowhere] = ['203.0.113.7', '198.51.100.200', '2001:db8:2::1', '10.1.2.3']
const device = 'd'.repeat(22)
const another = 'e'.repeat(22)
const reader = readDatabase(mmdb(world))
const places = createPlaces(() => reader)

/** Notes what it is asked; raises one signal always. */
function noting(comparesPlaces = true) {
  const seen: Facts[] = []
  const signals: RiskSignals = {
    names: ['always'],
    comparesPlaces,
    raised(facts) {
      seen.push(facts)
      return ['always']
    },
  }
  return { seen, signals }
}

describe('what is noticed with the first proof', () => {
  eachStore((_name, open) => {
    async function watched(comparesPlaces?: boolean) {
      const clock = createClock()
      const { seen, signals } = noting(comparesPlaces)
      const house = createHouse(await open(clock.now), { clock, signals, places })
      await house.person('ana@example.com', { username: 'ana' })
      const signIn = (more: Partial<Visit>) => attempt(house, 'ana@example.com', secret, visit(more))
      return { ...house, house, seen, signIn }
    }

    it('S32: is noticed with it and not before, whoever is named and however often they are wrong', async () => {
      const { house, engine, seen, signIn, store } = await watched()
      await signIn({ device, address: munich })
      expect(seen).toHaveLength(1)
      const there = visit({ device: another, address: tokyo })
      const who = await identified(house, 'ana@example.com', there)
      await engine.current(who, there)
      await engine.prove(who, there, 'password', { password: 'not this one at all' })
      await engine.prove(await identified(house, 'nobody@example.com', there), there, 'password', {
        password: secret,
      })
      expect(seen).toHaveLength(1)
      expect(await observedOf(store)).toEqual([{ signals: ['always'] }])
      await engine.prove(who, there, 'password', { password: secret })
      expect(seen).toHaveLength(2)
    })

    it('is in the audit, beside the proof with which it was noticed', async () => {
      const { audit, signIn } = await watched()
      await signIn({ device })
      const { items } = await audit.list({ action: 'authentication.proved', limit: 10 })
      expect(items.map(({ details }) => details?.signals)).toEqual([['always']])
    })

    it('is whether the browser is known, before it is remembered', async () => {
      const { seen, signIn } = await watched()
      await signIn({ device })
      await signIn({ device })
      await signIn({ device: another })
      await signIn({})
      expect(seen.map(({ deviceKnown }) => deviceKnown)).toEqual([false, true, false, false])
    })

    it('is where the person was before, coarsely, and nothing at the first sign-in', async () => {
      const { seen, signIn, clock } = await watched()
      const began = clock.now()
      await signIn({ address: munich })
      clock.advance(hour)
      await signIn({ address: nowhere })
      clock.advance(hour)
      await signIn({ address: munich })
      clock.advance(hour)
      await signIn({ address: berlin })
      await signIn({ address: tokyo })
      const cities = seen.map(({ earlier }) =>
        earlier.map(({ at, place }) => [place.city, (at - began) / hour]),
      )
      expect(cities).toEqual([
        [],
        [['Munich', 0]],
        [['Munich', 0]],
        [['Munich', 2]],
        [
          ['Berlin', 3],
          ['Munich', 2],
        ],
      ])
      expect(seen.map(({ place }) => place?.city)).toEqual(['Munich', undefined, 'Munich', 'Berlin', 'Tokyo'])
      expect(seen[4]?.earlier[1]?.place).toMatchObject({ latitude: 48.1, longitude: 11.6 })
    })

    it('is a place no longer than half a year', async () => {
      const { seen, signIn, clock } = await watched()
      await signIn({ address: munich })
      clock.advance(100 * day)
      await signIn({ address: berlin })
      clock.advance(100 * day)
      await signIn({ address: berlin })
      expect(seen[2]?.earlier.map(({ place }) => place.city)).toEqual(['Berlin'])
      clock.advance(181 * day)
      await signIn({ address: berlin })
      expect(seen[3]?.earlier).toEqual([])
    })

    it('keeps at most twenty places, sealed, and none when a sign-in does not succeed', async () => {
      const { house, engine, seen, signIn, store } = await watched()
      for (let index = 0; index < 5; index += 1)
        for (const address of [munich, berlin, tokyo]) await signIn({ address })
      expect(seen.at(-1)?.earlier).toHaveLength(3)
      const [row] = (await store.whereabouts.page({ limit: 10 })).items
      expect(JSON.stringify(row)).not.toMatch(/Munich|48\.1|"at"/)
      const there = visit({ address: '198.51.100.1' })
      const who = await identified(house, 'ana@example.com', there)
      await engine.prove(who, there, 'password', { password: 'not this one at all' })
      await signIn({ address: munich })
      expect(seen.at(-1)?.earlier.map(({ place }) => place.city)).not.toContain('New York')
    })

    it('two sign-ins at once are both remembered', async () => {
      const { seen, signIn } = await watched()
      await Promise.all([munich, berlin, tokyo].map((address) => signIn({ address })))
      await signIn({})
      expect(
        seen
          .at(-1)
          ?.earlier.map(({ place }) => place.city)
          .toSorted(),
      ).toEqual(['Berlin', 'Munich', 'Tokyo'])
    })

    it('keeps no place when nothing compares places', async () => {
      const { seen, signIn, store } = await watched(false)
      await signIn({ address: munich })
      await signIn({ address: munich })
      expect(seen[1]?.earlier).toEqual([])
      expect(await store.whereabouts.count()).toBe(0)
    })

    it('erasure takes the places with everything else', async () => {
      const { identities, signIn, store } = await watched()
      await signIn({ address: munich })
      expect(await store.whereabouts.count()).toBe(1)
      const ana = await identities.findByIdentifier('username', 'ana')
      await identities.remove(ana?.id ?? '', { kind: 'operator' })
      expect(await store.whereabouts.count()).toBe(0)
    })

    it('is how many wrong answers there were, of everybody on an unknown browser', async () => {
      const { house, seen, signIn, clock } = await watched()
      await signIn({})
      await guess(house, 'ana@example.com', 7, visit({ address: '198.51.100.9' }))
      clock.advance(hour)
      await signIn({})
      await signIn({})
      expect(seen.map(({ failures }) => failures)).toEqual([0, 7, 0])
    })

    it('is the same whichever name of the person was guessed at', async () => {
      const { house, seen, signIn } = await watched()
      await guess(house, 'ana', 3, visit({ address: '198.51.100.9' }))
      await signIn({})
      expect(seen.map(({ failures }) => failures)).toEqual([3])
    })

    it('S26: is of a known browser only what was answered there: nobody makes its owner prove more by guessing', async () => {
      const { house, seen, signIn } = await watched()
      await signIn({ device })
      await guess(house, 'ana@example.com', 7, visit({ address: '198.51.100.9' }))
      await guess(house, 'ana@example.com', 2, visit({ device }))
      await signIn({ device })
      expect(seen.map(({ failures }) => failures)).toEqual([0, 2])
    })
  })

  async function observedOf(store: Store) {
    const { items } = await store.authentications.page({ limit: 100 })
    return items.flatMap(({ observed }) => (observed === undefined ? [] : [observed]))
  }
})
