import { describe, expect, it } from 'vitest'
import { nextStep } from '../../src/domain/policy.ts'
import type { EnrolledWay } from '../../src/domain/ways.ts'
import { furtherWaysIn, lacksWayIn, losesWayIn } from '../../src/domain/ways-in.ts'
import {
  app,
  bare,
  byMail,
  given,
  now,
  person,
  policy,
  process,
  secret,
  secretByMail,
  strengths,
  summary,
  way,
} from './policy/world.ts'

const key = way('key')
const paper = { ...summary('app', false), name: 'paper', standIn: true, recovery: 'first' } as const
const two = policy('single-factor', {
  waysIn: 2,
  factors: [
    summary('secret', true),
    summary('mail', true, false),
    summary('app', false),
    summary('key', true),
    paper,
  ],
})
const codes: EnrolledWay = { ...strengths.app, factor: 'paper', credentialId: 'paper', standIn: true }

describe('two ways in that are not lost together', () => {
  it.each<[string, readonly EnrolledWay[], boolean]>([
    ['nothing at all', [], true],
    ['a password', [secret], true],
    ['a password and a mailbox', [secret, byMail], false],
    ['a password that a mail can set, and the mailbox', [secretByMail, byMail], true],
    ['a password and an app that is only asked for after it', [secret, app], true],
    ['a key and codes on paper', [key, codes], false],
    ['a key and codes that are used up', [key, { ...codes, spent: true }], true],
    ['two keys', [key, { ...key, credentialId: 'other key' }], false],
  ])('%s', (_, enrolled, lacks) => {
    expect(lacksWayIn(enrolled, two)).toBe(lacks)
    expect(lacksWayIn(enrolled, { ...two, waysIn: 1 })).toBe(enrolled.length === 0)
  })

  it('are asked for at the end of a sign-in, by what would be one more', () => {
    const at = process({ proofs: [given(secretByMail)] })
    const situation = { identity: person(), enrolled: [secretByMail, byMail] }
    expect(bare(nextStep(at, situation, two, now))).toMatchObject({
      kind: 'enrol',
      why: 'backup',
      oneOf: furtherWaysIn([secretByMail, byMail], two),
    })
    expect(furtherWaysIn([secretByMail, byMail], two)).toEqual(['key', 'paper'])
    const more = { ...situation, enrolled: [secretByMail, byMail, codes] }
    expect(bare(nextStep(at, more, two, now))).toEqual({ kind: 'done' })
  })

  it('are not asked for in the middle of something, nor where there is nothing to add', () => {
    const situation = { identity: person(), enrolled: [secretByMail, byMail] }
    const requirement = { level: 'none', essential: false, stepUp: true } as const
    const at = process({ requirement, proofs: [given(secretByMail)] })
    expect(bare(nextStep(at, situation, two, now))).toEqual({ kind: 'done' })
    const bleak = { ...two, factors: two.factors.filter(({ name }) => !['key', 'paper'].includes(name)) }
    expect(bare(nextStep(process({ proofs: [given(secretByMail)] }), situation, bleak, now))).toEqual({
      kind: 'done',
    })
  })

  it('may wait as long as a rule lets things wait', () => {
    const rules = [{ name: 'soon', level: 'two-factor', enrol_within: 1_000 }] as const
    const situation = { identity: person(), enrolled: [key], deferred: { since: { soon: now } } }
    const strong = { ...given(key), categories: ['possession', 'inherence'] as const }
    const at = process({ proofs: [strong] })
    expect(bare(nextStep(at, situation, { ...two, rules }, now))).toMatchObject({
      why: 'backup',
      mayWait: { until: now + 1_000 },
    })
    const postponed = { ...at, postponed: true }
    expect(bare(nextStep(postponed, situation, { ...two, rules }, now))).toEqual({ kind: 'done' })
    expect(bare(nextStep(postponed, situation, two, now))).toMatchObject({ why: 'backup' })
  })

  it('hinder a removal only where there were two', () => {
    expect(losesWayIn([secret, byMail], [secret], two)).toBe(true)
    expect(losesWayIn([secret], [], two)).toBe(false)
    expect(losesWayIn([secret, byMail, codes], [secret, codes], two)).toBe(false)
  })
})

it('whoever used nearly all of something is offered more of it, and may say later', () => {
  const low: EnrolledWay = { ...codes, runningOut: true }
  const rules = { ...two, waysIn: 1 } as const
  const proofs = [given(secret), given(low)]
  const situation = { identity: person(), enrolled: [secret, app, low] }
  const step = bare(nextStep(process({ proofs }), situation, rules, now))
  expect(step).toEqual({ kind: 'enrol', oneOf: ['paper'], chosen: 'paper', why: 'running-out', mayWait: {} })
  expect(bare(nextStep(process({ proofs, postponed: true }), situation, rules, now))).toEqual({
    kind: 'done',
  })
  const others = process({ proofs: [given(secret), given(app)] })
  expect(bare(nextStep(others, situation, rules, now))).toEqual({ kind: 'done' })
})
