import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Level, levels, reaches } from '../../../src/domain/assurance.ts'
import { applying, demandOf, type Facts, type Rule, type Terms } from '../../../src/domain/demand.ts'
import { nextStep } from '../../../src/domain/policy.ts'
import { anyLevel, anyName, anyWays } from './any.ts'
import { app, bare, done, given, now, person, policy, process, prove, secret } from './world.ts'

const hour = 3_600_000
const signalNames = ['new-device', 'new-place', 'many-failures']
const anySignals = fc.subarray(signalNames)
const someOf = (names: readonly string[]) => fc.subarray([...names], { minLength: 1 })

const anyRule: fc.Arbitrary<Omit<Rule, 'name'>> = fc.record(
  {
    when: fc.record(
      {
        groups: someOf(['staff', 'guests']),
        clients: someOf(['shop', 'mail']),
        signals: someOf(signalNames),
        action: fc.constant('privileged' as const),
      },
      { requiredKeys: [] },
    ),
    level: fc.constantFrom(...levels.filter((one): one is Exclude<Level, 'none'> => one !== 'none')),
    fresh_within: fc.constantFrom(1_000, hour),
    factors: fc.uniqueArray(anyName, { minLength: 1, maxLength: 4 }),
    enrol_within: fc.constantFrom(hour, 24 * hour),
    trusted_device: fc.boolean(),
  },
  { requiredKeys: [] },
)
const anyRules = fc
  .array(anyRule, { maxLength: 6 })
  .map((rules) => rules.map((rule, at): Rule => ({ ...rule, name: `rule ${at}` })))
const anyFacts: fc.Arbitrary<Facts> = fc.record({
  identity: fc.constantFrom(undefined, person(), person('active', { groups: ['staff'] })),
  clientId: fc.constantFrom(undefined, 'shop'),
  signals: anySignals,
  privileged: fc.boolean(),
})

/** At least as strong, as fresh and as choosy. */
function expectNoLess(more: Terms, less: Terms): void {
  expect(reaches(more.level, less.level)).toBe(true)
  expect(more.freshWithin ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(
    less.freshWithin ?? Number.POSITIVE_INFINITY,
  )
  if (less.factors !== undefined)
    expect(less.factors).toEqual(expect.arrayContaining([...(more.factors ?? ['none'])]))
}

describe('a risk signal', () => {
  it('never makes any set of rules demand less, of anybody', () => {
    fc.assert(
      fc.property(anyRules, anyFacts, anySignals, anyLevel, (rules, facts, further, level) => {
        const options = { level, now, since: { 'rule 0': now - 2 * hour } }
        const less = demandOf(applying(rules, facts), options)
        const raised = [...new Set([...facts.signals, ...further])]
        const more = demandOf(applying(rules, { ...facts, signals: raised }), options)
        expectNoLess(more.full, less.full)
        expectNoLess(more.due, less.due)
        if (more.trustedDevice) expect(less.trustedDevice).toBe(true)
        expect(more.rules).toEqual(expect.arrayContaining([...less.rules]))
      }),
      { numRuns: 3_000 },
    )
  })

  it('never lets anybody go on who would be stopped without it', () => {
    fc.assert(
      fc.property(
        anyRules,
        anyWays,
        anySignals,
        fc.nat(6),
        fc.boolean(),
        (rules, enrolled, signals, count, trusted) => {
          const proofs = enrolled.slice(0, count).map((one) => given(one))
          // Whatever may wait is put off: an offer to enrol stops nobody.
          const goesOn = (raised: readonly string[]) => {
            const observed = { signals: raised, ...(trusted ? { trustedUntil: now + hour } : {}) }
            const at = process({ identifier: 'x', identityId: 'ana', proofs, observed, postponed: true })
            const step = nextStep(
              at,
              { identity: person(), enrolled },
              policy('single-factor', { rules }),
              now,
            )
            return step.kind === 'done'
          }
          if (goesOn(signals)) expect(goesOn([])).toBe(true)
        },
      ),
      { numRuns: 3_000 },
    )
  })

  it('S32: a rule for signals changes nothing before the first proof', () => {
    fc.assert(
      fc.property(anyRules, anyWays, (rules, enrolled) => {
        const forSignals = rules.filter(({ when }) => when?.signals !== undefined)
        const step = (of: readonly Rule[]) =>
          bare(
            nextStep(
              process({ identifier: 'x' }),
              { identity: person(), enrolled },
              policy('single-factor', { rules: of }),
              now,
            ),
          )
        expect(step(forSignals)).toEqual(step([]))
      }),
    )
  })

  it('asks for more where a rule names it, also on a trusted device', () => {
    const rules: Rule[] = [{ name: 'strangers', when: { signals: ['new-device'] }, level: 'two-factor' }]
    const ways = { identity: person(), enrolled: [secret, app] }
    const step = (signals: readonly string[]) => {
      const observed = { signals, trustedUntil: now + hour }
      const at = process({ identifier: 'x', identityId: 'ana', proofs: [given(secret)], observed })
      return bare(nextStep(at, ways, policy('single-factor', { rules }), now))
    }
    expect(step([])).toEqual(done)
    expect(step(['new-place'])).toEqual(done)
    expect(step(['new-device'])).toEqual(prove('level', 'app'))
  })
})
