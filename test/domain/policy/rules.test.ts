import { describe, expect, it } from 'vitest'
import type { Level } from '../../../src/domain/assurance.ts'
import type { Authentication, Because } from '../../../src/domain/authentication.ts'
import type { Rule } from '../../../src/domain/demand.ts'
import { type Deferred, nextStep } from '../../../src/domain/policy.ts'
import type { EnrolledWay } from '../../../src/domain/ways.ts'
import {
  app,
  type Bare,
  bare,
  byMail,
  done,
  enrol,
  given,
  now,
  paper,
  person,
  policy,
  process,
  prove,
  refused,
  secret,
  wanting,
  way,
} from './world.ts'

const minute = 60_000
const day = 24 * 60 * minute

const staff = person('active', { groups: ['staff'] })
const two: Rule = { name: 'two', when: { groups: ['staff'] }, level: 'two-factor' }
const soon: Rule = { ...two, name: 'soon', enrol_within: 7 * day }
const bank: Rule = { name: 'bank', when: { clients: ['bank'] }, level: 'phishing-resistant' }
const onlyKey: Rule = { name: 'only-key', factors: ['key', 'secret'] }
const abroad: Rule = { name: 'abroad', when: { signals: ['new-place'] }, level: 'two-factor' }
const key = way('key')

const trusted = { observed: { signals: [], trustedUntil: now + day } }
const here = { proofs: [given(secret)], identityId: 'ana' }
const both = { proofs: [given(secret), given(app)], identityId: 'ana' }

interface Row {
  readonly process: Partial<Authentication>
  readonly rules?: readonly Rule[]
  readonly suggest?: number
  readonly enrolled?: readonly EnrolledWay[]
  readonly deferred?: Deferred
  readonly level?: Level
  readonly step: Bare
  readonly because?: Partial<Because>
}

