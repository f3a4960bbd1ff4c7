import { describe, expect, it } from 'vitest'
import type { Facts, Rule } from '../../src/domain/demand.ts'
import type { Deferred, Policy } from '../../src/domain/policy.ts'
import { type Earlier, isEnough } from '../../src/domain/sufficiency.ts'
import type { EnrolledWay } from '../../src/domain/ways.ts'
import { app, byMail, now, policy, secret, way } from './policy/world.ts'

const minute = 60_000
const day = 24 * 60 * minute
const key = way('key')

const two: Rule = { name: 'two', when: { groups: ['staff'] }, level: 'two-factor' }
const soon: Rule = { ...two, name: 'soon', enrol_within: 7 * day }
const fresh: Rule = { name: 'fresh', when: { clients: ['bank'] }, fresh_within: 10 * minute }
const onlyKey: Rule = { name: 'only-key', level: 'two-factor', factors: ['secret', 'key'] }
const unusual: Rule = { name: 'unusual', when: { signals: ['new-place'] }, level: 'two-factor' }
const own: Rule = { name: 'own', when: { action: 'privileged' }, level: 'two-factor' }

interface Row {
  readonly earlier: Partial<Earlier>
  readonly rules?: readonly Rule[]
  readonly facts?: Partial<Facts>
  readonly level?: Policy['level']
  readonly enrolled?: readonly EnrolledWay[]
  readonly deferred?: Deferred
  readonly trustedUntil?: number
  readonly enough: boolean
}

const one = { level: 'single-factor' } as const
const both = { level: 'two-factor' } as const

const table: Record<string, Row> = {
  'does where nothing more is asked for': { earlier: one, enough: true },
  'does not below the level of everyone': { earlier: one, level: 'two-factor', enough: false },
  'does not below that of a group': { earlier: one, rules: [two], enough: false },
  'does above it': { earlier: { level: 'phishing-resistant' }, rules: [two], enough: true },
  'does for whoever is not in the group': {
    earlier: one,
    rules: [two],
    facts: { identity: { groups: [], roles: [] } },
    enough: true,
  },
  'does not when it is too old for this client': {
    earlier: { ...both, authTime: now - 11 * minute },
    rules: [fresh],
    facts: { clientId: 'bank' },
    enough: false,
  },
  'does when it is just not too old': {
    earlier: { ...both, authTime: now - 10 * minute },
    rules: [fresh],
    facts: { clientId: 'bank' },
    enough: true,
  },
  'does for another client, however old': {
    earlier: { ...both, authTime: now - day },
    rules: [fresh],
    enough: true,
  },
  'does with factors that count': {
    earlier: { ...both, credentials: ['secret', 'key'] },
    rules: [onlyKey],
    enrolled: [secret, app, key],
    enough: true,
  },
  'does not with others': {
    earlier: { ...both, credentials: ['secret', 'app'] },
    rules: [onlyKey],
    enrolled: [secret, app, key],
    enough: false,
  },
  'does not where nobody knows with which': {
    earlier: both,
    rules: [onlyKey],
    enrolled: [secret, app, key],
    enough: false,
  },
  'does not with what was removed since': {
    earlier: { ...both, credentials: ['secret', 'key'] },
    rules: [onlyKey],
    enrolled: [secret, app],
    enough: false,
  },
  'is no more than it was, whatever the credentials could prove': {
    earlier: { ...one, credentials: ['secret', 'key'] },
    rules: [onlyKey],
    enrolled: [secret, key],
    enough: false,
  },
  'does on a trusted device': { earlier: one, rules: [two], trustedUntil: now + day, enough: true },
  'not when the trust is over': { earlier: one, rules: [two], trustedUntil: now, enough: false },
  'not where a rule forbids that': {
    earlier: one,
    rules: [{ ...two, trusted_device: false }],
    trustedUntil: now + day,
    enough: false,
  },
  'not for anything above two factors': {
    earlier: one,
    rules: [{ ...two, level: 'phishing-resistant' }],
    trustedUntil: now + day,
    enough: false,
  },
  'not when a rule for signals applies': {
    earlier: one,
    rules: [unusual],
    facts: { signals: ['new-place'] },
    trustedUntil: now + day,
    enough: false,
  },
  'not before a privileged action': {
    earlier: one,
    rules: [own],
    facts: { privileged: true },
    trustedUntil: now + day,
    enough: false,
  },
  'does while there is time to enrol': {
    earlier: one,
    rules: [soon],
    enrolled: [secret],
    deferred: { since: { soon: now - day } },
    enough: true,
  },
  'not before that time began: it begins with a sign-in': {
    earlier: one,
    rules: [soon],
    enrolled: [secret],
    enough: false,
  },
  'not when the time is over': {
    earlier: one,
    rules: [soon],
    enrolled: [secret],
    deferred: { since: { soon: now - 7 * day } },
    enough: false,
  },
  'not for whoever can do it by now': {
    earlier: one,
    rules: [soon],
    enrolled: [secret, byMail],
    deferred: { since: { soon: now - day } },
    enough: false,
  },
  'not because a signal asks for what cannot be had as well': {
    earlier: one,
    rules: [soon, { ...unusual, name: 'later', factors: ['key'], enrol_within: day }],
    facts: { signals: ['new-place'] },
    enrolled: [secret, app],
    deferred: { since: { soon: now - day, later: now - minute } },
    enough: false,
  },
  'not where another rule gives no time': {
    earlier: one,
    rules: [soon, two],
    enrolled: [secret],
    enough: false,
  },
}

describe('an earlier sign-in', () => {
  it.each(Object.entries(table))('%s', (_name, row) => {
    const { rules = [], enrolled = [], deferred = { since: {} }, trustedUntil } = row
    const staff = {
      identity: { groups: ['staff'], roles: [] },
      clientId: 'shop',
      signals: [],
      privileged: false,
    }
    const at = { facts: { ...staff, ...row.facts }, trustedUntil, enrolled, deferred }
    const earlier: Earlier = { level: 'none', authTime: now - minute, ...row.earlier }
    expect(isEnough(earlier, at, policy(row.level, { rules }), now)).toBe(row.enough)
  })
})
