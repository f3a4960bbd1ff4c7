import { describe } from 'vitest'
import { raceConformance } from '../conformance/races.ts'
import { engines } from '../support/stores.ts'

describe.each(Object.entries(engines()))('F3: 200 rounds of races on %s', (_, fresh) => {
  raceConformance(fresh, 200)
})
