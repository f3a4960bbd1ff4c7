// Owns the counters of wrong answers (S26): an attempt is paid for before the answer is looked at, and given back if it was right.
// All processes share the rows by compare-and-set. It knows no factor and no identity: subjects are opaque, stored as keyed hashes.
import { channels } from '../domain/channel.ts'
import { claimId, type Identifier } from '../domain/identifier.ts'
import { Problem } from '../domain/problem.ts'
import type { Instant } from '../domain/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { WriteOptions } from '../ports/storage.ts'
import type { Attempts as Row, Store } from '../ports/store.ts'
import type { Vault } from '../ports/vault.ts'
import { blockOn, charged, freeTries, refunded, type ThrottleSettings } from './throttle.ts'

/** Whose failures are counted. */
export interface Subject {
  readonly kind: 'identifier' | 'credential' | 'device' | 'address' | 'enrolment'
  readonly value: string
  /** Blocked, it does not show: the answer counts as wrong without being looked at. For what would tell who exists (S32). */
  readonly silent?: boolean
}

/** Proof of a payment, to give it back. */
export interface Receipt {
  readonly subject: Subject
  readonly failures: number
  /** This payment began a pause or the lock. */
  readonly began: boolean
  /** The first of this row that did: its owner is to be told, once. */
  readonly tell: boolean
}

export type Payment =
  /** `unheard`: a silent subject is blocked, the answer must not be looked at. */
  | { readonly status: 'paid'; readonly receipts: readonly Receipt[]; readonly unheard: boolean }
  | {
      readonly status: 'blocked'
      readonly subject: Subject
      readonly retryAt: Instant
      readonly locked: boolean
    }

export interface AttemptsTools {
  readonly store: Pick<Store, 'attempts'>
  readonly vault: Vault
  readonly clock: Clock
  readonly settings: ThrottleSettings
}

export interface AttemptBudget {
  /**
   * Charges every subject one try, or none when one of them is blocked. Of any number of parallel callers, over all processes, no more are
   * paid than there are tries. Takes one read and one write per subject, whoever it is.
   */
  pay(subjects: readonly Subject[]): Promise<Payment>
  /** The try was no failure: not answered yet, not looked at, or right. */
  refund(receipts: readonly Receipt[]): Promise<void>
  /** The most wrong answers in a row that any of the subjects has, without those that the receipts stand for. */
  failures(subjects: readonly Subject[], receipts: readonly Receipt[]): Promise<number>
  /** The right person was there: failures so far are forgotten. */
  clear(subjects: readonly Subject[]): Promise<void>
  /** An e-mail proof for whoever has this identifier: pauses and lock are over. */
  unlock(identifier: Pick<Identifier, 'kind' | 'value'>): Promise<void>
}

// Each lost round means that another caller's write went through; a row lets few writes through before it blocks.
const mostRounds = 200
// A power cut that brings back failures which were forgiven costs a try, and gives nobody one.
const lost: WriteOptions = { mayBeLost: true }

export function createAttempts({ store, vault, clock, settings }: AttemptsTools): AttemptBudget {
  const rows = store.attempts
  const idOf = ({ kind, value }: Subject) => vault.mac('attempts', `${kind}:${value}`)

  async function pay(subjects: readonly Subject[]): Promise<Payment> {
    // Looked at before anybody is charged: whoever is turned away must not use up, even for a moment, the tries of another subject.
    const found = await Promise.all(subjects.map((subject) => rows.get(idOf(subject))))
    for (const [index, subject] of subjects.entries()) {
      const block = blockOn(found[index], subject.kind, settings, clock())
      if (block !== undefined && !subject.silent) return { status: 'blocked', subject, ...block }
    }
    return payEach(subjects, found)
  }

  async function payEach(
    subjects: readonly Subject[],
    found: readonly (Row | undefined)[],
  ): Promise<Payment> {
    const receipts: Receipt[] = []
    let unheard = false
    for (const [index, subject] of subjects.entries()) {
      // The last one flushes those before it: all is paid for good before an answer is looked at.
      const outcome = await payOne(subject, found[index], { mayBeLost: index + 1 < subjects.length })
      if ('began' in outcome) receipts.push(outcome)
      else if (subject.silent) unheard = true
      else {
        await refund(receipts)
        return { status: 'blocked', subject, ...outcome }
      }
    }
    return { status: 'paid', receipts, unheard }
  }

  async function payOne(subject: Subject, found: Row | undefined, options: WriteOptions) {
    const id = idOf(subject)
    let row = found
    for (let round = 0; round < mostRounds; round += 1) {
      const now = clock()
      const block = blockOn(row, subject.kind, settings, now)
      if (block !== undefined) {
        // What must not show must not be quicker either.
        if (subject.silent && row !== undefined) await rows.replace(row, options)
        return block
      }
      const next = charged(row, subject.kind, settings, now)
      const began = next.blockedUntil > now || next.expiresAt === undefined
      const tell = began && next.toldAt === undefined
      const draft = { ...next, ...(tell ? { toldAt: now } : {}), id }
      const written =
        row === undefined
          ? await rows.insert(draft, options)
          : await rows.replace({ ...draft, version: row.version }, options)
      if (written) return { subject, failures: next.failures, began, tell } satisfies Receipt
      row = await rows.get(id)
    }
    throw new Problem('busy', { retryAfter: 1 })
  }

  async function refundOne(receipt: Receipt): Promise<void> {
    const id = idOf(receipt.subject)
    for (let round = 0; round < mostRounds; round += 1) {
      const row = await rows.get(id)
      if (row === undefined) return
      const { toldAt, ...rest } = refunded(row, receipt, freeTries(receipt.subject.kind, settings))
      const keep = toldAt === undefined || receipt.tell ? {} : { toldAt }
      if (await rows.replace({ ...rest, ...keep }, lost)) return
    }
    throw new Problem('busy', { retryAfter: 1 })
  }

  async function refund(receipts: readonly Receipt[]): Promise<void> {
    for (const receipt of receipts) await refundOne(receipt)
  }

  async function failures(subjects: readonly Subject[], receipts: readonly Receipt[]): Promise<number> {
    const paid = new Set(receipts.map(({ subject }) => idOf(subject)))
    const counts = await Promise.all(
      subjects.map(async (subject) => {
        const id = idOf(subject)
        return ((await rows.get(id))?.inARow ?? 0) - (paid.has(id) ? 1 : 0)
      }),
    )
    return Math.max(0, ...counts)
  }

  async function clear(subjects: readonly Subject[]): Promise<void> {
    await Promise.all(subjects.map((subject) => rows.remove(idOf(subject), lost)))
  }

  async function unlock(identifier: Pick<Identifier, 'kind' | 'value'>): Promise<void> {
    await clear(identifierSubjects(claimId(identifier)))
  }

  return { pay, refund, failures, clear, unlock }
}

/**
 * Answers that came over a mailed or sent message have a counter of their own beside the identifier's: a stranger who guesses the one
 * does not take away the other.
 */
export function identifierSubject(identifier: string, channel: string | undefined): Subject {
  return { kind: 'identifier', value: channel === undefined ? identifier : `${channel} ${identifier}` }
}

/** Every counter of one identifier. */
function identifierSubjects(identifier: string): Subject[] {
  return [undefined, ...channels].map((channel) => identifierSubject(identifier, channel))
}
