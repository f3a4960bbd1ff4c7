import { describe } from 'vitest'
import { raceConformance } from '../conformance/races.ts'
import { engines } from '../support/stores.ts'

describe.each(Object.entries(engines()))('F3: races on %s', (_, fresh) => {
  raceConformance(fresh, 10)
})
