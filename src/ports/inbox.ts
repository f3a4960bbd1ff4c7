import type { Duration, Instant } from '../domain/time.ts'

/** A mail or SMS that development mode caught instead of sending it. For an SMS `subject` and `html` are empty. */
export interface CaughtMessage {
  /** Rises with time: later messages have greater ids, by plain string comparison. */
  readonly id: string
  readonly channel: 'email' | 'sms'
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
  /** The links and codes that the message wants its reader to use. */
  readonly links: readonly string[]
  readonly codes: readonly string[]
  readonly at: Instant
}

export interface InboxQuery {
  /** The address or number, whatever its case. */
  readonly to?: string
  readonly channel?: 'email' | 'sms'
  /**
   * Only what came after: the id of the last message seen (that one excluded), or a moment as ISO 8601 text or as milliseconds since the
   * epoch (messages of that very millisecond included). What is none of these counts as absent.
   */
  readonly after?: string
  /** Hold the answer until a message matches, at most this long; never more than 30 s. Default: answer at once. */
  readonly waitMs?: Duration
  /** Ends the wait early, with what is there. */
  readonly signal?: AbortSignal
}

/** Read access to what was caught, in whichever process: the last 500 messages. */
export interface InboxReader {
  /** Newest first; empty when nothing matches (in time). */
  messages(query: InboxQuery): Promise<readonly CaughtMessage[]>
}
