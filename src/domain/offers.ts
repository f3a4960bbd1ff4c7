/** What the steps of every process have in common: when it is over, for whom it cannot go on, which of the offered ways is asked. Pure. */
import type { Authentication, Step } from './authentication.ts'
import { type Identity, type IdentityAction, may } from './identity.ts'
import type { Instant } from './time.ts'
import { type EnrolledWay, type FactorSummary, isVoid } from './ways.ts'

/** A step without its reasons. */
export type Bare<Of = Step> = Of extends Step ? Omit<Of, 'because'> : never

export const unreachable: Bare = { kind: 'refused', reason: 'unreachable' }

/** The step of a process that is over, whoever it is about. */
export function isOver({ expiresAt, redeemedAt, stoppedAt }: Authentication, now: Instant): Bare | undefined {
  if (expiresAt <= now || redeemedAt !== undefined) return { kind: 'refused', reason: 'expired' }
  return stoppedAt === undefined ? undefined : { kind: 'refused', reason: 'stopped' }
}

/** The step of a process in which something was proved, and that cannot go on all the same. */
export function isBarred(
  { proofs, requirement }: Authentication,
  {
    identity,
    enrolled,
  }: { readonly identity?: Identity | undefined; readonly enrolled: readonly EnrolledWay[] },
  action: IdentityAction,
): Bare | undefined {
  if (identity === undefined || !may(identity, action)) return { kind: 'refused', reason: 'not-allowed' }
  const wanted = requirement.identityId
  if (wanted !== undefined && wanted !== identity.id) return { kind: 'refused', reason: 'wrong-identity' }
  const isStale = proofs.some((proof) => isVoid(proof, identity, enrolled))
  return isStale ? { kind: 'refused', reason: 'expired' } : undefined
}

/** Whom a requirement names is not asked for their name again. */
export function isUnnamed({ identifier, requirement }: Authentication): boolean {
  return identifier === undefined && requirement.identityId === undefined
}

export function identifyStep({ requirement: { hint } }: Authentication): Bare {
  return hint === undefined ? { kind: 'identify' } : { kind: 'identify', hint }
}

export function proveStep(
  process: Authentication,
  oneOf: readonly string[],
  why: 'first-proof' | 'level',
): Bare {
  const chosen = chosenOf(process, oneOf)
  return chosen === undefined ? unreachable : { kind: 'prove', oneOf, chosen, why }
}

/** What the person chose, as long as it is offered. */
export function chosenOf({ factor }: Authentication, oneOf: readonly string[]): string | undefined {
  return factor !== undefined && oneOf.includes(factor) ? factor : oneOf[0]
}

export function inOrder(factors: readonly FactorSummary[], names: readonly string[]): string[] {
  return namesOf(factors.filter((factor) => names.includes(factor.name)))
}

export function namesOf(factors: readonly FactorSummary[]): string[] {
  return factors.map((factor) => factor.name)
}
