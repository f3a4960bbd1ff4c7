import { assess, type Level, levels, type Proof, reaches, type Strength, strongest } from './assurance.ts'
import type { Authentication, AuthenticationResult, Step } from './authentication.ts'
import { type Identity, may } from './identity.ts'
import type { Instant } from './time.ts'

/** What a policy has to know about a factor. */
export interface FactorSummary extends Strength {
  readonly name: string
  /** Offered to everybody before the first proof. */
  readonly first: boolean
  readonly enrollable: boolean
  /** See `EnrolledWay`. */
  readonly standIn?: boolean
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
  /** When it was enrolled, or replaced. */
  readonly since?: Instant
  /** Comes with a proved address: nobody enrolled it to be asked for it. */
  readonly implied?: boolean
  /** Not sufficient alone (S25). */
  readonly needsCompanion?: boolean
  /** For whoever cannot use another way (codes on paper): by itself nobody is asked for it, and beside nothing else it counts for nothing. */
  readonly standIn?: boolean
  /** Used up: it proves nothing any more. */
  readonly spent?: boolean
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
  if (process.proofs.some((proof) => isVoid(proof, identity, enrolled)))
    return { kind: 'refused', reason: 'expired' }
  if (lacksOwnWay(process, enrolled, policy))
    return enrolStep(process, firstEnrollable(policy), 'nothing-enrolled')
  return levelStep(process, enrolled, policy, now)
}

/** The result of a process whose next step is `done`. */
export function resultOf(process: Authentication): AuthenticationResult {
  if (process.identityId === undefined) throw new Error('a process without an identity has no result')
  const authTime = Math.max(...process.proofs.map((proof) => proof.at))
  const credentials = process.proofs.flatMap(({ credentialId }) => credentialId ?? [])
  return {
    identityId: process.identityId,
    authTime,
    ...assess(process.proofs),
    process: process.id,
    credentials,
  }
}

/** Nothing here may look at the situation (S32). Whom a requirement names is not asked for their name again. */
function firstStep(process: Authentication, policy: Policy): Step {
  const { hint, identityId } = process.requirement
  if (process.identifier === undefined && identityId === undefined)
    return hint === undefined ? { kind: 'identify' } : { kind: 'identify', hint }
  const first = policy.factors.filter((factor) => factor.first)
  return proveStep(process, namesOf(first), 'first-proof')
}

function levelStep(
  process: Authentication,
  enrolled: readonly EnrolledWay[],
  policy: Policy,
  now: Instant,
): Step {
  const { level, essential } = process.requirement
  const { proofs } = process
  const target = strongest([level, policy.level])
  if (!reachesOwn(proofs, enrolled, now)) {
    const own = proofs.filter((proof) => isOwn(proof, enrolled))
    return proveStep(process, inOrder(policy, helpfulWays(own, enrolled.filter(isChosen), now)), 'level')
  }
  const reached = assess(proofs).level
  if (reaches(reached, target)) return lastStep(process, enrolled, policy)
  const helpful = preferChosen(enrolled, (ways) => helpfulWays(proofs, ways, now))
  if (helpful.length > 0) return proveStep(process, inOrder(policy, helpful), 'level')
  // All that the person has was given; only what a client wished for without insisting may be missing.
  if (!essential && reaches(reached, policy.level)) return lastStep(process, enrolled, policy)
  return enrolStep(process, helpfulEnrolments(process, enrolled, policy, now), 'level')
}

/**
 * Vouched for (registration) without a way of one's own: nobody leaves without a way back in. What comes with an address is one for whoever
 * came in with it, or can have no other.
 */
function lacksOwnWay({ proofs }: Authentication, enrolled: readonly EnrolledWay[], policy: Policy): boolean {
  const used = new Set(proofs.map((proof) => proof.credentialId))
  if (enrolled.some((way) => isLasting(way) || used.has(way.credentialId))) return false
  return enrolled.length === 0 || firstEnrollable(policy).length > 0
}

/**
 * Whoever enrolled a second factor is asked for it, even if nobody demands it: that is what it was enrolled for. What was made to stand in
 * for it may, what merely comes with an address may not.
 */
function reachesOwn(proofs: readonly Proof[], enrolled: readonly EnrolledWay[], now: Instant): boolean {
  const reachable = assess(enrolled.filter(isLasting).map((way) => proofBy(way, now))).level
  if (!reaches(reachable, 'two-factor')) return true
  return reaches(assess(proofs.filter((proof) => isOwn(proof, enrolled))).level, 'two-factor')
}

function isOwn({ credentialId }: Proof, enrolled: readonly EnrolledWay[]): boolean {
  return enrolled.some((way) => isChosen(way) && way.credentialId === credentialId)
}

function isChosen(way: EnrolledWay): boolean {
  return !way.implied
}

