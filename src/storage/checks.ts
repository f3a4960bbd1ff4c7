import { Problem } from '../domain/problem.ts'
import type { Instant } from '../domain/time.ts'
import type { PageQuery } from '../ports/storage.ts'
import type { Shape } from './collections.ts'

/** How many entities `findBy` answers at most, and a page may hold. */
export const most = 1000

/**
 * An id, index value, prefix or cursor, as given. Anything but a well-formed string is refused with `Problem('bad-request')`:
 * an object could carry operators to MongoDB, and lone surrogates would be one and the same to UTF-8.
 */
export function checkKey(value: string): string {
  if (typeof value === 'string' && value.isWellFormed()) return value
  throw new Problem('bad-request', { detail: 'An id must be well-formed text.' })
}

/** The index, if it is declared; looking up anything else is a mistake of the caller's. */
export function checkIndex(collection: string, shape: Shape, index: string): string {
  if (shape.indexes.includes(index)) return index
  throw new TypeError(`storage/collections.ts declares no index ${index} for ${collection}`)
}

/** Refuses malformed page queries, so that both engines do it alike. */
export function checkPage(collection: string, shape: Shape, query: PageQuery): void {
  if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > most) {
    throw new RangeError(`a page holds 1 to ${most} entities, not ${query.limit}`)
  }
  for (const key of [query.prefix, query.after, query.where?.value]) if (key !== undefined) checkKey(key)
  if (query.where !== undefined) checkIndex(collection, shape, query.where.index)
}

/** The whole millisecond from which an entity is gone; null for never. */
export function expiryOf(entity: { readonly expiresAt?: Instant | undefined }): Instant | null {
  return entity.expiresAt === undefined ? null : Math.ceil(entity.expiresAt)
}

/** The first text after all that begin with `prefix`; undefined when there is none. */
export function endOfPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0)
  while (points.length > 0) {
    const last = points.pop() ?? 0
    if (last === 0x10ffff) continue
    // The code points after U+D7FF are surrogates, which no well-formed text has.
    return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1)
  }
  return undefined
}

/** A page out of at most `limit + 1` entities in order: the last one only says that there are more. */
export function pageOf<E extends { readonly id: string }>(found: E[], limit: number) {
  if (found.length <= limit) return { items: found }
  const items = found.slice(0, limit)
  return { items, next: items[limit - 1]?.id ?? '' }
}
