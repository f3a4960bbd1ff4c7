// Owns recovery cases: what somebody says and shows who cannot prove who they are by any way of theirs, and what two different people think of it.
// It decides nothing itself and lets nobody in: an approved case begins a recovery, with its delay and its messages (recoveries/). Nobody learns
// here whether an account exists (S32), and no secret is ever asked for.
import type { Visit } from '../../authentication/index.ts'
import type { Actor } from '../../domain/audit-event.ts'
import type {
  CaseReason,
  CaseState,
  DecisionRefusal,
  RecoveryCase,
  Review,
} from '../../domain/recovery-case.ts'
import type { Duration, Instant } from '../../domain/time.ts'
import type { Attachment, CaseBookTools, CaseEntry, CaseFile, Statement } from './book.ts'
import { createCaseBook } from './book.ts'
import { createCaseClaims } from './claims.ts'
import { type CaseMovesTools, createCaseMoves } from './moves.ts'
import { type CaseOpeningTools, createCaseOpening } from './opening.ts'
import { type CaseReviewTools, createCaseReview } from './review.ts'
import type { CaseSign } from './signs.ts'
import { type CaseTellingTools, createCaseTelling } from './telling.ts'

/** `Config['recovery']['cases']`. */
export interface CaseSettings {
  readonly enabled: boolean
  readonly per_day: number
  readonly per_address_per_day: number
  readonly per_identifier_per_day: number
  readonly lifetime: Duration
  readonly retention: Duration
  readonly files: number
  readonly file_size: number
}

export interface CasesTools
  extends CaseBookTools,
    Omit<CaseMovesTools, 'tell'>,
    CaseOpeningTools,
    Omit<CaseTellingTools, 'book' | 'retention'>,
    Omit<CaseReviewTools, 'settings'> {
  readonly store: CaseBookTools['store'] &
    CaseMovesTools['store'] &
    CaseOpeningTools['store'] &
    CaseTellingTools['store'] &
    CaseReviewTools['store']
  readonly identities: CaseOpeningTools['identities'] & CaseReviewTools['identities']
  readonly devices: CaseOpeningTools['devices'] & CaseReviewTools['devices']
  readonly audit: CaseTellingTools['audit'] & CaseReviewTools['audit']
}

/** What the person sees who opened a case; not who looked at it, and not that one of two has approved. */
export interface ClaimedCase {
  readonly id: string
  readonly state: Exclude<CaseState, 'approved-once'>
  readonly openedAt: Instant
  readonly endsAt: Instant
  readonly overAt?: Instant
  readonly reason?: CaseReason
  /** What they are asked for now. */
  readonly question?: string
  /** The recovery that came of it. */
  readonly recoveryId?: string
}

/** What a reviewer sees in the list. */
export interface CaseLine {
  readonly id: string
  readonly kind: RecoveryCase['kind']
  readonly state: CaseState
  readonly identityId: string
  readonly openedAt: Instant
  readonly endsAt: Instant
  readonly overAt?: Instant
}

/** … and of one case. */
export interface CaseShown extends CaseLine {
  readonly entries: readonly CaseEntry[]
  readonly signs: readonly CaseSign[]
  readonly reviews: readonly Review[]
  readonly approvedBy?: string
  readonly evidence: number
  readonly reason?: CaseReason
}

export type Decided =
  | { readonly status: 'done'; readonly state: CaseState }
  | { readonly status: 'refused'; readonly reason: DecisionRefusal }
  /** There is none, or this reviewer may not see it: their own, or one of somebody whom they are linked to. */
  | { readonly status: 'unknown' }

export interface Cases {
  readonly settings: CaseSettings
  /** Opens one. The code is shown once. Same answer and same work for an identifier that nobody has. `busy`: too many in all today, whoever opened them. */
  open(
    statement: Statement,
    files: readonly CaseFile[],
    visit: Visit,
  ): Promise<
    | { readonly status: 'opened'; readonly code: string }
    | { readonly status: 'refused'; readonly reason: 'reply' | 'files' | 'throttled' | 'busy' }
  >
  /** About a recovery that two sides claim; once for each, however often it is asked. */
  openContested(recovery: {
    readonly id: string
    readonly identityId: string
    readonly startedAt: Instant
  }): Promise<void>
  /** That recovery is over: there is nothing to decide about any more. Can be repeated. */
  closeContested(recovery: { readonly id: string; readonly startedAt: Instant }): Promise<void>
  /** The case behind a code. */
  find(code: string): Promise<ClaimedCase | undefined>
  /** By id: for whoever showed the code before. */
  claimed(id: string): Promise<ClaimedCase | undefined>
  /** What was asked for. False when nothing is (any more), or there are more files than one case may have. */
  answer(id: string, text: string, files: readonly CaseFile[], visit: Visit): Promise<boolean>
  /** Those that are open about somebody, as they may know. */
  about(identityId: string): Promise<readonly { readonly id: string; readonly openedAt: Instant }[]>
  /** By whoever opened it. */
  withdraw(id: string, visit: Visit): Promise<boolean>
  /** "This wasn't me", by its owner, who signed in freshly: it is over. */
  object(identityId: string, id: string, by: Actor): Promise<boolean>
  /**
   * The same by whoever reads the owner's mail: reviewers see it, and what was approved before counts no more. It ends nothing, or whoever stole a
   * mailbox could keep its owner out for ever.
   */
  doubt(identityId: string, id: string, by: Actor): Promise<boolean>

  /** Those that a reviewer may see, oldest first; those that are over, newest first. */
  list(
    reviewer: string,
    query: { readonly over?: boolean; readonly after?: string; readonly limit: number },
  ): Promise<{ readonly items: readonly CaseLine[]; readonly next?: string }>
  look(id: string, reviewer: string): Promise<CaseShown | undefined>
  /** A file, for download only. */
  file(
    id: string,
    name: string,
    reviewer: Actor & { readonly id: string },
  ): Promise<{ readonly attachment: Attachment; readonly bytes: Buffer } | undefined>
  decide(
    id: string,
    by: Actor & { readonly id: string },
    decision: {
      readonly action: Review['action']
      readonly seen: number
      /** The question, or a note for the other reviewers. */
      readonly text: string
      readonly reason?: CaseReason
    },
  ): Promise<Decided>
}

export function createCases(tools: CasesTools): Cases {
  const { settings } = tools
  const book = createCaseBook(tools)
  const tell = createCaseTelling({ ...tools, book, retention: settings.retention })
  const moves = createCaseMoves({ ...tools, tell })
  return {
    settings,
    ...createCaseOpening(tools, { book, moves }),
    ...createCaseClaims(tools, { book, moves }),
    ...createCaseReview(tools, { book, moves }),
  }
}
