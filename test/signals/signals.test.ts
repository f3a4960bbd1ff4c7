import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Place } from '../../src/domain/place.ts'
import { day, hour, minute } from '../../src/domain/time.ts'
import type { Facts } from '../../src/ports/signal.ts'
import { badAddressRange } from '../../src/signals/bad-address-range.ts'
import { impossibleTravel } from '../../src/signals/impossible-travel.ts'
import { createSignals } from '../../src/signals/index.ts'
import { manyFailures } from '../../src/signals/many-failures.ts'
import { newDevice } from '../../src/signals/new-device.ts'
import { newPlace } from '../../src/signals/new-place.ts'

const now = Date.UTC(2026, 10, 24, 12)
const munich: Place = { country: 'DE', region: 'Bavaria', city: 'Munich', latitude: 48.1, longitude: 11.6 }
const augsburg: Place = {
  country: 'DE',
  region: 'Bavaria',
  city: 'Augsburg',
  latitude: 48.4,
  longitude: 10.9,
}
const berlin: Place = {
  country: 'DE',
  region: 'Land Berlin',
  city: 'Berlin',
  latitude: 52.5,
  longitude: 13.4,
}
const salzburg: Place = { country: 'AT', city: 'Salzburg', latitude: 47.8, longitude: 13 }
const newYork: Place = { country: 'US', city: 'New York', latitude: 40.7, longitude: -74 }
const tokyo: Place = { country: 'JP', city: 'Tokyo', latitude: 35.7, longitude: 139.7 }
const fiji: Place = { country: 'FJ', latitude: -17, longitude: 179.9 }
const samoa: Place = { country: 'WS', latitude: -17, longitude: -179.9 }
const germany: Place = { country: 'DE' }
const france: Place = { country: 'FR' }
const bavaria: Place = { country: 'DE', region: 'Bavaria' }
const saxony: Place = { country: 'DE', region: 'Saxony' }

const usual: Facts = {
  now,
  address: '203.0.113.7',
  place: munich,
  deviceKnown: true,
  earlier: [{ at: now - day, place: munich }],
  failures: 0,
}

type Change = Partial<Omit<Facts, 'place'>> & { readonly place?: Place | undefined }

function facts(more: Change): Facts {
  const { place, ...others } = { ...usual, ...more }
  return place === undefined ? others : { ...others, place }
}

const before = (place: Place, ago = day) => ({ at: now - ago, place })

describe('new-device', () => {
  it.each([
    ['in a browser of the person', true, false],
    ['in any other browser, and at the very first sign-in', false, true],
  ])('%s', (_, deviceKnown, raised) => {
    expect(newDevice(facts({ deviceKnown }))).toBe(raised)
  })
})

describe('new-place', () => {
  const rows: readonly [string, Change, boolean][] = [
    ['where the person was before', {}, false],
    ['in a city near by', { place: augsburg }, false],
    ['near by, in another country', { place: salzburg }, false],
    ['far away in the same country', { place: berlin }, true],
    ['on another continent', { place: newYork }, true],
    [
      'where they were once among other places',
      { place: berlin, earlier: [before(munich), before(berlin, 90 * day)] },
      false,
    ],
    ['at the first sign-in: nothing to compare', { earlier: [] }, false],
    ['when the place is not known: a private address', { place: undefined }, false],
    ['on the other side of the date line, which is near', { place: samoa, earlier: [before(fiji)] }, false],
    ['in the same country, when nothing finer is known', { place: germany }, false],
    ['in another country, when nothing finer is known', { place: france }, true],
    [
      'in another region of the country, without coordinates',
      { place: saxony, earlier: [before(bavaria)] },
      true,
    ],
    ['in the same region, without coordinates', { place: bavaria, earlier: [before(bavaria)] }, false],
    ['where only the earlier sign-in has coordinates', { place: bavaria }, false],
  ]
  it.each(rows)('%s', (_, more, raised) => {
    expect(newPlace(facts(more), { within: 200 })).toBe(raised)
  })

  it('takes as near what the setting says is near', () => {
    expect(newPlace(facts({ place: augsburg }), { within: 50 })).toBe(true)
    expect(newPlace(facts({ place: berlin }), { within: 600 })).toBe(false)
  })
})

