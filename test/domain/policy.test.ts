import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  assess,
  type Channel,
  type Level,
  levels,
  type Proof,
  reaches,
  type Strength,
} from '../../src/domain/assurance.ts'
import type { Authentication, Requirement, Step } from '../../src/domain/authentication.ts'
import type { Identity, IdentityState } from '../../src/domain/identity.ts'
import {
  type EnrolledWay,
  type FactorSummary,
  nextStep,
  type Policy,
  resultOf,
  type Situation,
} from '../../src/domain/policy.ts'

const now = 1_000_000

const strengths = {
  secret: { categories: ['knowledge'], amr: ['pwd'] },
  app: { categories: ['possession'], amr: ['otp'] },
  mail: { categories: ['possession'], amr: ['otp'], channel: 'email' },
  sms: { categories: ['possession'], amr: ['sms'], channel: 'sms' },
  key: { categories: ['possession'], amr: ['hwk'], phishingResistant: true, hardwareBound: true },
} as const satisfies Record<string, Strength>

type Name = keyof typeof strengths

const summary = (name: Name, first: boolean, enrollable = true): FactorSummary => ({
  ...strengths[name],
  name,
  first,
  enrollable,
})

const policy = (level: Level = 'single-factor'): Policy => ({
  level,
  factors: [
    summary('secret', true),
    summary('mail', true, false),
    summary('app', false),
    summary('sms', false),
    summary('key', false),
  ],
})

const way = (name: Name, more: Partial<EnrolledWay> = {}): EnrolledWay => ({
  ...strengths[name],
  factor: name,
  credentialId: name,
  since: now - 10_000,
  ...more,
})

const byMail = way('mail', { implied: true, credentialId: 'implied' })
const secretByMail = way('secret', { channel: 'email' })

const given = (one: EnrolledWay, more: Partial<Proof> = {}): Proof => {
  const { implied: _implied, needsCompanion: _needs, ...rest } = one
  return { ...rest, at: now - 1_000, ...more }
}

const person = (state: IdentityState = 'active', more: Partial<Identity> = {}): Identity => ({
  id: 'ana',
  version: 1,
  state,
  identifiers: [],
  claims: {},
  groups: [],
  roles: [],
  createdAt: 0,
  updatedAt: 0,
  ...more,
})

const process = (more: Partial<Authentication> = {}): Authentication => ({
  id: 'process',
  version: 1,
  expiresAt: now + 1_000,
  browser: 'browser',
  requirement: { level: 'none', essential: false },
  proofs: [],
  challenges: {},
  ...more,
})

const wanting = (level: Level, essential = true): Requirement => ({ level, essential })
const vouched: Proof = {
  factor: 'voucher',
  categories: ['possession'],
  amr: ['otp'],
  channel: 'email',
  at: now - 1_000,
}

interface Row {
  readonly process: Partial<Authentication>
  readonly enrolled?: readonly EnrolledWay[]
  readonly identity?: Identity | null
  readonly level?: Level
  readonly step: Step
}

const done: Step = { kind: 'done' }
const refused = (reason: 'expired' | 'not-allowed' | 'wrong-identity' | 'unreachable'): Step => ({
  kind: 'refused',
  reason,
})
const prove = (why: 'first-proof' | 'level', ...oneOf: Name[]): Step => ({
  kind: 'prove',
  oneOf,
  chosen: oneOf[0] ?? '',
  why,
})
const enrol = (why: 'nothing-enrolled' | 'level' | 'needs-companion', ...oneOf: Name[]): Step => ({
  kind: 'enrol',
  oneOf,
  chosen: oneOf[0] ?? '',
  why,
})

const secret = way('secret')
const app = way('app')
const short = way('secret', { needsCompanion: true })
const paper = way('sms', { credentialId: 'paper', standIn: true })

