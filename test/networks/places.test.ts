import { expect, it } from 'vitest'
import { createPlaces, readDatabase } from '../../src/networks/places.ts'
import { mmdb, world } from '../support/mmdb.ts'

const reader = readDatabase(mmdb(world))
const places = createPlaces(() => reader)

it('finds city, region and country of an address, no nearer than ten kilometres', () => {
  expect(places.find('203.0.113.7')).toEqual({
    country: 'DE',
    region: 'Bavaria',
    city: 'Munich',
    latitude: 48.1,
    longitude: 11.6,
  })
  expect(places.find('198.51.100.1')?.city).toBe('New York')
  expect(places.find('198.51.100.200')?.city).toBe('Berlin')
})

it('names the city in the language that is asked for, else in English', () => {
  expect(places.find('203.0.113.7', 'de')?.city).toBe('München')
  expect(places.find('203.0.113.7', 'de-AT')?.city).toBe('München')
  expect(places.find('203.0.113.200', 'de')?.city).toBe('Augsburg')
  expect(places.find('203.0.113.7', 'fr')?.city).toBe('Munich')
})

it('says of a database of countries what it says', () => {
  expect(places.find('192.0.2.1')).toEqual({ country: 'FR' })
})

it('takes an address in IPv6 clothes, with a zone, and every address of one /64 as one place', () => {
  expect(places.find('::ffff:203.0.113.7')?.city).toBe('Munich')
  expect(places.find('2001:db8:1:7::1')).toEqual(places.find('2001:db8:1:7:abcd:ef01:2345:6789'))
  expect(places.find('2001:db8:2::1%eth0')?.city).toBe('Tokyo')
})

it.each(['10.1.2.3', '192.168.1.4', '127.0.0.1', '::1', 'fe80::1', 'fd00::1', '100.64.0.1', '0.0.0.0'])(
  'has no place for the private address %s, whatever a database says',
  (address) => {
    const everywhere = readDatabase(
      mmdb({ '0.0.0.0/1': world['192.0.2.0/24'] ?? '', '128.0.0.0/1': world['192.0.2.0/24'] ?? '' }),
    )
    expect(createPlaces(() => everywhere).find(address)).toBeUndefined()
    expect(createPlaces(() => everywhere).find('9.9.9.9')).toEqual({ country: 'FR' })
  },
)

it.each(['', 'command-line', '203.0.113.7, 10.0.0.1', '999.1.1.1', '3fff::1', '8.8.8.8'])(
  'has no place for %o',
  (address) => {
    expect(places.find(address)).toBeUndefined()
  },
)

it('looks no IPv6 address up in a database of IPv4', () => {
  const old = readDatabase(mmdb({ '32.0.0.0/8': world['192.0.2.0/24'] ?? '' }, { ipVersion: 4 }))
  const narrow = createPlaces(() => old)
  expect(narrow.find('32.1.13.184')).toEqual({ country: 'FR' })
  expect(narrow.find('2001:db8:1::1')).toBeUndefined()
})

it('reads flat entries too, with coordinates as text', () => {
  const flat = {
    '203.0.113.0/24': { country_code: 'ch', city: 'Bern', region: 'Bern', lat: '46.948', lng: '7.447' },
    '198.51.100.0/24': { country: 'AT', city: '', state1: 'Tyrol', latitude: 1_000, longitude: 11 },
    '192.0.2.0/24': { city: 'Nowhere' },
  }
  const database = readDatabase(mmdb(flat))
  const found = createPlaces(() => database)
  expect(found.find('203.0.113.7')).toEqual({
    country: 'CH',
    region: 'Bern',
    city: 'Bern',
    latitude: 46.9,
    longitude: 7.4,
  })
  expect(found.find('198.51.100.7')).toEqual({ country: 'AT', region: 'Tyrol' })
  expect(found.find('192.0.2.1')).toBeUndefined()
})

it('finds nothing without a database', () => {
  expect(createPlaces(() => undefined).find('203.0.113.7')).toBeUndefined()
})

it('has no place where a database is damaged, and throws nothing at whoever asks', () => {
  const whole = mmdb(world)
  for (let at = 0; at < whole.length - 200; at += 7) {
    const damaged = Buffer.from(whole)
    damaged.fill(0xff, at, at + 5)
    const open = () => readDatabase(damaged)
    let opened: ReturnType<typeof open> | undefined
    try {
      opened = open()
    } catch (error) {
      expect(String(error)).toContain('MMDB')
    }
    const found = createPlaces(() => opened)
    for (const address of ['203.0.113.7', '198.51.100.1', '2001:db8:2::1'])
      expect(() => found.find(address)).not.toThrow()
  }
})
