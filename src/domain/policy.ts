import { assess, type Level, levels, type Proof, reaches, type Strength, strongest } from './assurance.ts'
import type { Authentication, AuthenticationResult, Step } from './authentication.ts'
import { type Identity, may } from './identity.ts'
import type { Instant } from './time.ts'

/** What a policy has to know about a factor. */
export interface FactorSummary {
  readonly name: string
  /** Offered to everybody before the first proof. */
  readonly first: boolean
  readonly enrollable: boolean
}

export interface Policy {
  /** What everyone must reach, whatever the client asks for. */
  readonly level: Level
  /** Ways to prove, in the order in which they are offered. */
  readonly factors: readonly FactorSummary[]
}

/** One way that the identity has, and what a proof with it is worth. */
export interface EnrolledWay extends Strength {
  readonly factor: string
  readonly credentialId: string
}

/** What is known beside the process itself. */
export interface Situation {
  /** Absent while nobody is named, and for an identifier that nobody has. */
  readonly identity?: Identity | undefined
  readonly enrolled: readonly EnrolledWay[]
}

/**
 * The dispatcher: every step of every process comes back here. Pure.
 * Before the first proof the answer depends on nothing but the process and the policy, so that it tells nobody who exists (S32).
 */
export function nextStep(process: Authentication, situation: Situation, policy: Policy, now: Instant): Step {
  if (process.expiresAt <= now || process.redeemedAt !== undefined)
    return { kind: 'refused', reason: 'expired' }
  if (process.proofs.length === 0) return firstStep(process, policy)

  const { identity, enrolled } = situation
  if (identity === undefined || !may(identity, 'sign-in')) return { kind: 'refused', reason: 'not-allowed' }
  const wanted = process.requirement.identityId
  if (wanted !== undefined && wanted !== identity.id) return { kind: 'refused', reason: 'wrong-identity' }
  // Vouched for (registration) without a way of one's own: nobody leaves without a way back in.
  if (enrolled.length === 0) return enrolStep(policy)

  const target = targetLevel(process, enrolled, policy, now)
  if (reaches(assess(process.proofs).level, target)) return { kind: 'done' }
  const oneOf = helpfulWays(process, enrolled, now)
  if (oneOf.length > 0) return proveStep(process, inOrder(policy, oneOf), 'level')
  const enough = !process.requirement.essential && reaches(assess(process.proofs).level, policy.level)
  return enough ? { kind: 'done' } : { kind: 'refused', reason: 'unreachable' }
}

/** The result of a process whose next step is `done`. */
export function resultOf(process: Authentication): AuthenticationResult {
  if (process.identityId === undefined) throw new Error('a process without an identity has no result')
  const authTime = Math.max(...process.proofs.map((proof) => proof.at))
  return { identityId: process.identityId, authTime, ...assess(process.proofs) }
}

function firstStep(process: Authentication, policy: Policy): Step {
  if (process.identifier === undefined) {
    const { hint } = process.requirement
    return hint === undefined ? { kind: 'identify' } : { kind: 'identify', hint }
  }
  const first = policy.factors.filter((factor) => factor.first)
  return proveStep(
    process,
    first.map((factor) => factor.name),
    'first-proof',
  )
}

function proveStep(process: Authentication, oneOf: readonly string[], why: 'first-proof' | 'level'): Step {
  const [best] = oneOf
  if (best === undefined) return { kind: 'refused', reason: 'unreachable' }
  const chosen = process.factor !== undefined && oneOf.includes(process.factor) ? process.factor : best
  return { kind: 'prove', oneOf, chosen, why }
}

function enrolStep(policy: Policy): Step {
  const oneOf = policy.factors
    .filter((factor) => factor.first && factor.enrollable)
    .map((factor) => factor.name)
  return oneOf.length > 0
    ? { kind: 'enrol', oneOf, why: 'nothing-enrolled' }
    : { kind: 'refused', reason: 'unreachable' }
}

/** Whoever enrolled a second factor is asked for it, even if nobody demands it: that is what it was enrolled for. */
function targetLevel(
  process: Authentication,
  enrolled: readonly EnrolledWay[],
  policy: Policy,
  now: Instant,
): Level {
  const reachable = assess([...process.proofs, ...enrolled.map((way) => proofBy(way, now))]).level
  const own: Level = reaches(reachable, 'two-factor') ? 'two-factor' : 'single-factor'
  return strongest([process.requirement.level, policy.level, own])
}

/** The ways that lift what was reached so far, by themselves or together with a further one. */
function helpfulWays(process: Authentication, enrolled: readonly EnrolledWay[], now: Instant): string[] {
  const rank = (proofs: readonly Proof[]) => levels.indexOf(assess(proofs).level)
  const reached = rank(process.proofs)
  const helpful = enrolled.filter((way) => rank([...process.proofs, proofBy(way, now)]) > reached)
  return [...new Set(helpful.map((way) => way.factor))]
}

function inOrder(policy: Policy, names: readonly string[]): string[] {
  return policy.factors.map((factor) => factor.name).filter((name) => names.includes(name))
}

function proofBy(way: EnrolledWay, at: Instant): Proof {
  return { ...way, at }
}
