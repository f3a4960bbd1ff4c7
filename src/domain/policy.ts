import { additionTo } from './additions.ts'
import { assess, type Level, type Proof, reaches, strongest } from './assurance.ts'
import type { Authentication, AuthenticationResult, Because, Step } from './authentication.ts'
import {
  allows,
  applying,
  counting,
  type Demand,
  demandOf,
  excuses,
  type Facts,
  meets,
  type Rule,
  type Terms,
} from './demand.ts'
import type { Identity } from './identity.ts'
import {
  type Bare,
  chosenOf,
  identifyStep,
  inOrder,
  isBarred,
  isOver,
  isUnnamed,
  namesOf,
  proveStep,
  unreachable,
} from './offers.ts'
import { recoveryStep } from './recovery-step.ts'
import type { Duration, Instant } from './time.ts'
import {
  type EnrolledWay,
  type FactorSummary,
  hasCompanion,
  hasSecond,
  helpfulEnrolments,
  helpfulWays,
  isChosen,
  isLasting,
  preferChosen,
} from './ways.ts'
import type { WaysIn } from './ways-in.ts'

export interface Policy {
  /** What everyone must reach, whatever the client asks for. */
  readonly level: Level
  /** What is demanded beyond that. */
  readonly rules: readonly Rule[]
  /** Whoever has one factor is offered a second way, and again after this long when they put it off. Null: never. */
  readonly suggest: Duration | null
  /** How many ways in everyone is to have that are not lost together; one when absent. */
  readonly waysIn?: WaysIn
  /** Ways to prove, in the order in which they are offered. */
  readonly factors: readonly FactorSummary[]
}

/** What a person may put off, or did. */
export interface Deferred {
  /** When a rule first applied to them, by its name. */
  readonly since: Readonly<Record<string, Instant>>
  /** When they put off what was only suggested. */
  readonly suggestedAt?: Instant
}

/** What is known beside the process itself. */
export interface Situation {
  /** Absent while nobody is named, and for an identifier that nobody has. */
  readonly identity?: Identity | undefined
  readonly enrolled: readonly EnrolledWay[]
  readonly deferred?: Deferred
}

/** What a step is decided on, after the first proof. */
interface Case {
  readonly process: Authentication
  readonly enrolled: readonly EnrolledWay[]
  readonly deferred: Deferred
  readonly policy: Policy
  readonly now: Instant
  readonly demand: Demand
  /** Of everybody: a trusted device stands in for a second factor. */
  readonly trusted: boolean
}

type Why = Extract<Step, { kind: 'enrol' }>['why']

const nothing: Deferred = { since: {} }
const nobody: Situation = { enrolled: [] }

/**
 * The dispatcher: every step of every process comes back here. Pure.
 * Before the first proof the answer depends on nothing but the process and the policy, so that it tells nobody who exists (S32).
 */
export function nextStep(process: Authentication, situation: Situation, policy: Policy, now: Instant): Step {
  if (process.requirement.recovery) return recoveryStep(process, situation, policy.factors, now)
  const step = stepUnder(process, situation, policy, now)
  const { observed } = process
  if (step.kind !== 'done' || observed === undefined || observed.signals.length === 0) return step
  // Two rules may ask for what cannot be had together, and one of them may wait: a signal must not be what excuses from the other.
  const without = stepUnder({ ...process, observed: { ...observed, signals: [] } }, situation, policy, now)
  return without.kind === 'done' ? step : without
}

function stepUnder(process: Authentication, situation: Situation, policy: Policy, now: Instant): Step {
  const first = process.proofs.length === 0
  const { enrolled, identity, deferred = nothing } = first ? nobody : situation
  const rules = applying(policy.rules, factsOf(process, identity))
  const demand = demandOf(rules, { level: policy.level, since: deferred.since, now })
  const trusted = isTrusted(process, demand, now)
  const at: Case = { process, enrolled, deferred, policy, now, demand, trusted }
  const step = stepOf(at, identity)
  return { ...step, because: becauseOf(at, step) } as Step
}

/** What rules look at, for this process. */
export function factsOf(process: Authentication, identity: Identity | undefined): Facts {
  const { clientId, observed, requirement } = process
  return { identity, clientId, signals: observed?.signals ?? [], privileged: requirement.privileged === true }
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
    factors: process.proofs.map(({ factor }) => factor),
  }
}

/** Asked for by name, nothing is excused; and what the client demands above one factor is asked for by name. */
function isTrusted({ observed, requirement }: Authentication, demand: Demand, now: Instant): boolean {
  if (requirement.stepUp || requirement.privileged || reaches(requirement.level, 'two-factor')) return false
  return demand.trustedDevice && (observed?.trustedUntil ?? 0) > now
}

function stepOf(at: Case, identity: Identity | undefined): Bare {
  const { process, enrolled, now } = at
  const over = isOver(process, now)
  if (over !== undefined) return over
  if (process.proofs.length === 0) return firstStep(at)
  const barred = isBarred(process, { identity, enrolled }, 'sign-in')
  if (barred !== undefined) return barred
  if (lacksOwnWay(at)) return enrolStep(at, firstEnrollable(at.policy), 'nothing-enrolled')
  return levelStep(at)
}

/** Nothing here may look at the situation (S32). */
function firstStep(at: Case): Bare {
  const { process, policy, demand } = at
  if (isUnnamed(process)) return identifyStep(process)
  const first = namesOf(policy.factors.filter((factor) => factor.first))
  // What does not count is still a way in, for whoever has yet to enrol what does.
  const [counted, others] = split(first, (name) => allows(demand.full, name))
  return proveStep(process, [...counted, ...others], 'first-proof')
}

