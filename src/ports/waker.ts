/** Wakes devices of people through the push service of their browser (RFC 8030). */
import type { Instant } from '../domain/time.ts'

/** Where a browser is woken, and the keys with which only it can read what for (W3C Push API, RFC 8291). */
export interface Subscription {
  readonly endpoint: string
  readonly p256dh: string
  readonly auth: string
}

export interface Waker {
  /** With which key requests to push services are signed (RFC 8292): a browser subscribes for it. Base64url, the same in all processes. */
  publicKey(): Promise<string>
  /**
   * Queues durably and returns; tried again until `until`, then it is too late to be of use. `owner` is whose it is: named to whoever cleans up
   * when the push service says that nobody is there any more.
   */
  wake(subscription: Subscription, owner: string, until: Instant): Promise<void>
}
