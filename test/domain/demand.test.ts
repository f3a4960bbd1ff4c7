import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Level, levels, reaches } from '../../src/domain/assurance.ts'
import {
  applying,
  type Demand,
  demandOf,
  type Facts,
  type Rule,
  type Terms,
} from '../../src/domain/demand.ts'

const now = 1_000_000_000
const hour = 3_600_000

const facts = (more: Partial<Facts> = {}): Facts => ({
  identity: { groups: ['staff'], roles: ['administrator'] },
  clientId: 'shop',
  signals: ['new-device'],
  privileged: false,
  ...more,
})

describe('whom a rule is for', () => {
  it.each<[string, Rule['when'], boolean, Partial<Facts>?]>([
    ['everyone', undefined, true],
    ['a member of the group', { groups: ['board', 'staff'] }, true],
    ['not somebody of another group', { groups: ['board'] }, false],
    ['whoever has the role', { roles: ['administrator'] }, true],
    ['not whoever has another', { roles: ['editor'] }, false],
    ['a client', { clients: ['shop'] }, true],
    ['not another client', { clients: ['bank'] }, false],
    ['a signal that was raised', { signals: ['new-place', 'new-device'] }, true],
    ['not one that was not', { signals: ['new-place'] }, false],
    ['a privileged action', { action: 'privileged' }, true, { privileged: true }],
    ['not anything else', { action: 'privileged' }, false],
    ['where all of it holds', { groups: ['staff'], clients: ['shop'] }, true],
    ['not where part of it does', { groups: ['staff'], clients: ['bank'] }, false],
    [
      'S32: nobody of a group before it is known who it is',
      { groups: ['staff'] },
      false,
      { identity: undefined },
    ],
    ['S32: nobody of a role either', { roles: ['editor'] }, false, { identity: undefined }],
    ['no client where there is none', { clients: ['shop'] }, false, { clientId: undefined }],
  ])('%s', (_name, when, applies, more) => {
    expect(applying([{ name: 'rule', when, level: 'two-factor' }], facts(more))).toHaveLength(applies ? 1 : 0)
  })
})

describe('what is demanded', () => {
  const demanded = (
    rules: readonly Rule[],
    since: Record<string, number> = {},
    level: Level = 'single-factor',
  ) => demandOf(rules, { level, since, now })

  it('without rules is the level of the policy', () => {
    const terms = { level: 'single-factor' }
    expect(demanded([])).toEqual({ full: terms, due: terms, trustedDevice: true, rules: [] })
  })

  it('is the strictest of all that apply', () => {
    const rules: Rule[] = [
      { name: 'a', level: 'two-factor', fresh_within: 2 * hour, factors: ['password', 'totp', 'passkey'] },
      { name: 'b', level: 'phishing-resistant', factors: ['passkey', 'totp'], trusted_device: true },
      { name: 'c', fresh_within: hour, trusted_device: false },
    ]
    const terms = { level: 'phishing-resistant', freshWithin: hour, factors: ['totp', 'passkey'] }
    expect(demanded(rules)).toEqual({
      full: terms,
      due: terms,
      trustedDevice: false,
      forbidsTrust: true,
      rules: ['a', 'b', 'c'],
    })
  })

  it('never falls below the level of the policy', () => {
    expect(demanded([{ name: 'a', level: 'single-factor' }], {}, 'two-factor').full.level).toBe('two-factor')
  })

  it('gives time only where a rule does, and only until then', () => {
    const slow: Rule = { name: 'slow', level: 'phishing-resistant', enrol_within: 2 * hour }
    const rules: Rule[] = [{ name: 'at-once', level: 'two-factor' }, slow]
    expect(demanded(rules)).toMatchObject({
      due: { level: 'two-factor' },
      full: { level: 'phishing-resistant' },
      until: now + 2 * hour,
    })
    expect(demanded(rules, { slow: now - hour }).until).toBe(now + hour)
    const over = demanded(rules, { slow: now - 2 * hour })
    expect(over.due).toEqual(over.full)
    expect(over.until).toBeUndefined()
  })

  it('is due at the earliest of several deadlines', () => {
    const rules: Rule[] = [
      { name: 'a', level: 'two-factor', enrol_within: 3 * hour },
      { name: 'b', level: 'two-factor', enrol_within: 5 * hour },
    ]
    expect(demanded(rules, { b: now - 4 * hour }).until).toBe(now + hour)
  })

  it('after a signal is excused by no device', () => {
    const rule: Rule = {
      name: 'a',
      when: { signals: ['new-place'] },
      level: 'two-factor',
      trusted_device: true,
    }
    expect(demanded([rule]).trustedDevice).toBe(false)
  })
})

describe('a further rule or signal', () => {
  const words = (...all: string[]) => fc.subarray(all, { minLength: 1 })
  const anyRule = (name: fc.Arbitrary<string>): fc.Arbitrary<Rule> =>
    fc.record(
      {
        name,
        when: fc.record(
          {
            groups: words('staff', 'board'),
            clients: words('shop', 'bank'),
            signals: words('new-place', 'new-device'),
            action: fc.constant('privileged' as const),
          },
          { requiredKeys: [] },
        ),
        level: fc.constantFrom(...levels.filter((level) => level !== 'none')),
        fresh_within: fc.integer({ min: 1, max: 5 }).map((hours) => hours * hour),
        factors: words('secret', 'app', 'mail', 'key'),
        enrol_within: fc.integer({ min: 1, max: 5 }).map((hours) => hours * hour),
        trusted_device: fc.boolean(),
      },
      { requiredKeys: ['name'] },
    )
  const anyRules = fc.array(anyRule(fc.constantFrom('a', 'b', 'c')), { maxLength: 4 })
  const anySignals = fc.subarray(['new-place', 'new-device'])
  const anySince = fc.dictionary(
    fc.constantFrom('a', 'b', 'c', 'more'),
    fc.integer({ min: now - 6 * hour, max: now }),
  )
  const anyLevel = fc.constantFrom<Level>(...levels)

  const asStrict = (one: Terms, other: Terms): boolean =>
    reaches(one.level, other.level) &&
    (one.freshWithin ?? Number.POSITIVE_INFINITY) <= (other.freshWithin ?? Number.POSITIVE_INFINITY) &&
    (other.factors === undefined ||
      (one.factors ?? ['anything']).every((name) => other.factors?.includes(name)))

  function notLess(more: Demand, less: Demand): void {
    expect(asStrict(more.full, less.full)).toBe(true)
    expect(asStrict(more.due, less.due)).toBe(true)
    if (!less.trustedDevice) expect(more.trustedDevice).toBe(false)
    // Time may only be given for what it adds itself.
    if (less.until !== undefined) expect(more.until).toBeLessThanOrEqual(less.until)
  }

  it('never asks for less', () => {
    const all = fc.tuple(anyRules, anyRule(fc.constant('more')), anySince, anySignals, anyLevel)
    fc.assert(
      fc.property(all, fc.boolean(), ([rules, further, since, signals, level], privileged) => {
        const at = facts({ signals, privileged })
        const before = demandOf(applying(rules, at), { level, since, now })
        notLess(demandOf(applying([...rules, further], at), { level, since, now }), before)
        const raised = facts({ signals: ['new-place', 'new-device'], privileged })
        notLess(demandOf(applying(rules, raised), { level, since, now }), before)
      }),
      { numRuns: 2_000 },
    )
  })
})
