import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'

let cwd: string

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'signet-config-'))
})

afterEach(() => rmSync(cwd, { recursive: true }))

const load = (env: NodeJS.ProcessEnv) => loadConfig({ env, cwd })

test('every risk signal is off by default, and no place is looked up', () => {
  const { signals, places } = load({})
  expect(Object.values(signals).map(({ enabled }) => enabled)).toEqual([false, false, false, false, false])
  expect(places.database).toBeNull()
})

test.each(['NEW_PLACE', 'IMPOSSIBLE_TRAVEL'])(
  'SIGNET_SIGNALS__%s__ENABLED needs a database of places',
  (name) => {
    const env = { [`SIGNET_SIGNALS__${name}__ENABLED`]: 'true' }
    expect(() => load(env)).toThrow(
      'places.database: found nothing, expected a database, because a signal that is turned on compares places',
    )
    const { places } = load({ ...env, SIGNET_PLACES__DATABASE: 'city.mmdb' })
    expect(places.database).toBe(join(cwd, 'city.mmdb'))
  },
)

test('a rule does not wait for a signal that is turned off', () => {
  const SIGNET_POLICY__RULES =
    '[{ name: strangers, when: { signals: [new-device, many-failures] }, level: two-factor }]'
  const on = { SIGNET_SIGNALS__NEW_DEVICE__ENABLED: 'true' }
  expect(() => load({ SIGNET_POLICY__RULES, ...on })).toThrow('signals which are turned on')
  const { policy } = load({ SIGNET_POLICY__RULES, ...on, SIGNET_SIGNALS__MANY_FAILURES__ENABLED: 'true' })
  expect(policy.rules[0]?.when?.signals).toEqual(['new-device', 'many-failures'])
  const unknown = '[{ name: strangers, when: { signals: [bad-weather] }, level: two-factor }]'
  expect(() => load({ SIGNET_POLICY__RULES: unknown })).toThrow('one of new-device, new-place')
})

test('ranges are addresses or CIDR ranges, and their file is looked for where Signet starts', () => {
  const { bad_address_range } = load({
    SIGNET_SIGNALS__BAD_ADDRESS_RANGE__RANGES: '203.0.113.0/24, 2001:db8::/32',
    SIGNET_SIGNALS__BAD_ADDRESS_RANGE__FILE: 'lists/drop.txt',
  }).signals
  expect(bad_address_range.ranges).toEqual(['203.0.113.0/24', '2001:db8::/32'])
  expect(bad_address_range.file).toBe(join(cwd, 'lists/drop.txt'))
  expect(() => load({ SIGNET_SIGNALS__BAD_ADDRESS_RANGE__RANGES: '203.0.113.0/33' })).toThrow(
    '203.0.113.0/33',
  )
})
