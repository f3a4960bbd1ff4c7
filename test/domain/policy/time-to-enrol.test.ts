import { describe } from 'vitest'
import type { Rule } from '../../../src/domain/demand.ts'
import { both, day, eachRow, here, two } from './rule-table.ts'
import { app, type Bare, byMail, done, enrol, now, paper, prove, secret, wanting } from './world.ts'

const soon: Rule = { ...two, name: 'soon', enrol_within: 7 * day }

describe('the next step with time to enrol', () => {
  eachRow({
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
  })
})
