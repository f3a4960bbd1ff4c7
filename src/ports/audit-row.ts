import type { Instant } from '../domain/time.ts'
import type { Entity } from './storage.ts'

/** An entry of the audit as it is stored: never changed, never removed. */
export interface StoredAuditEntry extends Entity {
  readonly at: Instant
  readonly action: string
  readonly result: 'success' | 'failure'
  readonly actor: { readonly kind: string; readonly id?: string }
  readonly identityId?: string
  readonly clientId?: string
  readonly sessionId?: string
  readonly reason?: string
  readonly details?: Readonly<Record<string, unknown>>
  readonly traceId?: string
  readonly sealed?: string
  /** The lists of its person that it stands in (`audit/story.ts`): none where nobody is told of it. */
  readonly stories?: readonly string[]
  readonly link: AuditLink
}

/** Where an entry stands in the chain of the process that wrote it (`audit/chain.ts`). */
export interface AuditLink {
  readonly chain: string
  /** 1, 2, 3 … without gaps; ids ascend with it. */
  readonly position: number
  /** Up to this position everything is known to be stored. */
  readonly settled: number
  /** `mac` of the entry before it; the first has none. */
  readonly previous?: string
  /** In the first entry: how far other chains went that were there already. */
  readonly known?: readonly ChainEnd[]
  /** Over everything else in the entry, as it is stored. */
  readonly mac: string
}

export interface ChainEnd {
  readonly chain: string
  readonly position: number
}
