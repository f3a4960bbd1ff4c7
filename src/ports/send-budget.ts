import type { Duration } from '../domain/time.ts'

/** At most `most` messages for this subject within this time, counted from the first one. */
export interface SendLimit {
  /** A mailbox, a number, everybody: text that nothing else counts under. Stored as a keyed hash. */
  readonly subject: string
  readonly most: number
  readonly within: Duration
}

/** How many messages people can cause (S26): mailboxes are not flooded, and SMS cost money. Atomic over processes. */
export interface SendBudget {
  /** True when every limit leaves room for one more, and counts it. As much work either way; when in doubt false. */
  spend(limits: readonly SendLimit[]): Promise<boolean>
  /** Whether there is room for one more now; counts nothing. For what must not count against somebody when others used it up. */
  hasRoom(limit: SendLimit): Promise<boolean>
  /** Leaves no room from now on for as long as the limit says: what was sent was not wanted. */
  exhaust(limit: SendLimit): Promise<void>
}