const table: Record<string, Row> = {
  'asks a member for more': {
    process: here,
    rules: [two],
    enrolled: [secret, byMail],
    step: prove('level', 'mail'),
    because: { rules: ['two'], demanded: 'two-factor', reached: 'single-factor' },
  },
  'enrols whoever has nothing more': {
    process: here,
    rules: [two],
    enrolled: [secret],
    step: enrol('level', 'app', 'sms', 'key'),
  },
  'asks for more for one client': {
    process: { ...both, clientId: 'bank' },
    rules: [bank],
    enrolled: [secret, app, key],
    step: prove('level', 'key'),
  },
  'and not for another': {
    process: { ...both, clientId: 'shop' },
    rules: [bank],
    enrolled: [secret, app, key],
    step: done,
    because: { rules: [], demanded: 'single-factor', reached: 'two-factor' },
  },
  'asks for more where a signal was raised': {
    process: { ...here, observed: { signals: ['new-place'] } },
    rules: [abroad],
    enrolled: [secret, byMail],
    step: prove('level', 'mail'),
  },
  'and not where none was': {
    process: { ...here, observed: { signals: ['new-device'] } },
    rules: [abroad],
    enrolled: [secret, byMail],
    step: done,
  },
  'asks for more before a privileged action': {
    process: { ...here, requirement: { ...wanting('none', false), stepUp: true, privileged: true } },
    rules: [{ name: 'own', when: { action: 'privileged' }, level: 'two-factor' }],
    enrolled: [secret, byMail],
    step: prove('level', 'mail'),
  },
  'does not count a proof that is too old': {
    process: { proofs: [given(secret, { at: now - 2 * minute }), given(app)], identityId: 'ana' },
    rules: [{ ...two, fresh_within: minute }],
    enrolled: [secret, app],
    step: prove('level', 'secret'),
    because: { reached: 'single-factor', freshWithin: minute },
  },
  'counts one that is as old as may be': {
    process: { proofs: [given(secret, { at: now - minute }), given(app)], identityId: 'ana' },
    rules: [{ ...two, fresh_within: minute }],
    enrolled: [secret, app],
    step: done,
  },
  'does not count a proof by a factor that is not allowed': {
    process: both,
    rules: [{ ...two, factors: ['secret', 'key'] }],
    enrolled: [secret, app, key],
    step: prove('level', 'key'),
    because: { reached: 'single-factor', factors: ['secret', 'key'] },
  },
  'and offers none of them to enrol': {
    process: here,
    rules: [two, onlyKey],
    enrolled: [secret],
    step: enrol('level', 'key'),
  },
  'first asks for what counts, of everybody': {
    process: { identifier: 'x' },
    rules: [{ name: 'mail', factors: ['mail'] }],
    step: prove('first-proof', 'mail', 'secret'),
  },
  'S32: before the first proof a rule for a group asks for nothing': {
    process: { identifier: 'x' },
    rules: [{ name: 'mail', when: { groups: ['staff'] }, factors: ['mail'] }],
    step: prove('first-proof', 'secret', 'mail'),
    because: { rules: [] },
  },
  'gives up where no factor counts for all rules': {
    process: here,
    rules: [onlyKey, { name: 'only-app', factors: ['app'] }],
    enrolled: [secret],
    step: refused('unreachable'),
  },

  'a trusted device stands in for the person’s own second factor': {
    process: { ...here, ...trusted },
    enrolled: [secret, app],
    step: done,
    because: { excused: true, reached: 'single-factor' },
  },
  'and for one that a rule demands': {
    process: { ...here, ...trusted },
    rules: [two],
    enrolled: [secret, app],
    step: done,
    because: { excused: true, demanded: 'two-factor', reached: 'single-factor' },
  },
  'not when its time is over': {
    process: { ...here, observed: { signals: [], trustedUntil: now } },
    enrolled: [secret, app],
    step: prove('level', 'app'),
  },
  'not for the first': {
    process: { identifier: 'x', ...trusted },
    step: prove('first-proof', 'secret', 'mail'),
  },
  'not for a first that does not count': {
    process: { ...here, ...trusted },
    rules: [{ ...two, factors: ['app', 'mail'] }],
    enrolled: [secret, app, byMail],
    step: prove('level', 'app'),
  },
  'not for anything above two factors': {
    process: { ...here, ...trusted, clientId: 'bank' },
    rules: [bank],
    enrolled: [secret, key],
    step: prove('level', 'key'),
  },
  'not where a rule forbids it': {
    process: { ...here, ...trusted },
    rules: [{ ...two, trusted_device: false }],
    enrolled: [secret, app],
    step: prove('level', 'app'),
  },
  'not where a rule for signals applies': {
    process: { ...here, observed: { signals: ['new-place'], trustedUntil: now + day } },
    rules: [abroad],
    enrolled: [secret, app],
    step: prove('level', 'app'),
  },
  'not when more was asked for by name': {
    process: { ...here, ...trusted, requirement: { ...wanting('none', false), stepUp: true } },
    enrolled: [secret, app],
    step: prove('level', 'app'),
  },
  'not before a privileged action': {
    process: { ...here, ...trusted, requirement: { ...wanting('none', false), privileged: true } },
    enrolled: [secret, app],
    step: prove('level', 'app'),
  },
  'not when the client demands two factors': {
    process: { ...here, ...trusted, requirement: wanting('two-factor') },
    enrolled: [secret, app],
    step: prove('level', 'app'),
  },

  'gives time to enrol': {
    process: here,
    rules: [soon],
    enrolled: [secret],
    step: { ...enrol('level', 'app', 'sms', 'key'), mayWait: { until: now + 7 * day } } as Bare,
  },
  'from the first time that the rule applied': {
    process: here,
    rules: [soon],
    enrolled: [secret],
    deferred: { since: { soon: now - 5 * day } },
    step: { ...enrol('level', 'app', 'sms', 'key'), mayWait: { until: now + 2 * day } } as Bare,
  },
  'is done when it is put off': {
    process: { ...here, postponed: true },
    rules: [soon],
    enrolled: [secret],
    step: done,
    because: { rules: ['soon'], reached: 'single-factor', postponedUntil: now + 7 * day },
  },
  'gives no time when it is over': {
    process: { ...here, postponed: true },
    rules: [soon],
    enrolled: [secret],
    deferred: { since: { soon: now - 7 * day } },
    step: enrol('level', 'app', 'sms', 'key'),
  },
  'gives none for what another rule demands at once': {
    process: { ...here, postponed: true },
    rules: [soon, two],
    enrolled: [secret],
    step: enrol('level', 'app', 'sms', 'key'),
  },
  'nor for what the client demands': {
    process: { ...here, postponed: true, requirement: wanting('two-factor') },
    rules: [soon],
    enrolled: [secret],
    step: enrol('level', 'app', 'sms', 'key'),
  },
  'asks whoever can do it, in time or not': {
    process: here,
    rules: [soon],
    enrolled: [secret, byMail],
    step: prove('level', 'mail'),
  },
  'counts any factor until a rule that allows some is due': {
    process: { ...here, postponed: true },
    rules: [{ name: 'later', factors: ['key'], enrol_within: day }],
    enrolled: [secret],
    step: done,
  },

  'suggests a second way to whoever has one': {
    process: here,
    suggest: 30 * day,
    enrolled: [secret, byMail],
    step: { ...enrol('suggested', 'app', 'sms', 'key'), mayWait: {} } as Bare,
  },
  'does not when it was put off just now': {
    process: { ...here, postponed: true },
    suggest: 30 * day,
    enrolled: [secret],
    step: done,
  },
  'nor when that is not long ago': {
    process: here,
    suggest: 30 * day,
    enrolled: [secret],
    deferred: { since: {}, suggestedAt: now - 29 * day },
    step: done,
  },
  'but when it is': {
    process: here,
    suggest: 30 * day,
    enrolled: [secret],
    deferred: { since: {}, suggestedAt: now - 30 * day },
    step: { ...enrol('suggested', 'app', 'sms', 'key'), mayWait: {} } as Bare,
  },
  'suggests nothing to whoever has two': {
    process: both,
    suggest: 30 * day,
    enrolled: [secret, app],
    step: done,
  },
  'nor in the middle of something': {
    process: { ...here, requirement: { ...wanting('none', false), stepUp: true } },
    suggest: 30 * day,
    enrolled: [secret, paper],
    step: done,
  },
}

describe('the next step under rules', () => {
  it.each(Object.entries(table))('%s', (_name, row) => {
    const { rules = [], suggest = null, enrolled = [], deferred } = row
    const situation = { identity: staff, enrolled, ...(deferred === undefined ? {} : { deferred }) }
    const at = { expiresAt: now + day, ...row.process }
    const step = nextStep(process(at), situation, policy(row.level, { rules, suggest }), now)
    expect(bare(step)).toEqual(row.step)
    expect(step.because).toMatchObject(row.because ?? {})
  })
})