describe('impossible-travel', () => {
  const rows: readonly [string, Change, boolean][] = [
    ['nobody moved', {}, false],
    ['New York to Munich overnight', { earlier: [before(newYork, 8 * hour)] }, false],
    ['New York to Munich in an hour', { earlier: [before(newYork, hour)] }, true],
    ['New York and Munich in the same moment', { earlier: [before(newYork, 0)] }, true],
    ['Berlin to Munich by plane', { earlier: [before(berlin, hour)] }, false],
    ['Berlin to Munich in ten minutes', { earlier: [before(berlin, 10 * minute)] }, true],
    [
      'Augsburg and Munich in the same moment: a database is not that exact',
      { earlier: [before(augsburg, 0)] },
      false,
    ],
    ['across the date line, which is near', { place: samoa, earlier: [before(fiji, 0)] }, false],
    ['only the last sign-in counts', { earlier: [before(munich, hour), before(newYork, 2 * hour)] }, false],
    ['… in whatever order they come', { earlier: [before(newYork, 9 * hour), before(tokyo, hour)] }, true],
    ['the first sign-in: nothing to compare', { earlier: [] }, false],
    ['the place is not known', { place: undefined, earlier: [before(newYork, minute)] }, false],
    [
      'the countries are known, and nothing else',
      { place: france, earlier: [before(germany, minute)] },
      false,
    ],
    ['a clock was wrong, Berlin', { earlier: [before(berlin, -10 * minute)] }, false],
    [
      'a clock was wrong, but New York is out of reach anyway',
      { earlier: [before(newYork, -10 * minute)] },
      true,
    ],
  ]
  it.each(rows)('%s', (_, more, raised) => {
    expect(impossibleTravel(facts(more), { speed: 900, uncertainty: 100 })).toBe(raised)
  })
})

describe('many-failures', () => {
  it.each([
    [0, false],
    [9, false],
    [10, true],
    [99, true],
  ])('after %i wrong answers', (failures, raised) => {
    expect(manyFailures(facts({ failures }), { after: 10 })).toBe(raised)
  })
})

describe('bad-address-range', () => {
  it.each([
    ['198.51.100.1', true],
    ['203.0.113.7', false],
  ])('from %s', (address, raised) => {
    const listed = { has: (one: string) => one.startsWith('198.') }
    expect(badAddressRange(facts({ address }), { listed })).toBe(raised)
  })
})

const everything = {
  new_device: { enabled: true },
  new_place: { enabled: true, within: 200 },
  impossible_travel: { enabled: true, speed: 900, uncertainty: 100 },
  many_failures: { enabled: true, after: 10 },
  bad_address_range: { enabled: true },
}
const nothing = Object.fromEntries(
  Object.entries(everything).map(([name, settings]) => [name, { ...settings, enabled: false }]),
) as typeof everything
const worst = facts({ deviceKnown: false, earlier: [before(newYork, minute)], failures: 50 })
const all = { has: () => true }

describe('all of them together', () => {
  it('raises what is turned on, and nothing that is not', () => {
    expect(createSignals(everything, all).raised(worst)).toEqual([
      'new-device',
      'new-place',
      'impossible-travel',
      'many-failures',
      'bad-address-range',
    ])
    expect(createSignals(nothing, all)).toMatchObject({ names: [], comparesPlaces: false })
    expect(createSignals(nothing, all).raised(worst)).toEqual([])
    const one = createSignals({ ...nothing, many_failures: { enabled: true, after: 10 } }, all)
    expect(one.names).toEqual(['many-failures'])
    expect(one.raised(worst)).toEqual(['many-failures'])
  })

  it('compares places only if one of the two that do is turned on', () => {
    const turnedOn = (name: 'new_place' | 'impossible_travel' | 'new_device') =>
      createSignals({ ...nothing, [name]: everything[name] }, all).comparesPlaces
    expect(turnedOn('new_place')).toBe(true)
    expect(turnedOn('impossible_travel')).toBe(true)
    expect(turnedOn('new_device')).toBe(false)
  })

  it('raises nothing at an ordinary sign-in', () => {
    expect(createSignals(everything, { has: () => false }).raised(usual)).toEqual([])
  })

  it('takes any facts, changes nothing, and says the same of the same', () => {
    const place = fc.record(
      {
        country: fc.constantFrom('DE', 'US'),
        region: fc.string(),
        latitude: fc.double({ min: -90, max: 90, noNaN: true }),
        longitude: fc.double({ min: -180, max: 180, noNaN: true }),
      },
      { requiredKeys: ['country'] },
    )
    const any = fc.record(
      {
        now: fc.integer(),
        address: fc.string(),
        place,
        deviceKnown: fc.boolean(),
        earlier: fc.array(fc.record({ at: fc.integer(), place })),
        failures: fc.nat(),
      },
      { requiredKeys: ['now', 'address', 'deviceKnown', 'earlier', 'failures'] },
    )
    const signals = createSignals(everything, { has: (address) => address.length > 5 })
    fc.assert(
      fc.property(any, (some) => {
        const copy = structuredClone(some)
        const raised = signals.raised(some as Facts)
        expect(some).toEqual(copy)
        expect(signals.raised(copy as Facts)).toEqual(raised)
      }),
    )
  })
})