function levelStep(at: Case): Bare {
  const { process, enrolled, policy, now, demand, trusted } = at
  const { level, essential } = process.requirement
  const { proofs } = process
  const all = { ...demand.full, level: strongest([level, demand.full.level]) }
  if (!trusted && lacksSecond(at)) {
    const own = proofs.filter((proof) => isOwn(proof, enrolled))
    const helpful = helpfulWays(own, enrolled.filter(isChosen), { level: 'two-factor' }, now)
    return proveStep(process, countedFirst(inOrder(policy.factors, helpful), all), 'level')
  }
  if (isMet(at, all)) return lastStep(at)
  const helpful = preferChosen(enrolled, (ways) => helpfulWays(proofs, ways, all, now))
  if (helpful.length > 0) return proveStep(process, inOrder(policy.factors, helpful), 'level')
  // All that the person has was given; only what a client wished for without insisting may be missing.
  if (!essential && isMet(at, demand.full)) return lastStep(at)
  const missing = helpfulEnrolments(proofs, enrolled, policy.factors, all, now)
  if (!mayWait(at)) return enrolStep(at, missing, 'level')
  return process.postponed || missing.length === 0 ? lastStep(at) : enrolStep(at, missing, 'level')
}

/** Proved, or excused by a trusted device. */
function isMet({ process, now, trusted }: Case, terms: Terms): boolean {
  if (meets(terms, process.proofs, now)) return true
  return trusted && excuses(terms, reachedOf(process, terms, now))
}

/** Nothing is missing but what may be put off. */
function mayWait(at: Case): boolean {
  const { demand, process } = at
  const { level, essential } = process.requirement
  const due = essential ? { ...demand.due, level: strongest([level, demand.due.level]) } : demand.due
  return demand.until !== undefined && isMet(at, due)
}

function reachedOf(process: Authentication, terms: Terms, now: Instant): Level {
  return assess(counting(terms, process.proofs, now)).level
}

/**
 * Vouched for (registration) without a way of one's own: nobody leaves without a way back in. What comes with an address is one for whoever
 * came in with it, or can have no other.
 */
function lacksOwnWay({ process, enrolled, policy }: Case): boolean {
  const used = new Set(process.proofs.map((proof) => proof.credentialId))
  if (enrolled.some((way) => isLasting(way) || used.has(way.credentialId))) return false
  return enrolled.length === 0 || firstEnrollable(policy).length > 0
}

/** What was made to stand in for a second factor may be given for it, what merely comes with an address may not. */
function lacksSecond({ process, enrolled, now }: Case): boolean {
  const own = process.proofs.filter((proof) => isOwn(proof, enrolled))
  return hasSecond(enrolled, now) && !reaches(assess(own).level, 'two-factor')
}

function isOwn({ credentialId }: Proof, enrolled: readonly EnrolledWay[]): boolean {
  return enrolled.some((way) => isChosen(way) && way.credentialId === credentialId)
}

/** Done, unless what the person came in with is not sufficient alone (S25), or there is something to add. */
function lastStep(at: Case): Bare {
  const { process, enrolled, policy } = at
  const used = new Set(process.proofs.map((proof) => proof.credentialId))
  const lonely = enrolled.find(
    (way) => way.needsCompanion && used.has(way.credentialId) && !hasCompanion(way, enrolled),
  )
  if (lonely !== undefined)
    return enrolStep(at, namesOf(enrollable(policy, lonely.factor)), 'needs-companion')
  const addition = additionTo({ ...at, until: at.demand.until })
  return addition === undefined ? { kind: 'done' } : enrolStep(at, addition.oneOf, addition.why)
}

function enrolStep(at: Case, oneOf: readonly string[], why: Why): Bare {
  const chosen = chosenOf(at.process, oneOf)
  if (chosen === undefined) return unreachable
  const step = { kind: 'enrol', oneOf, chosen, why } as const
  if (why === 'suggested' || why === 'running-out') return { ...step, mayWait: {} }
  const { until } = at.demand
  const waits = why === 'backup' || (why === 'level' && mayWait(at))
  return waits && until !== undefined ? { ...step, mayWait: { until } } : step
}

function becauseOf(at: Case, step: Bare): Because {
  const { process, demand, trusted, now } = at
  const { full, rules, until, forbidsTrust } = demand
  const demanded = strongest([process.requirement.level, full.level])
  const proved = meets(full, process.proofs, now)
  const excused = step.kind === 'done' && trusted && (lacksSecond(at) || (!proved && isMet(at, full)))
  const postponed = step.kind === 'done' && !isMet(at, full)
  return {
    rules,
    demanded,
    reached: reachedOf(process, full, now),
    ...(full.factors === undefined ? {} : { factors: full.factors }),
    ...(full.freshWithin === undefined ? {} : { freshWithin: full.freshWithin }),
    ...(forbidsTrust ? { forbidsTrust } : {}),
    ...(excused ? { excused } : {}),
    ...(postponed && until !== undefined ? { postponedUntil: until } : {}),
  }
}

function enrollable({ factors }: Policy, name: string): FactorSummary[] {
  return factors.filter((factor) => factor.enrollable && factor.name === name)
}

function firstEnrollable(policy: Policy): string[] {
  return namesOf(policy.factors.filter((factor) => factor.first && factor.enrollable))
}

function countedFirst(names: readonly string[], terms: Terms): string[] {
  return split(names, (name) => allows(terms, name)).flat()
}

function split<Item>(items: readonly Item[], test: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(test), items.filter((item) => !test(item))]
}