/** Enrolled to be used again and again. */
function isLasting(way: EnrolledWay): boolean {
  return isChosen(way) && !way.standIn
}

/** What follows from an address is offered only where nothing helps that the person enrolled: it is the weaker way. */
function preferChosen(
  enrolled: readonly EnrolledWay[],
  find: (ways: readonly EnrolledWay[]) => string[],
): string[] {
  const chosen = find(enrolled.filter(isChosen))
  return chosen.length > 0 ? chosen : find(enrolled)
}

/** The identity was suspended and restored, or the credential changed or removed, while the process ran. */
function isVoid(proof: Proof, identity: Identity, enrolled: readonly EnrolledWay[]): boolean {
  if (proof.at < (identity.notBefore ?? 0)) return true
  if (proof.credentialId === undefined) return false
  const way = enrolled.find((one) => one.credentialId === proof.credentialId)
  // Told apart and not ordered: a clock that was set back, or another process's, must not void what was just proved.
  return way === undefined || proof.since !== way.since
}

/** Done, unless the person came in with something that is not sufficient alone and nothing else is left beside it (S25). */
function lastStep(process: Authentication, enrolled: readonly EnrolledWay[], policy: Policy): Step {
  const used = new Set(process.proofs.map((proof) => proof.credentialId))
  const lonely = enrolled.find(
    (way) => way.needsCompanion && used.has(way.credentialId) && !hasCompanion(way, enrolled),
  )
  return lonely === undefined
    ? { kind: 'done' }
    : enrolStep(process, namesOf(enrollable(policy, lonely.factor)), 'needs-companion')
}

/** Whether the identity enrolled a way of another category beside this one. */
export function hasCompanion(
  way: Strength & { readonly factor: string },
  enrolled: readonly EnrolledWay[],
): boolean {
  return enrolled.some(
    (other) =>
      isLasting(other) &&
      other.factor !== way.factor &&
      other.categories.some((category) => !way.categories.includes(category)),
  )
}

function proveStep(process: Authentication, oneOf: readonly string[], why: 'first-proof' | 'level'): Step {
  const chosen = chosenOf(process, oneOf)
  return chosen === undefined ? unreachable : { kind: 'prove', oneOf, chosen, why }
}

function enrolStep(
  process: Authentication,
  oneOf: readonly string[],
  why: 'nothing-enrolled' | 'level' | 'needs-companion',
): Step {
  const chosen = chosenOf(process, oneOf)
  return chosen === undefined ? unreachable : { kind: 'enrol', oneOf, chosen, why }
}

const unreachable: Step = { kind: 'refused', reason: 'unreachable' }

function chosenOf({ factor }: Authentication, oneOf: readonly string[]): string | undefined {
  return factor !== undefined && oneOf.includes(factor) ? factor : oneOf[0]
}

function enrollable({ factors }: Policy, name: string): FactorSummary[] {
  return factors.filter((factor) => factor.enrollable && factor.name === name)
}

function firstEnrollable(policy: Policy): string[] {
  return namesOf(policy.factors.filter((factor) => factor.first && factor.enrollable))
}

/**
 * The ways that lift what was reached so far; where none does by itself, those that do together with a further one
 * (after a mailed link: a password that a mail can reset, and a code by SMS).
 */
function helpfulWays(given: readonly Proof[], ways: readonly EnrolledWay[], now: Instant): string[] {
  const proofs = ways.filter((way) => !way.spent).map((way) => proofBy(way, now))
  const alone = proofs.filter((proof) => lifts(given, [proof]))
  const helpful =
    alone.length > 0
      ? alone
      : proofs.filter((proof) => proofs.some((further) => lifts(given, [proof, further])))
  return [...new Set(helpful.map((proof) => proof.factor))]
}

/** What the person could add now so that it lifts what was reached; what they have and did not help is not asked for again. */
function helpfulEnrolments(
  process: Authentication,
  enrolled: readonly EnrolledWay[],
  policy: Policy,
  now: Instant,
): string[] {
  const has = new Set(enrolled.map((way) => way.factor))
  const helpful = policy.factors.filter(
    (factor) =>
      factor.enrollable &&
      !factor.standIn &&
      !has.has(factor.name) &&
      lifts(process.proofs, [{ ...factor, factor: factor.name, at: now }]),
  )
  return namesOf(helpful)
}

function lifts(proofs: readonly Proof[], further: readonly Proof[]): boolean {
  const rank = (set: readonly Proof[]) => levels.indexOf(assess(set).level)
  return rank([...proofs, ...further]) > rank(proofs)
}

function inOrder(policy: Policy, names: readonly string[]): string[] {
  return namesOf(policy.factors.filter((factor) => names.includes(factor.name)))
}

function namesOf(factors: readonly FactorSummary[]): string[] {
  return factors.map((factor) => factor.name)
}

function proofBy(way: EnrolledWay, at: Instant): Proof {
  return { ...way, at }
}
