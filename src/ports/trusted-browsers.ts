import type { Instant } from '../domain/time.ts'

/** A browser that its owner trusts. */
export interface TrustedBrowser {
  /** As `Context.device` names it. */
  readonly id: string
  readonly userAgent: string
  readonly trustedAt: Instant
}

/** Which browsers somebody trusts now: none whose trust is over, or void because they prove who they are in another way by now. */
export interface TrustedBrowsers {
  list(identityId: string): Promise<readonly TrustedBrowser[]>
}
