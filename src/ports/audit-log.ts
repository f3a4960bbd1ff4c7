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
