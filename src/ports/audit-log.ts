import type { AuditEntry, AuditEvent } from '../domain/audit-event.ts'
import type { Page } from './storage.ts'

/** Append-only memory of every action by an identity, client, operator or Signet itself. */
export interface AuditLog {
  /** Stored before it returns; personal fields sealed under the identity's key. */
  record(event: AuditEvent): Promise<void>
  /** Newest first. */
  list(query: AuditQuery): Promise<Page<AuditEntry>>
}

export interface AuditQuery {
  readonly identityId?: string
  readonly clientId?: string
  readonly action?: string
  readonly after?: string
  /** At most this many, 1 to 1000. */
  readonly limit: number
}
