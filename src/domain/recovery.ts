/** The life of a recovery: somebody proved enough to get back in, everybody who might object is told, and in the end there is a grant. Pure. */
import type { Level } from './assurance.ts'
import { reaches } from './assurance.ts'
import type { Duration, Instant } from './time.ts'
import { type EnrolledWay, hasSecond } from './ways.ts'

/** `ready`: the grant is there. `contested`: stopped, until two reviewers have decided. */
export type RecoveryState = 'waiting' | 'ready' | 'contested' | 'cancelled' | 'completed' | 'expired'
export type RecoveryAction = 'due' | 'contest' | 'approve' | 'cancel' | 'finish' | 'expire'

/** Why one was contested. */
export type ContestReason = 'objection' | 'sign-in' | 'second' | 'weaker'

const moves: Record<RecoveryState, Partial<Record<RecoveryAction, RecoveryState>>> = {
  waiting: { due: 'ready', contest: 'contested', cancel: 'cancelled' },
  ready: { finish: 'completed', contest: 'contested', cancel: 'cancelled', expire: 'expired' },
  // Approved by reviewers it waits once more: everybody is told again, and can still object with a strong proof.
  contested: { approve: 'waiting', cancel: 'cancelled', expire: 'expired' },
  cancelled: {},
  completed: {},
  expired: {},
}

/** Where an action leads; undefined when it is not possible there. */
export function recoveryAfter(state: RecoveryState, action: RecoveryAction): RecoveryState | undefined {
  return moves[state][action]
}

export function isRunning({ state }: Pick<Recovery, 'state'>): boolean {
  return Object.keys(moves[state]).length > 0
}

export interface Recovery {
  readonly id: string
  readonly identityId: string
  /** By ways of the person's own, or by two reviewers of a case. */
  readonly origin: 'proofs' | 'case'
  readonly state: RecoveryState
  /** What was proved: whatever comes of it is worth no more. */
  readonly level: Level
  /** Ids of credentials that go with it. */
  readonly lost: readonly string[]
  readonly startedAt: Instant
  /** When the grant is there, or was. */
  readonly dueAt: Instant
  /** When the grant is over. */
  readonly expiresAt: Instant
  readonly caseId?: string
  /** Two reviewers have said that it goes on: nothing but a strong proof stops it any more. */
  readonly reviewed?: true
  /** From where it was begun. */
  readonly address: string
  readonly userAgent?: string
  /** Masked addresses and numbers that were told. */
  readonly told: readonly string[]
  readonly contested?: ContestReason
  readonly endedAt?: Instant
  /** Of a completed one: what was set up. */
  readonly enrolled?: string
}

export interface DelaySettings {
  readonly delay: Duration
  readonly strong_delay: Duration
}

/**
 * How long a recovery waits. Whoever has no second factor loses none, and whoever gave what cannot be phished has waited enough. `own`: how far those
 * of the proofs go that the person enrolled themselves.
 */
export function delayOf(
  proved: { readonly level: Level; readonly own: Level },
  enrolled: readonly EnrolledWay[],
  { delay, strong_delay }: DelaySettings,
  now: Instant,
): Duration {
  if (reaches(proved.level, 'phishing-resistant') || !hasSecond(enrolled, now)) return 0
  return reaches(proved.own, 'two-factor') ? Math.min(strong_delay, delay) : delay
}
