/** Whether what somebody proved earlier still does, as the policy and everything else stands now. Pure. */
import { assess, type Level, levels, reaches } from './assurance.ts'
import { applying, counting, demandOf, excuses, type Facts, isFresh, type Terms } from './demand.ts'
import type { Deferred, Policy } from './policy.ts'
import type { Instant } from './time.ts'
import { couldMeet, type EnrolledWay } from './ways.ts'

/** What was proved, and when. */
export interface Earlier {
  readonly level: Level
  readonly authTime: Instant
  /** With which credentials. Unknown, nothing counts where only some factors do. */
  readonly credentials?: readonly string[] | undefined
}

export interface Circumstances {
  readonly facts: Facts
  readonly trustedUntil?: Instant | undefined
  readonly enrolled: readonly EnrolledWay[]
  readonly deferred: Deferred
}

/**
 * What can be put off is no reason to ask again, once its time runs: that begins with a sign-in, and for whoever never came to one it would
 * never end. Whoever can do it by now is asked.
 */
export function isEnough(earlier: Earlier, at: Circumstances, policy: Policy, now: Instant): boolean {
  if (!isEnoughUnder(earlier, at, policy, now)) return false
  // As for a process: a signal must not be what excuses from another rule.
  const { facts } = at
  if (facts.signals.length === 0) return true
  return isEnoughUnder(earlier, { ...at, facts: { ...facts, signals: [] } }, policy, now)
}

function isEnoughUnder(earlier: Earlier, at: Circumstances, policy: Policy, now: Instant): boolean {
  const { facts, trustedUntil = 0, enrolled, deferred } = at
  const rules = applying(policy.rules, facts)
  const demand = demandOf(rules, { level: policy.level, since: deferred.since, now })
  const trusted = demand.trustedDevice && !facts.privileged && trustedUntil > now
  const does = (terms: Terms) => {
    const reached = reachedUnder(terms, earlier, enrolled, now)
    return reaches(reached, terms.level) || (trusted && excuses(terms, reached))
  }
  if (does(demand.full)) return true
  const begun = rules.every(
    (rule) => rule.enrol_within === undefined || Object.hasOwn(deferred.since, rule.name),
  )
  const mayWait = demand.until !== undefined && begun && does(demand.due)
  return mayWait && !couldMeet(enrolled, demand.full, now)
}

function reachedUnder(terms: Terms, earlier: Earlier, enrolled: readonly EnrolledWay[], now: Instant): Level {
  if (!isFresh(terms, earlier.authTime, now)) return 'none'
  if (terms.factors === undefined) return earlier.level
  const used = enrolled.filter(({ credentialId }) => earlier.credentials?.includes(credentialId))
  const counted = counting(
    terms,
    used.map((way) => ({ ...way, at: earlier.authTime })),
    now,
  )
  return weaker(assess(counted).level, earlier.level)
}

function weaker(one: Level, other: Level): Level {
  return levels.indexOf(one) < levels.indexOf(other) ? one : other
}
