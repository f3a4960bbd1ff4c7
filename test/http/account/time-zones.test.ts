import { expect, it } from 'vitest'
import { changedClaims } from '../../../src/domain/claims.ts'
import { timeZones } from '../../../src/http/account/time-zones.ts'

const values = timeZones('').groups.flatMap(({ options }) => options.map(({ value }) => value))

it('every time zone on offer may be saved, and stands there once, by the name that it has today', () => {
  expect(values.length).toBeGreaterThan(400)
  expect(new Set(values).size).toBe(values.length)
  for (const zoneinfo of values)
    expect([zoneinfo, 'claims' in changedClaims({}, { zoneinfo })]).toEqual([zoneinfo, true])
  for (const zone of ['Europe/Kyiv', 'Asia/Kolkata', 'America/Argentina/Ushuaia'])
    expect(values).toContain(zone)
  expect(values).not.toContain('Europe/Kiev')
})

it('a zone that is not on offer stays to be seen by whoever has it', () => {
  expect(timeZones('US/Pacific').other).toBe('US/Pacific')
  expect(timeZones('Europe/Berlin').other).toBeUndefined()
})
