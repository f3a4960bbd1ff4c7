/**
 * The verbs that carry the guarantees. Two engines implement them; one conformance suite holds both to the words here,
 * with racing processes. Anything raced for uniqueness is an `id`.
 */
import type { Duration, Instant } from '../domain/time.ts'

/** What can be stored: JSON values under a string id. `version` is the engine's, 1 after the insert. */
export interface Entity {
  readonly id: string
  readonly version: number
  /** Gone from this moment on, whether or not it was swept. */
  readonly expiresAt?: Instant
}

/** An entity before the engine versioned it. */
export type Draft<E extends Entity> = Omit<E, 'version'>

export interface Page<E> {
  readonly items: readonly E[]
  /** Give it back as `after` to go on; absent on the last page. */
  readonly next?: string
}

export interface PageQuery {
  /** Ids that begin with this. */
  readonly prefix?: string
  /** The `next` of the page before. */
  readonly after?: string
  /** At most this many, 1 to 1000. */
  readonly limit: number
  /** Newest id first. */
  readonly descending?: boolean
  /** Only entities whose declared index has this value. */
  readonly where?: { readonly index: string; readonly value: string }
}

export interface WriteOptions {
  /**
   * A power cut may take this write, until the next one that it may not take: for what is harmless to lose, or is followed by such a write
   * before anybody relies on it. What was written later is never kept without it. Absent: as the collection declares.
   */
  readonly mayBeLost?: boolean
}

/** All verbs throw `Problem('storage-unavailable')` when the engine cannot answer in time; an indeterminate write counts as made. */
export interface Collection<E extends Entity> {
  /** False when a living entity has the id (an expired one makes room): exactly one of N racers gets true. */
  insert(draft: Draft<E>, options?: WriteOptions): Promise<boolean>
  /** Never an expired entity: expiry is checked at read. */
  get(id: string): Promise<E | undefined>
  /** All living entities whose declared index equals `value`, at most 1000. */
  findBy(index: string, value: string): Promise<readonly E[]>
  /** In id order; an entity that lives during the whole walk appears exactly once, whatever is written meanwhile. */
  page(query: PageQuery): Promise<Page<E>>
  /** Insert or overwrite, last write wins: only for what nobody races. */
  put(draft: Draft<E>): Promise<void>
  /** Compare-and-set: writes only if the stored version is `entity.version` and unexpired; true for exactly one of N racers. The stored version becomes `entity.version + 1`. */
  replace(entity: E, options?: WriteOptions): Promise<boolean>
  /** Reads and deletes: exactly one of N callers receives it, and never an expired one. */
  take(id: string): Promise<E | undefined>
  /** Deletes by id; true when something was there. */
  remove(id: string, options?: WriteOptions): Promise<boolean>
  /** Deletes by declared index; answers how many. */
  removeBy(index: string, value: string): Promise<number>
  /** Deletes what expired before `now`, at most `batch`; answers how many. */
  sweep(now: Instant, batch: number): Promise<number>
  /** How many living entities there are; may be slow. */
  count(): Promise<number>
}

/** What `storage/collections.ts` says about each collection. */
export interface Declaration {
  /** Top-level string (or string-array) properties that are looked up. */
  readonly indexes: readonly string[]
  /** `always`: every write survives a power cut. `marks`: replace, take and removals do, a fresh insert may be lost with the last second. */
  readonly durable: 'always' | 'marks'
}

export interface Engine {
  /** Resolves when a round trip worked within the time-out; else throws `Problem('storage-unavailable')`. */
  ping(timeout?: Duration): Promise<void>
  close(): Promise<void>
}
