import { describe } from 'vitest'
import { abroad, bank, day, eachRow, here, key, two } from './rule-table.ts'
import { app, byMail, done, now, prove, secret, wanting } from './world.ts'

const trusted = { observed: { signals: [], trustedUntil: now + day } }

describe('the next step on a trusted device', () => {
  eachRow({
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
  })
})
