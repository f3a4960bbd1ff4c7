import { describe } from 'vitest'
import type { Rule } from '../../../src/domain/demand.ts'
import { abroad, bank, both, eachRow, here, key, minute, two } from './rule-table.ts'
import { app, byMail, done, enrol, given, now, prove, refused, secret, wanting } from './world.ts'

const onlyKey: Rule = { name: 'only-key', factors: ['key', 'secret'] }

describe('the next step under rules', () => {
  eachRow({
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
  })
})
