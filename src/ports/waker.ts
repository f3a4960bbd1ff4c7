/** Wakes devices of people through the push service of their browser (RFC 8030). */
import type { Instant } from '../domain/time.ts'

/** Where a browser is woken, and the keys with which only it can read what for (W3C Push API, RFC 8291). */
export interface Subscription {
  readonly endpoint: string
  readonly p256dh: string
  readonly auth: string
}

/** Something that somebody should know who is asked nothing. */
export interface Notice {
  /** It goes out once to each device, whoever asks for it again within a day. */
  readonly once: string
  /** After that it is no news any more. */
  readonly until: Instant
}

export interface Waker {
  /** With which key requests to push services are signed (RFC 8292): a browser subscribes for it. Base64url, the same in all processes. */
  publicKey(): Promise<string>
  /**
   * Queues durably and returns; tried again until `until`, then it is too late to be of use. `owner` is whose it is: named to whoever cleans up
   * when the push service says that nobody is there any more.
   */
  wake(subscription: Subscription, owner: string, until: Instant): Promise<void>
  /** The same for a notice, which is tried for a day. A full queue is logged: what somebody must be told is not told by this alone. */
  notify(subscription: Subscription, owner: string, notice: Notice): Promise<void>
}
