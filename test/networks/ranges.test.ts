import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { expect, it } from 'vitest'
import { createRanges, readRanges } from '../../src/networks/ranges.ts'

const ranges = createRanges([
  '203.0.113.0/24',
  '203.0.113.64/26',
  '198.51.100.7',
  '2001:db8:bad::/48',
  '0.0.0.0/32',
])

it.each([
  ['203.0.113.0', true],
  ['203.0.113.255', true],
  ['203.0.114.0', false],
  ['203.0.112.255', false],
  ['198.51.100.7', true],
  ['198.51.100.8', false],
  ['::ffff:198.51.100.7', true],
  ['2001:db8:bad:1::1', true],
  ['2001:db8:bad:1::1%eth0', true],
  ['2001:db8:bae::1', false],
  ['::cb00:7107', false],
  ['', false],
  ['nonsense', false],
])('says of %s: %s', (address, inside) => {
  expect(ranges.has(address)).toBe(inside)
})

it('has nothing when it is empty', () => {
  expect(createRanges([]).has('203.0.113.1')).toBe(false)
})

it('finds the same as a look at every range, whatever the ranges', () => {
  const network = fc
    .tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }))
    .map(([address, length]) => `${address}/${length}`)
  fc.assert(
    fc.property(fc.array(network, { maxLength: 12 }), fc.ipV4(), (networks, address) => {
      const one = ipaddr.parse(address)
      const expected = networks.some((text) => one.match(ipaddr.parseCIDR(text)))
      expect(createRanges(networks).has(address)).toBe(expected)
    }),
  )
})

it('reads a file with one range a line, comments and empty lines', () => {
  const text = '# drop list\r\n203.0.113.0/24 ; SBL1\n\n  2001:db8::/32\n198.51.100.7 # one\n'
  expect(readRanges(Buffer.from(text))).toEqual(['203.0.113.0/24', '2001:db8::/32', '198.51.100.7'])
})

it('names the line that is none', () => {
  expect(() => readRanges(Buffer.from('203.0.113.0/24\n203.0.113.0/33\n'))).toThrow('line 2')
  expect(() => readRanges(Buffer.from('<html>'))).toThrow('line 1')
})
