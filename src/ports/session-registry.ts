import type { Instant } from '../domain/time.ts'

/** Somebody signed in, in one browser. */
export interface ActiveSession {
  /** Stable over id rotations. */
  readonly uid: string
  readonly identityId: string
  readonly startedAt: Instant
  readonly lastSeenAt: Instant
  readonly authTime: Instant
  readonly acr?: string
  readonly amr: readonly string[]
  readonly userAgent?: string
  readonly address?: string
  /** By which ways to prove it was opened. */
  readonly factors?: readonly string[]
  /** `Device.browser`, and `AuthenticationResult.process` of the last sign-in. */
  readonly browser?: string
  readonly process?: string
  readonly clientIds: readonly string[]
}

/** Somebody signed in just now. */
export interface NewSession {
  readonly uid: string
  readonly identityId: string
  readonly clientId: string
  readonly address: string
  readonly userAgent: string
  /** Of the page. */
  readonly language: string
  /** What the browser keeps to be known again. */
  readonly device: string | undefined
}

export interface Held {
  readonly clientId: string
  readonly names: readonly string[]
}

/** Where sessions come from: any of these is enough. */
export interface SessionSource {
  readonly uid?: string
  /** `AuthenticationResult.process` */
  readonly process?: string
  /** `Device.browser` */
  readonly browser?: string
  /** A credential that was used to prove it. */
  readonly credential?: string
}

/** Ends what an authentication result turned into. An ended session is never revived by a request in flight, and its tokens end with it. */
export interface SessionRegistry {
  list(identityId: string): Promise<readonly ActiveSession[]>
  /** True when the session existed, was this identity's, and is over now; relying parties are told by back-channel logout. */
  end(identityId: string, uid: string): Promise<boolean>
  /**
   * Ends the identity's sessions of this source with every token that came of them, offline ones too; of a `uid` or `process` also what outlived the
   * session, and what is about to become one. Answers how many ended.
   */
  endOf(identityId: string, source: SessionSource): Promise<number>
  /** Ends all (but one), with every grant and refresh token of the identity, offline ones too; answers how many sessions. */
  endAll(identityId: string, options?: { readonly except?: string }): Promise<number>
  /**
   * Ends every grant and token between the two (consent withdrawn), or those `carrying` one of these names (`domain/consent.ts`). The client is told by
   * back-channel logout for each session that it had them from.
   */
  endGrants(
    identityId: string,
    clientId: string,
    options?: { readonly carrying?: readonly string[] },
  ): Promise<void>
  /** What clients hold of the identity now, first-party ones too: what they may do with it, as a consent names it. */
  held(identityId: string): Promise<readonly Held[]>
  /** Ends every token of a client (disabled, removed). */
  endClient(clientId: string): Promise<void>
}
