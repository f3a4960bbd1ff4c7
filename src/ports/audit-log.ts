import type { AuditEntry, AuditEvent, Topic } from '../domain/audit-event.ts'
import type { Instant } from '../domain/time.ts'
import type { Page } from './storage.ts'

/** Append-only memory of every action by an identity, client, operator or Signet itself. */
export interface AuditLog {
  /** Stored before it returns; personal fields sealed under the identity's key. */
  record(event: AuditEvent): Promise<void>
  /** Newest first. */
  list(query: AuditQuery): Promise<Page<AuditEntry>>
}

/** The same as people read it who look at their own account. */
export interface AuditStories {
  /** What one person is told about what concerns them, newest first; every page but the last is full. */
  story(query: StoryQuery): Promise<Page<AuditEntry>>
  /** One entry, if it concerns this person. */
  entry(identityId: string, id: string): Promise<AuditEntry | undefined>
}

export interface StoryQuery {
  readonly identityId: string
  readonly topic?: Topic
  /** Only what was refused, or went wrong. */
  readonly failed?: boolean
  /** Nothing from before this moment. */
  readonly since?: Instant
  readonly after?: string
  /** At most this many, 1 to 1000. */
  readonly limit: number
}

export interface AuditQuery {
  readonly identityId?: string
  readonly clientId?: string
  readonly action?: string
  readonly after?: string
  /** At most this many, 1 to 1000. */
  readonly limit: number
}

/** Tells whether the entries are those that were written, all of them, and unchanged. */
export interface AuditProof {
  /**
   * Walks through everything, page by page, also while others write; memory grows with the number of chains (one for each start of a process), not with
   * the entries. What was cut off at the end, and nobody went on from, cannot be seen, unless somebody noted an id from there.
   */
  verify(options?: { readonly noted?: string }): Promise<AuditVerdict>
}

export interface AuditVerdict {
  /** How many are unchanged and in their place, and in how many chains they stand. */
  readonly entries: number
  readonly chains: number
  /** Written at the very end of a chain when its process died or the store failed: whether they were ever stored, nobody knows. */
  readonly unconfirmed: number
  /** How many faults there are; the first of them are in `faults`. Whole: none. */
  readonly broken: number
  readonly faults: readonly AuditFault[]
  /** The newest entry that was looked at. Noted elsewhere, it tells later whether the end was cut off: see `noted`. */
  readonly newest?: string
}

export interface AuditFault {
  /** The entry that was altered, or never written by Signet, or noted and gone; of missing ones, the entry that tells that they were there. */
  readonly id: string
  readonly fault: 'altered' | 'foreign' | 'missing' | 'gone'
  /** Of missing ones: positions in this chain. */
  readonly chain?: string
  readonly from?: number
  readonly to?: number
}
