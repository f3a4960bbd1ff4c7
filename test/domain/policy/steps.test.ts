import { describe, expect, it } from 'vitest'
import type { Level } from '../../../src/domain/assurance.ts'
import type { Authentication } from '../../../src/domain/authentication.ts'
import type { Identity } from '../../../src/domain/identity.ts'
import { nextStep } from '../../../src/domain/policy.ts'
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
  secretByMail,
  short,
  vouched,
  wanting,
  way,
} from './world.ts'

interface Row {
  readonly process: Partial<Authentication>
  readonly enrolled?: readonly EnrolledWay[]
  readonly identity?: Identity | null
  readonly level?: Level
  readonly step: Bare
}

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
    step: { ...prove('first-proof', 'secret', 'mail'), chosen: 'mail' } as Bare,
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
    expect(bare(nextStep(process(row.process), situation, policy(row.level), now))).toEqual(row.step)
  })
})
