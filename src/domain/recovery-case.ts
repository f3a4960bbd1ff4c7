import type { Instant } from './time.ts'

/** Where a case stands: what a person says who cannot prove who they are by any way of theirs, and what two people think of it. */
export type CaseState =
  | 'opened'
  | 'more-asked'
  | 'answered'
  | 'approved-once'
  | 'approved'
  | 'refused'
  | 'expired'
  | 'withdrawn'

export type CaseAction = 'ask' | 'answer' | 'approve' | 'refuse' | 'expire' | 'withdraw'

const ending = { refuse: 'refused', expire: 'expired', withdraw: 'withdrawn' } as const

/** The whole life of a case. Whoever asks for more begins anew: an approval was given for what was known then. */
const moves: Record<CaseState, Partial<Record<CaseAction, CaseState>>> = {
  opened: { ask: 'more-asked', approve: 'approved-once', ...ending },
  'more-asked': { answer: 'answered', ...ending },
  answered: { ask: 'more-asked', approve: 'approved-once', ...ending },
  'approved-once': { ask: 'more-asked', approve: 'approved', ...ending },
  approved: {},
  refused: {},
  expired: {},
  withdrawn: {},
}

/** Where an action leads; undefined when it is not possible there. */
export function stateAfter(state: CaseState, action: CaseAction): CaseState | undefined {
  return moves[state][action]
}

export function isOver(state: CaseState): boolean {
  return Object.keys(moves[state]).length === 0
}

/** Why a case was refused, as the person is told: words of ours, so that nobody's free text reaches them and they read it in their own language. */
export const refusalReasons = ['not-shown', 'contradiction', 'documents', 'owner-objects'] as const
export type CaseReason = (typeof refusalReasons)[number]

/** What people can say they have; never a secret. */
export const evidenceKinds = ['documents', 'knowledge', 'device'] as const
export type EvidenceKind = (typeof evidenceKinds)[number]

/** One review: who did what, and when. */
export interface Review {
  readonly by: string
  readonly action: Extract<CaseAction, 'ask' | 'approve' | 'refuse'>
  readonly at: Instant
}

export interface RecoveryCase {
  readonly id: string
  readonly version: number
  /** Gone from then on. Until then it says who reviewed whom; what was written and attached is gone much earlier. */
  readonly expiresAt: Instant
  /** `contested`: a recovery that two sides claim, about which nobody opened a case themselves. */
  readonly kind: 'claimed' | 'contested'
  readonly state: CaseState
  /** Of a claimed one: whose code leads to it (hashed). */
  readonly claim?: string
  /** Absent when nobody has what was typed, or nobody who may come back: no reviewer ever sees such a case (S32). */
  readonly identityId?: string
  /** Of a contested one. */
  readonly recoveryId?: string
  /** `new` until the owner was told, then `open` for reviewers (`nobody` when there is no owner), `over` at the end. */
  readonly queue: 'new' | 'open' | 'nobody' | 'over'
  readonly openedAt: Instant
  /** Without a decision until then it is over. */
  readonly endsAt: Instant
  /** How many times something was shown; a decision counts for what was there when it was made. */
  readonly evidence: number
  /** Which answers were taken: of several at once one is. */
  readonly answers?: readonly string[]
  /** Since more was asked for last. */
  readonly approvedBy?: string
  readonly reviews: readonly Review[]
  /** Whoever reads the owner's mail said that it is not them. */
  readonly doubtedAt?: Instant
  readonly reason?: CaseReason
  readonly overAt?: Instant
  /** The last state of which everybody was told whom it concerns. */
  readonly told?: CaseState
  /** Who brought it to its state (sealed). */
  readonly actor: string
}

export interface Decision {
  readonly action: Review['action']
  readonly by: string
  /** `evidence` as the reviewer saw it. */
  readonly seen: number
  /** To whoever approved first. */
  readonly linked: boolean
}

/**
 * `same-reviewer`: somebody else must approve too; `linked-reviewer`: somebody who has nothing to do with whoever approved first. `changed`: there is
 * something that the reviewer has not seen.
 */
export type DecisionRefusal = 'over' | 'same-reviewer' | 'linked-reviewer' | 'changed' | 'not-now'

/** As it was before its first approval. */
export function unapproved(one: RecoveryCase): RecoveryCase {
  if (one.state !== 'approved-once') return one
  const { approvedBy: _approvedBy, told: _told, ...rest } = one
  return { ...rest, state: waitingState(one) }
}

/** Of a case that somebody has to look at. */
export function waitingState({ answers = [] }: Pick<RecoveryCase, 'answers'>): 'answered' | 'opened' {
  return answers.length > 0 ? 'answered' : 'opened'
}

/** What a reviewer's decision makes of a case. Whoever comes second in the same moment is judged by what the first one left. */
export function judged(
  one: Pick<RecoveryCase, 'state' | 'approvedBy' | 'evidence' | 'queue'>,
  { action, by, seen, linked }: Decision,
): { readonly state: CaseState } | { readonly refused: DecisionRefusal } {
  if (isOver(one.state)) return { refused: 'over' }
  const state = one.queue === 'open' ? stateAfter(one.state, action) : undefined
  if (state === undefined) return { refused: 'not-now' }
  // What more there is can only speak for asking, or for the other decision.
  if (seen !== one.evidence && action !== 'ask') return { refused: 'changed' }
  if (state === 'approved' && one.approvedBy === by) return { refused: 'same-reviewer' }
  if (state === 'approved' && linked) return { refused: 'linked-reviewer' }
  return { state }
}
