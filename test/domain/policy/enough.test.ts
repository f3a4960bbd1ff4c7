import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Rule } from '../../../src/domain/demand.ts'
import { factsOf, resultOf } from '../../../src/domain/policy.ts'
import { isEnough } from '../../../src/domain/sufficiency.ts'
import { anyLevel, anyName, anyProcess, anyWays, walk } from './any.ts'
import { now, person, policy } from './world.ts'

const day = 24 * 60 * 60_000
const anyRule = fc.record(
  {
    name: fc.constantFrom('one', 'two', 'three'),
    when: fc.constantFrom({ signals: ['new-place'] }, { clients: ['bank'] }, { groups: ['nobody'] }),
    level: fc.constantFrom<NonNullable<Rule['level']>>('single-factor', 'two-factor', 'phishing-resistant'),
    factors: fc.uniqueArray(anyName, { minLength: 1 }),
    fresh_within: fc.constant(10 * 60_000),
    enrol_within: fc.constant(7 * day),
    trusted_device: fc.constant(false),
  },
  { requiredKeys: ['name'] },
)
const anyRules = fc.uniqueArray(anyRule, { selector: ({ name }) => name, maxLength: 3 })
const anyObserved = fc.record(
  { signals: fc.constantFrom([], ['new-place']), trustedUntil: fc.constant(now + day) },
  { requiredKeys: ['signals'] },
)

it('S18: whoever just came to the end is not asked again, or they would go in circles', () => {
  let ended = 0
  fc.assert(
    fc.property(
      anyProcess,
      anyWays,
      anyLevel,
      anyRules,
      anyObserved,
      fc.constantFrom(now - day, now - 8 * day),
      fc.infiniteStream(fc.nat(1_000)),
      (one, ways, level, rules, observed, begun, picks) => {
        const demanded = policy(level, { rules: rules as readonly Rule[] })
        const deferred = { since: { one: begun, two: now - day, three: begun } }
        const start = { ...one, clientId: 'bank', observed }
        const end = walk(start, ways, demanded, () => picks.next().value ?? 0, deferred)
        if (end.step.kind !== 'done') return
        ended += 1
        const facts = factsOf(end.process, person())
        const { trustedUntil } = observed
        const at = { facts, trustedUntil, enrolled: end.ways, deferred }
        expect(isEnough(resultOf({ ...end.process, identityId: 'ana' }), at, demanded, now)).toBe(true)
      },
    ),
    { numRuns: 3_000 },
  )
  expect(ended).toBeGreaterThan(300)
})
