/** S44 over every path that the shipped kinds of factors allow; what counts as two is said here once more, in other words. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Proof, reaches, type Strength } from '../../../src/domain/assurance.ts'
import type { Authentication } from '../../../src/domain/authentication.ts'
import type { Rule } from '../../../src/domain/demand.ts'
import { nextStep, type Policy, resultOf } from '../../../src/domain/policy.ts'
import type { EnrolledWay } from '../../../src/domain/ways.ts'
import { anyLevel, anyProcess } from './any.ts'
import { now, person } from './world.ts'

const kinds = {
  memorised: { categories: ['knowledge'], amr: ['pwd'] },
  link: { categories: ['possession'], amr: ['otp'], channel: 'email' },
  letter: { categories: ['possession'], amr: ['otp'], channel: 'email' },
  text: { categories: ['possession'], amr: ['sms'], channel: 'sms' },
  generator: { categories: ['possession'], amr: ['otp'] },
  printed: { categories: ['possession'], amr: ['otp'] },
  phone: { categories: ['possession'], amr: ['pop'], channel: 'push' },
  unlocked: { categories: ['possession', 'inherence'], amr: ['hwk', 'user'], phishingResistant: true },
  touched: { categories: ['possession'], amr: ['hwk'], phishingResistant: true, hardwareBound: true },
} as const satisfies Record<string, Strength>

type Kind = keyof typeof kinds
const first: readonly Kind[] = ['memorised', 'unlocked', 'link', 'letter']
const implied: readonly Kind[] = ['link', 'letter', 'text']

const policyWith = (rules: readonly Rule[], level: Policy['level'], enrollable: boolean): Policy => ({
  level,
  rules,
  suggest: null,
  factors: Object.keys(kinds).map((name) => ({
    ...kinds[name as Kind],
    name,
    first: first.includes(name as Kind),
    enrollable: enrollable && !implied.includes(name as Kind),
  })),
})

const anyWay = fc
  .record({ kind: fc.constantFrom(...(Object.keys(kinds) as Kind[])), id: fc.nat(1), reset: fc.boolean() })
  .map(({ kind, id, reset }): EnrolledWay => {
    const way = { ...kinds[kind], factor: kind, since: 1 }
    if (implied.includes(kind))
      return { ...kinds[kind], factor: kind, credentialId: `implied ${kind}`, implied: true }
    // A password that was set through a mailed link is worth as much as the mail.
    const channel = kind === 'memorised' && reset ? { channel: 'email' as const } : {}
    return {
      ...way,
      ...channel,
      credentialId: `${kind} ${id}`,
      ...(kind === 'printed' ? { standIn: true } : {}),
    }
  })
const anyWays = fc.uniqueArray(anyWay, { selector: (way) => way.credentialId, maxLength: 6 })

const anyRule: fc.Arbitrary<Rule> = fc.record(
  {
    name: fc.constantFrom('a', 'b'),
    level: anyLevel.filter((level) => level !== 'none'),
    factors: fc.subarray(Object.keys(kinds), { minLength: 1 }),
    enrol_within: fc.constant(60_000),
    trusted_device: fc.boolean(),
  },
  { requiredKeys: ['name'] },
)
const anyObserved = fc.record(
  { signals: fc.subarray(['new-place']), trustedUntil: fc.constantFrom(now - 1, now + 1_000) },
  { requiredKeys: ['signals'] },
)

/** Proofs of two kinds over two ways, or one that is two by itself. */
function isTwo(proofs: readonly Proof[]): boolean {
  const alone = proofs.some(({ categories }) => categories.length > 1)
  const pairs = proofs.flatMap((one) => proofs.map((other) => [one, other] as const))
  return (
    alone ||
    pairs.some(
      ([one, other]) =>
        one.categories[0] !== other.categories[0] &&
        one.credentialId !== other.credentialId &&
        (one.channel === undefined || one.channel !== other.channel),
    )
  )
}

