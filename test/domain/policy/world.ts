/** People, ways and processes for the tests of the policy. Names of factors are made up: nothing depends on them. */
import type { Level, Proof, Strength } from '../../../src/domain/assurance.ts'
import type { Authentication, Requirement, Step } from '../../../src/domain/authentication.ts'
import type { Identity, IdentityState } from '../../../src/domain/identity.ts'
import type { Policy } from '../../../src/domain/policy.ts'
import type { EnrolledWay, FactorSummary } from '../../../src/domain/ways.ts'

/** A step without its reasons. */
export type Bare = Step extends infer One ? (One extends Step ? Omit<One, 'because'> : never) : never

export function bare({ because: _because, ...step }: Step): Bare {
  return step as Bare
}

export const now = 1_000_000

export const strengths = {
  secret: { categories: ['knowledge'], amr: ['pwd'] },
  app: { categories: ['possession'], amr: ['otp'] },
  mail: { categories: ['possession'], amr: ['otp'], channel: 'email' },
  sms: { categories: ['possession'], amr: ['sms'], channel: 'sms' },
  key: { categories: ['possession'], amr: ['hwk'], phishingResistant: true, hardwareBound: true },
} as const satisfies Record<string, Strength>

export type Name = keyof typeof strengths

export const summary = (name: Name, first: boolean, enrollable = true): FactorSummary => ({
  ...strengths[name],
  name,
  first,
  enrollable,
})

export const policy = (level: Level = 'single-factor', more: Partial<Policy> = {}): Policy => ({
  level,
  rules: [],
  suggest: null,
  factors: [
    summary('secret', true),
    summary('mail', true, false),
    summary('app', false),
    summary('sms', false),
    summary('key', false),
  ],
  ...more,
})

export const way = (name: Name, more: Partial<EnrolledWay> = {}): EnrolledWay => ({
  ...strengths[name],
  factor: name,
  credentialId: name,
  since: now - 10_000,
  ...more,
})

export const byMail = way('mail', { implied: true, credentialId: 'implied' })
export const secretByMail = way('secret', { channel: 'email' })

export const given = (one: EnrolledWay, more: Partial<Proof> = {}): Proof => {
  const { implied: _implied, needsCompanion: _needs, ...rest } = one
  return { ...rest, at: now - 1_000, ...more }
}

export const person = (state: IdentityState = 'active', more: Partial<Identity> = {}): Identity => ({
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

export const process = (more: Partial<Authentication> = {}): Authentication => ({
  id: 'process',
  version: 1,
  expiresAt: now + 1_000,
  browser: 'browser',
  requirement: { level: 'none', essential: false },
  proofs: [],
  challenges: {},
  ...more,
})

export const wanting = (level: Level, essential = true): Requirement => ({ level, essential })
export const vouched: Proof = {
  factor: 'voucher',
  categories: ['possession'],
  amr: ['otp'],
  channel: 'email',
  at: now - 1_000,
}

export const done: Bare = { kind: 'done' }
export const refused = (reason: 'expired' | 'not-allowed' | 'wrong-identity' | 'unreachable'): Bare => ({
  kind: 'refused',
  reason,
})
export const prove = (why: 'first-proof' | 'level', ...oneOf: Name[]): Bare => ({
  kind: 'prove',
  oneOf,
  chosen: oneOf[0] ?? '',
  why,
})
export const enrol = (
  why: 'nothing-enrolled' | 'level' | 'needs-companion' | 'suggested',
  ...oneOf: Name[]
): Bare => ({
  kind: 'enrol',
  oneOf,
  chosen: oneOf[0] ?? '',
  why,
})

export const secret = way('secret')
export const app = way('app')
export const short = way('secret', { needsCompanion: true })
export const paper = way('sms', { credentialId: 'paper', standIn: true })
