/**
 * With how many things of theirs a person can begin to get back in, of which none is lost together with another (`policy.ways_in`). Pure.
 * A further factor that is only ever asked for after another one is none: who has a password and an app has one way in.
 */
import type { Strength } from './assurance.ts'
import type { EnrolledWay, FactorSummary } from './ways.ts'

/** How many are wanted of everyone. */
export type WaysIn = 1 | 2

interface WaysInPolicy {
  readonly waysIn?: WaysIn
  readonly factors: readonly FactorSummary[]
}

/** Whether there are fewer than the policy wants. */
export function lacksWayIn(enrolled: readonly EnrolledWay[], policy: WaysInPolicy): boolean {
  return groupsOf(enrolled, policy).size < (policy.waysIn ?? 1)
}

/** Names of the factors that would be one more. */
export function furtherWaysIn(enrolled: readonly EnrolledWay[], policy: WaysInPolicy): string[] {
  const groups = groupsOf(enrolled, policy)
  const had = new Set(enrolled.map(({ factor }) => factor))
  return policy.factors
    .filter((factor) => factor.enrollable && !had.has(factor.name) && begins(factor))
    .filter(({ channel }) => channel === undefined || !groups.has(channel))
    .map(({ name }) => name)
}

/** Whether a removal leaves too few, where there were enough. */
export function losesWayIn(
  before: readonly EnrolledWay[],
  left: readonly EnrolledWay[],
  policy: WaysInPolicy,
): boolean {
  return !lacksWayIn(before, policy) && lacksWayIn(left, policy)
}

/** Whoever holds the channel has all that comes over it. */
function groupsOf(enrolled: readonly EnrolledWay[], { factors }: WaysInPolicy): ReadonlySet<string> {
  const names = new Set(factors.filter(begins).map(({ name }) => name))
  const ways = enrolled.filter(({ factor, spent }) => names.has(factor) && !spent)
  return new Set(ways.map((way) => groupOf(way, way.credentialId)))
}

function groupOf({ channel }: Strength, alone: string): string {
  return channel ?? alone
}

function begins({ first, recovery }: FactorSummary): boolean {
  return first || recovery === 'first'
}
