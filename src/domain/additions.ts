/** What somebody who proved enough is asked to add before they go on, or offered to. Pure. */
import type { Authentication } from './authentication.ts'
import type { Duration, Instant } from './time.ts'
import { type EnrolledWay, type FactorSummary, hasSecond, helpfulEnrolments } from './ways.ts'
import { furtherWaysIn, lacksWayIn, type WaysIn } from './ways-in.ts'

interface Arrived {
  readonly process: Authentication
  readonly enrolled: readonly EnrolledWay[]
  readonly deferred: { readonly suggestedAt?: Instant }
  readonly policy: {
    readonly suggest: Duration | null
    readonly waysIn?: WaysIn
    readonly factors: readonly FactorSummary[]
  }
  /** Until when the rules let things wait. */
  readonly until?: Instant | undefined
  readonly now: Instant
}

export interface Addition {
  readonly why: 'backup' | 'running-out' | 'suggested'
  readonly oneOf: readonly string[]
}

/** Undefined where there is nothing to add, or the person is in the middle of something. */
export function additionTo(at: Arrived): Addition | undefined {
  const { stepUp, privileged } = at.process.requirement
  if (stepUp || privileged) return undefined
  const all = [
    { why: 'backup', oneOf: backups(at) },
    { why: 'running-out', oneOf: runningOut(at) },
    { why: 'suggested', oneOf: suggested(at) },
  ] as const
  return all.find(({ oneOf }) => oneOf.length > 0)
}

/** What would be one more way in. Nobody is asked for what there is not. */
function backups({ process, enrolled, policy, until }: Arrived): readonly string[] {
  const waits = process.postponed === true && until !== undefined
  return !waits && lacksWayIn(enrolled, policy) ? furtherWaysIn(enrolled, policy) : []
}

/** What the person just used, and has little left of. */
function runningOut({ process, enrolled, policy }: Arrived): readonly string[] {
  if (process.postponed) return []
  const used = new Set(process.proofs.map(({ credentialId }) => credentialId))
  const low = enrolled.filter((way) => way.runningOut && used.has(way.credentialId))
  return policy.factors
    .filter(({ name, enrollable }) => enrollable && low.some(({ factor }) => factor === name))
    .map(({ name }) => name)
}

/** A second way for whoever has one factor. */
function suggested({ process, enrolled, deferred, policy, now }: Arrived): readonly string[] {
  const { suggest, factors } = policy
  if (suggest === null || process.postponed || hasSecond(enrolled, now)) return []
  if (deferred.suggestedAt !== undefined && now - deferred.suggestedAt < suggest) return []
  return helpfulEnrolments(process.proofs, enrolled, factors, { level: 'two-factor' }, now)
}
