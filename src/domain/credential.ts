import type { Channel, Level, Strength } from './assurance.ts'
import type { Loss } from './loss.ts'
import type { Instant } from './time.ts'

/** What an identity enrolled to prove itself with: one row per password, authenticator, key … `data` belongs to the factor alone. */
export interface Credential<Data = unknown> {
  readonly id: string
  readonly version: number
  readonly identityId: string
  /** The name of the factor that reads `data`. */
  readonly factor: string
  readonly label?: string
  readonly data: Data
  /** Finds the credential when no identity is known yet (WebAuthn credential id). Unique when set. */
  readonly handle?: string
  /** Set on the strength of this channel alone: a proof with it counts as one over that channel, now and later (S44). */
  readonly channel?: Channel
  /** What proofs with it can be worth, where that differs from its factor's own (a key that cannot be copied). */
  readonly strength?: Partial<Strength>
  /** Not sufficient alone: as soon as no credential of another category is left, a stronger one is asked for (S25). */
  readonly needsCompanion?: boolean
  /** Set in a recovery: a proof with it is worth no more than what was proved there. */
  readonly ceiling?: Level
  /** What takes it along when the person loses it, where that differs from what its factor says; of what is kept elsewhere. */
  readonly lostWith?: readonly Loss[]
  readonly createdAt: Instant
  readonly lastUsedAt?: Instant
}
