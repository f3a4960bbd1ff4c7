/**
 * What a recovery needs next. Pure. Beside a sign-in it is poorer and richer: everything that the person still has counts, also what nobody would ask
 * them for otherwise; nothing is enrolled on the way, no device excuses from anything, and no rule asks for what may be just what was lost.
 */
import { assess } from './assurance.ts'
import type { Authentication, Step } from './authentication.ts'
import { meets } from './demand.ts'
import type { Identity } from './identity.ts'
import {
  type Bare,
  identifyStep,
  inOrder,
  isBarred,
  isOver,
  isUnnamed,
  namesOf,
  proveStep,
} from './offers.ts'
import type { Instant } from './time.ts'
import { type EnrolledWay, type FactorSummary, helpfulWays } from './ways.ts'

interface Situation {
  readonly identity?: Identity | undefined
  /** With what is kept elsewhere. */
  readonly enrolled: readonly EnrolledWay[]
}

/** `factors` in the order in which they are offered. Before the first proof the answer depends on nothing but the process and them (S32). */
export function recoveryStep(
  process: Authentication,
  situation: Situation,
  factors: readonly FactorSummary[],
  now: Instant,
): Step {
  const { proofs, requirement } = process
  const because = { rules: [], demanded: requirement.level, reached: assess(proofs).level }
  return { ...stepOf(process, situation, factors, now), because } as Step
}

function stepOf(
  process: Authentication,
  situation: Situation,
  factors: readonly FactorSummary[],
  now: Instant,
): Bare {
  const { proofs, requirement } = process
  const over = isOver(process, now)
  if (over !== undefined) return over
  if (proofs.length === 0) return firstStep(process, factors)
  const barred = isBarred(process, situation, 'recover')
  if (barred !== undefined) return barred
  const terms = { level: requirement.level }
  if (meets(terms, proofs, now)) return { kind: 'done' }
  const helpful = helpfulWays(proofs, situation.enrolled, terms, now)
  return proveStep(process, inOrder(factors, helpful), 'level')
}

function firstStep(process: Authentication, factors: readonly FactorSummary[]): Bare {
  if (isUnnamed(process)) return identifyStep(process)
  const first = factors.filter((factor) => factor.first || factor.recovery === 'first')
  return proveStep(process, namesOf(first), 'first-proof')
}