const table: Record<string, Row> = {
  'a stand-in is offered beside what it stands in for': {
    process: { proofs: [given(secret)] },
    enrolled: [secret, app, paper],
    step: prove('level', 'app', 'sms'),
  },
  'and proves in its place': {
    process: { proofs: [given(secret), given(paper)] },
    enrolled: [secret, app, paper],
    step: done,
  },
  'a stand-in for nothing is not asked for': {
    process: { proofs: [given(secret)] },
    enrolled: [secret, paper],
    step: done,
  },
  'unless two factors are demanded': {
    process: { proofs: [given(secret)], requirement: wanting('two-factor') },
    enrolled: [secret, paper],
    step: prove('level', 'sms'),
  },
  'used up, it is offered no more': {
    process: { proofs: [given(secret)] },
    enrolled: [secret, app, { ...paper, spent: true }],
    step: prove('level', 'app'),
  },
  'S25: a stand-in does not make a short password sufficient': {
    process: { proofs: [given(short)] },
    enrolled: [short, paper],
    step: enrol('needs-companion', 'secret'),
  },
  'begins with who': { process: {}, step: { kind: 'identify' } },
  'begins with who, filled in': {
    process: { requirement: { ...wanting('none'), hint: 'ana@example.com' } },
    step: { kind: 'identify', hint: 'ana@example.com' },
  },
  'asks for a proof of whom it was told': {
    process: { identifier: 'x' },
    step: prove('first-proof', 'secret', 'mail'),
  },
  'does not ask whom the requirement names': {
    process: { requirement: { ...wanting('none'), identityId: 'ana' } },
    step: prove('first-proof', 'secret', 'mail'),
  },
  'keeps to the chosen way': {
    process: { identifier: 'x', factor: 'mail' },
    step: { ...prove('first-proof', 'secret', 'mail'), chosen: 'mail' } as Step,
  },
  'ignores a choice that is not offered': {
    process: { identifier: 'x', factor: 'app' },
    step: prove('first-proof', 'secret', 'mail'),
  },
  expires: { process: { identifier: 'x', expiresAt: now }, step: refused('expired') },
  'is over once handed over': {
    process: { proofs: [given(secret)], redeemedAt: now },
    enrolled: [secret],
    step: refused('expired'),
  },
  'is done with one factor': { process: { proofs: [given(secret)] }, enrolled: [secret], step: done },
  'asks whoever enrolled a second factor for it': {
    process: { proofs: [given(secret)] },
    enrolled: [secret, app],
    step: prove('level', 'app'),
  },
  'is done with both': {
    process: { proofs: [given(secret), given(app)] },
    enrolled: [secret, app],
    step: done,
  },
  'does not ask for what only comes with an address': {
    process: { proofs: [given(secret)] },
    enrolled: [secret, byMail],
    step: done,
  },
  'nor a password of whoever came by mail': {
    process: { proofs: [given(byMail)] },
    enrolled: [secret, byMail],
    step: done,
  },
  'does not let a mailed code stand in for a second factor': {
    process: { proofs: [given(byMail), given(secret)] },
    enrolled: [secret, app, byMail],
    step: prove('level', 'app'),
  },
  'asks for both of whoever came by mail': {
    process: { proofs: [given(byMail)] },
    enrolled: [secret, app, byMail],
    step: prove('level', 'secret', 'app'),
  },
  'uses what comes with an address where the client insists': {
    process: { proofs: [given(secret)], requirement: wanting('two-factor') },
    enrolled: [secret, byMail],
    step: prove('level', 'mail'),
  },
  'but not beside a password that came by the same mail': {
    process: { proofs: [given(secretByMail)], requirement: wanting('two-factor') },
    enrolled: [secretByMail, byMail],
    step: enrol('level', 'app', 'sms', 'key'),
  },
  'combines two ways of which neither helps alone': {
    process: { proofs: [given(byMail)], requirement: wanting('two-factor') },
    enrolled: [byMail, secretByMail, way('sms', { implied: true })],
    step: prove('level', 'secret', 'sms'),
  },
  'asks on for a stronger level': {
    process: { proofs: [given(secret), given(app)], requirement: wanting('phishing-resistant') },
    enrolled: [secret, app, way('key')],
    step: prove('level', 'key'),
  },
  'is content with less than a wish': {
    process: { proofs: [given(secret)], requirement: wanting('two-factor', false) },
    enrolled: [secret],
    step: done,
  },
  'but not with less than the policy': {
    process: { proofs: [given(secret)], requirement: wanting('none', false) },
    enrolled: [secret],
    level: 'two-factor',
    step: enrol('level', 'app', 'sms', 'key'),
  },
  'is not done with less than what was demanded': {
    process: { proofs: [given(secret)], requirement: wanting('hardware-bound') },
    enrolled: [secret, app],
    step: prove('level', 'app'),
  },
  'offers to enrol what the demand needs': {
    process: { proofs: [given(secret), given(app)], requirement: wanting('hardware-bound') },
    enrolled: [secret, app],
    step: enrol('level', 'key'),
  },
  'gives up where nothing can reach it': {
    process: {
      proofs: [given(secret), given(app), given(way('sms')), given(way('key'))],
      requirement: wanting('hardware-bound'),
    },
    enrolled: [secret, app, way('sms'), { ...way('key'), hardwareBound: false }],
    step: done,
  },
  'lets nobody leave without a way of their own': {
    process: { proofs: [vouched], identityId: 'ana' },
    step: enrol('nothing-enrolled', 'secret'),
  },
  'nor with only what comes with the address that was proved': {
    process: { proofs: [vouched], identityId: 'ana' },
    enrolled: [byMail],
    step: enrol('nothing-enrolled', 'secret'),
  },
  'but lets in whoever came with that, and has nothing else': {
    process: { proofs: [given(byMail)], identityId: 'ana' },
    enrolled: [byMail],
    step: done,
  },
  'stops for the suspended': {
    process: { proofs: [given(secret)] },
    enrolled: [secret],
    identity: person('suspended'),
    step: refused('not-allowed'),
  },
  'stops for the invited': {
    process: { proofs: [given(secret)] },
    enrolled: [secret],
    identity: person('invited'),
    step: refused('not-allowed'),
  },
  'stops for the deleted': {
    process: { proofs: [given(secret)] },
    enrolled: [secret],
    identity: person('deleted'),
    step: refused('not-allowed'),
  },
  'stops for those who are gone': {
    process: { proofs: [given(secret)] },
    enrolled: [secret],
    identity: null,
    step: refused('not-allowed'),
  },
  'stops for somebody else': {
    process: { proofs: [given(secret)], requirement: { ...wanting('none'), identityId: 'eve' } },
    enrolled: [secret],
    step: refused('wrong-identity'),
  },
  'voids a proof from before a suspension': {
    process: { proofs: [given(secret)] },
    enrolled: [secret],
    identity: person('active', { notBefore: now - 500 }),
    step: refused('expired'),
  },
  'voids a proof by what was replaced since': {
    process: { proofs: [given(secret)] },
    enrolled: [way('secret', { since: now - 500 })],
    step: refused('expired'),
  },
  'voids a proof by what was removed since': {
    process: { proofs: [given(app), given(secret)] },
    enrolled: [secret],
    step: refused('expired'),
  },
  'asks for more of what is not sufficient alone': {
    process: { proofs: [given(short)] },
    enrolled: [short],
    step: enrol('needs-companion', 'secret'),
  },
  'also where only an address is beside it': {
    process: { proofs: [given(short)] },
    enrolled: [short, byMail],
    step: enrol('needs-companion', 'secret'),
  },
  'but not while its companion is there': {
    process: { proofs: [given(short), given(app)] },
    enrolled: [short, app],
    step: done,
  },
}

