/** Tables of steps under rules: one row is one situation of a member of the staff. */
import { expect, it } from 'vitest'
import type { Level } from '../../../src/domain/assurance.ts'
import type { Authentication, Because } from '../../../src/domain/authentication.ts'
import type { Rule } from '../../../src/domain/demand.ts'
import { type Deferred, nextStep } from '../../../src/domain/policy.ts'
import type { EnrolledWay } from '../../../src/domain/ways.ts'
import { app, type Bare, bare, given, now, person, policy, process, secret, way } from './world.ts'

export const minute = 60_000
export const day = 24 * 60 * minute

const staff = person('active', { groups: ['staff'] })
export const two: Rule = { name: 'two', when: { groups: ['staff'] }, level: 'two-factor' }
export const bank: Rule = { name: 'bank', when: { clients: ['bank'] }, level: 'phishing-resistant' }
export const abroad: Rule = { name: 'abroad', when: { signals: ['new-place'] }, level: 'two-factor' }
export const key = way('key')

export const here = { proofs: [given(secret)], identityId: 'ana' }
export const both = { proofs: [given(secret), given(app)], identityId: 'ana' }

export interface Row {
  readonly process: Partial<Authentication>
  readonly rules?: readonly Rule[]
  readonly suggest?: number
  readonly enrolled?: readonly EnrolledWay[]
  readonly deferred?: Deferred
  readonly level?: Level
  readonly step: Bare
  readonly because?: Partial<Because>
}

/** One test a row, which is named by its key. */
export function eachRow(table: Readonly<Record<string, Row>>): void {
  it.each(Object.entries(table))('%s', (_name, row) => {
    const { rules = [], suggest = null, enrolled = [], deferred } = row
    const situation = { identity: staff, enrolled, ...(deferred === undefined ? {} : { deferred }) }
    const at = { expiresAt: now + day, ...row.process }
    const step = nextStep(process(at), situation, policy(row.level, { rules, suggest }), now)
    expect(bare(step)).toEqual(row.step)
    expect(step.because).toMatchObject(row.because ?? {})
  })
}
