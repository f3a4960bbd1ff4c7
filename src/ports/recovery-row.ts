import type { Level } from '../domain/assurance.ts'
import type { Recovery } from '../domain/recovery.ts'
import type { Instant } from '../domain/time.ts'
import type { Entity } from './storage.ts'

/** See domain/recovery.ts; there the id is `reference`. */
export interface RecoveryRow extends Entity {
  readonly reference: string
  readonly identityId: string
  /** Keyed hash of the claim code. */
  readonly claim: string
  /** Digest of the browser that may come back without it. */
  readonly browser?: string
  /** Digest of the token of a link that was mailed; gone once it was used. */
  readonly link?: string
  readonly origin: Recovery['origin']
  readonly state: Recovery['state']
  readonly level: Level
  readonly lost: readonly string[]
  readonly startedAt: Instant
  readonly dueAt: Instant
  readonly endsAt: Instant
  readonly caseId?: string
  readonly reviewed?: true
  readonly endedAt?: Instant
  /** Somebody is using the grant: nothing else happens to it meanwhile. */
  readonly using?: { readonly factor: string; readonly at: Instant }
  /** What was set up, and which credential that is. */
  readonly enrolled?: string
  readonly credential?: string
  /** What nobody was told of yet, or is still to be done. */
  readonly owed: readonly RecoveryNews[]
  readonly sealed: string
  readonly past: readonly PastRecovery[]
  readonly expiresAt: Instant
}

export interface RecoveryNews {
  readonly of: 'started' | 'contested' | 'cancelled' | 'ready' | 'finished' | 'expired'
  readonly at: Instant
}

export interface PastRecovery extends Pick<Recovery, 'id' | 'origin' | 'state' | 'startedAt'> {
  readonly endedAt: Instant
}