describe('the next step', () => {
  it.each(Object.entries(table))('%s', (_name, row) => {
    const identity = row.identity === null ? undefined : (row.identity ?? person())
    const situation = { identity, enrolled: row.enrolled ?? [] }
    expect(nextStep(process(row.process), situation, policy(row.level), now)).toEqual(row.step)
  })

  const anyName = fc.constantFrom<Name>('secret', 'app', 'mail', 'sms', 'key')
  const anyWay: fc.Arbitrary<EnrolledWay> = fc
    .record({
      name: anyName,
      id: fc.nat(3),
      channel: fc.constantFrom<Channel | undefined>(undefined, 'email'),
      implied: fc.boolean(),
      needsCompanion: fc.boolean(),
      standIn: fc.boolean(),
      spent: fc.boolean(),
    })
    .map(({ name, id, channel, implied, needsCompanion, standIn, spent }) =>
      way(name, {
        credentialId: `${name}${id}`,
        ...(channel === undefined ? {} : { channel }),
        ...(implied ? { implied } : {}),
        ...(needsCompanion && !implied ? { needsCompanion } : {}),
        ...(standIn && !implied && name !== 'secret' ? { standIn, ...(spent ? { spent } : {}) } : {}),
      }),
    )
  const anyWays = fc.uniqueArray(anyWay, { selector: (one) => one.credentialId, maxLength: 6 })
  const anyLevel = fc.constantFrom<Level>(...levels)
  const anySituation: fc.Arbitrary<Situation> = fc.record({
    identity: fc.constantFrom(undefined, person(), person('suspended'), person('invited')),
    enrolled: anyWays,
  })
  const anyProcess = fc
    .record({
      identifier: fc.constantFrom(undefined, 'x'),
      factor: fc.constantFrom(undefined, 'secret', 'mail', 'app', 'nonsense'),
      level: anyLevel,
      essential: fc.boolean(),
      identityId: fc.constantFrom(undefined, 'ana', 'eve'),
    })
    .map(({ identifier, factor, level, essential, identityId }) =>
      process({
        requirement: { level, essential, ...(identityId === undefined ? {} : { identityId }) },
        ...(identifier === undefined ? {} : { identifier }),
        ...(factor === undefined ? {} : { factor }),
      }),
    )

  it('S32: before the first proof does not depend on who exists, or on what they have', () => {
    fc.assert(
      fc.property(anyProcess, anySituation, anySituation, anyLevel, (one, here, there, level) => {
        expect(nextStep(one, here, policy(level), now)).toEqual(nextStep(one, there, policy(level), now))
      }),
    )
  })

  /** Answers every step as an honest person would, until there is none; `pick` chooses among what is offered. */
  function walk(start: Authentication, enrolled: readonly EnrolledWay[], rules: Policy, pick: () => number) {
    let at: Authentication = { ...start, identifier: 'x' }
    let ways = [...enrolled]
    for (let turn = 0; turn < 20; turn += 1) {
      const step = nextStep(at, { identity: person(), enrolled: ways }, rules, now)
      if (step.kind !== 'prove' && step.kind !== 'enrol') return { step, process: at, ways }
      const name = step.oneOf[pick() % step.oneOf.length] as Name
      if (step.kind === 'enrol') {
        const sole = new Set(at.proofs.map((one) => one.channel))
        const [channel] = sole.size === 1 ? [...sole] : []
        // What a mail may always replace keeps the channel that vouched for it.
        const kept = name === 'secret' && channel !== undefined ? { channel } : {}
        const fresh = way(name, { credentialId: `new ${name}`, since: now - 1_000, ...kept })
        ways = [...ways.filter((one) => one.factor !== name), fresh]
        const proofs = at.proofs.filter((one) => ways.some((left) => left.credentialId === one.credentialId))
        at = { ...at, proofs: [...proofs, given(fresh, channel === undefined ? {} : { channel })] }
        if (at.proofs.length === 0) return { step: refused('expired'), process: at, ways }
        continue
      }
      // Nobody gives for ever what did not help.
      const tried = new Set(at.proofs.map((one) => one.credentialId))
      const mine = ways.filter((one) => one.factor === name && !one.spent && !tried.has(one.credentialId))
      const used = mine[pick() % Math.max(1, mine.length)]
      if (used === undefined) return { step: refused('not-allowed'), process: at, ways }
      at = { ...at, proofs: [...at.proofs, given(used)] }
    }
    throw new Error('the process goes in circles')
  }

  it('ends after a few steps, whichever of the offered ways a person takes', () => {
    fc.assert(
      fc.property(
        anyProcess,
        anyWays,
        anyLevel,
        fc.infiniteStream(fc.nat(1_000)),
        (one, ways, level, picks) => {
          const { step } = walk(one, ways, policy(level), () => picks.next().value ?? 0)
          expect(['done', 'refused']).toContain(step.kind)
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('S44: done means that the policy, the demand, and the person’s own second factor are met', () => {
    fc.assert(
      fc.property(
        anyProcess,
        anyWays,
        anyLevel,
        fc.infiniteStream(fc.nat(1_000)),
        (one, ways, level, picks) => {
          const end = walk(one, ways, policy(level), () => picks.next().value ?? 0)
          if (end.step.kind !== 'done') return
          const reached = assess(end.process.proofs).level
          expect(reaches(reached, level)).toBe(true)
          if (one.requirement.essential) expect(reaches(reached, one.requirement.level)).toBe(true)
          const own = end.ways.filter((each) => !each.implied && !each.standIn).map((each) => given(each))
          if (reaches(assess(own).level, 'two-factor')) expect(reaches(reached, 'two-factor')).toBe(true)
          expect(resultOf({ ...end.process, identityId: 'ana' })).toMatchObject({
            identityId: 'ana',
            authTime: now - 1_000,
            ...assess(end.process.proofs),
          })
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('S44: no path over one channel ends at two factors', () => {
    const overMail = anyWays.map((ways) => ways.map((one) => ({ ...one, channel: 'email' as const })))
    fc.assert(
      fc.property(anyProcess, overMail, fc.infiniteStream(fc.nat(1_000)), (one, ways, picks) => {
        const closed: Policy = {
          ...policy(),
          factors: policy().factors.map((factor) => ({ ...factor, enrollable: false })),
        }
        const end = walk(one, ways, closed, () => picks.next().value ?? 0)
        expect(reaches(assess(end.process.proofs).level, 'two-factor')).toBe(false)
      }),
      { numRuns: 2_000 },
    )
  })
})
