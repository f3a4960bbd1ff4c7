import { expect, it } from 'vitest'
import { coarse, distanceBetween, type Place, placeName } from '../../src/domain/place.ts'

const berlin: Place = { country: 'DE', city: 'Berlin', latitude: 52.520_008, longitude: 13.404_954 }
const newYork: Place = { country: 'US', city: 'New York', latitude: 40.712_776, longitude: -74.005_974 }

it('keeps a place no nearer than about ten kilometres', () => {
  expect(coarse(berlin)).toEqual({ country: 'DE', city: 'Berlin', latitude: 52.5, longitude: 13.4 })
  expect(coarse({ country: 'DE', latitude: 1 })).toEqual({ country: 'DE' })
})

it('measures along the surface of the earth', () => {
  expect(distanceBetween(berlin, newYork)).toBeCloseTo(6_385, -1)
  expect(distanceBetween(berlin, berlin)).toBe(0)
  const north = { country: 'AQ', latitude: 90, longitude: 0 }
  const south = { country: 'AQ', latitude: -90, longitude: 180 }
  expect(distanceBetween(north, south)).toBeCloseTo(20_015, -1)
  expect(distanceBetween(berlin, { country: 'US' })).toBeUndefined()
  expect(distanceBetween({ country: 'US' }, berlin)).toBeUndefined()
})

it.each([
  [berlin, 'en', 'Berlin, Germany'],
  [berlin, 'de', 'Berlin, Deutschland'],
  [{ country: 'FR' }, 'en', 'France'],
  [{ country: 'DE', region: 'Bavaria' }, 'en', 'Bavaria, Germany'],
  [{ country: 'SG', city: 'Singapore' }, 'en', 'Singapore'],
  [{ country: 'zz9', city: 'X' }, 'en', 'X, zz9'],
] satisfies [Place, string, string][])('names %o in %s', (place, language, name) => {
  expect(placeName(place, language)).toBe(name)
})