/** Answers each step, or puts it off, until there is none. */
function walk(start: Authentication, ways: readonly EnrolledWay[], policy: Policy, pick: () => number) {
  let at: Authentication = { ...start, identifier: 'x' }
  let own = ways
  for (let turn = 0; turn < 25; turn += 1) {
    const step = nextStep(at, { identity: person(), enrolled: own }, policy, now)
    if (step.kind === 'identify' || step.kind === 'refused' || step.kind === 'done')
      return { step, process: at, ways: own }
    if (step.kind === 'enrol' && step.mayWait !== undefined && pick() % 2 === 0) {
      at = { ...at, postponed: true }
      continue
    }
    const name = step.oneOf[pick() % step.oneOf.length] as Kind
    const tried = new Set(at.proofs.map(({ credentialId }) => credentialId))
    const candidates = own.filter((way) => way.factor === name && !tried.has(way.credentialId))
    let used = candidates[pick() % Math.max(1, candidates.length)]
    if (step.kind === 'enrol') {
      const channels = new Set(at.proofs.map(({ channel }) => channel))
      const [channel] = channels.size === 1 ? channels : []
      used = { ...kinds[name], factor: name, credentialId: `new ${name}`, since: 2 }
      if (channel !== undefined) used = { ...used, channel }
      own = [...own, used]
    }
    if (used === undefined) return { step, process: at, ways: own }
    const { implied: _implied, standIn: _standIn, ...proof } = used
    at = { ...at, identityId: 'ana', proofs: [...at.proofs, { ...proof, at: now }] }
  }
  throw new Error('the process goes in circles')
}

const anyPath = fc.record({
  start: fc.tuple(anyProcess, anyObserved).map(([process, observed]) => ({ ...process, observed })),
  ways: anyWays,
  rules: fc.uniqueArray(anyRule, { selector: ({ name }) => name, maxLength: 2 }),
  level: anyLevel,
  enrollable: fc.boolean(),
  picks: fc.infiniteStream(fc.nat(1_000)),
})

describe('S44: two factors', () => {
  it('are reported only where two categories were proved over two channels, whatever excuses or waits', () => {
    fc.assert(
      fc.property(anyPath, ({ start, ways, rules, level, enrollable, picks }) => {
        const end = walk(start, ways, policyWith(rules, level, enrollable), () => picks.next().value ?? 0)
        if (end.step.kind !== 'done') return
        const result = resultOf(end.process)
        expect(reaches(result.level, 'two-factor')).toBe(isTwo(end.process.proofs))
        expect(result.amr.includes('mfa')).toBe(isTwo(end.process.proofs))
      }),
      { numRuns: 5_000 },
    )
  })

  it('are reported the same with and without a trusted device, which only spares a question', () => {
    fc.assert(
      fc.property(anyPath, ({ start, ways, rules, level, picks }) => {
        const policy = policyWith(rules, level, false)
        const trusting = { ...start, observed: { signals: [], trustedUntil: now + 1_000 } }
        const end = walk(trusting, ways, policy, () => picks.next().value ?? 0)
        if (end.step.kind !== 'done' || !end.step.because.excused) return
        const { proofs, requirement } = end.process
        expect(proofs.length).toBeGreaterThan(0)
        const reported = resultOf(end.process).level
        expect(reaches(reported, 'two-factor')).toBe(isTwo(proofs))
        expect(reaches(requirement.level, 'two-factor')).toBe(false)
        // What is demanded above two factors was proved.
        if (reaches(level, 'phishing-resistant')) expect(reaches(reported, level)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  it.each<[string, readonly Kind[], boolean]>([
    ['a mailed link and a mailed code', ['link', 'letter'], false],
    ['a password that a mail reset, and a mailed code', ['memorised', 'letter'], false],
    ['a password that a mail reset, and a code by SMS', ['memorised', 'text'], true],
    ['an authenticator and a code on paper', ['generator', 'printed'], false],
    ['a passkey that was only touched', ['touched'], false],
    ['a passkey that was unlocked', ['unlocked'], true],
  ])('%s', (_name, names, two) => {
    const proofs = names.map((name) => {
      const channel = name === 'memorised' ? { channel: 'email' as const } : {}
      return { ...kinds[name], ...channel, factor: name, credentialId: name, at: now }
    })
    const { level } = resultOf({ ...startWith(proofs) })
    expect(reaches(level, 'two-factor')).toBe(two)
  })
})

function startWith(proofs: readonly Proof[]): Authentication {
  return {
    id: 'process',
    version: 1,
    expiresAt: now + 1_000,
    browser: 'browser',
    requirement: { level: 'none', essential: false },
    identityId: 'ana',
    proofs,
    challenges: {},
  }
}
