/** Entities as MongoDB documents: `{ _id, version, expiresAt?: Date, entity: {…} }`, so that no name of ours meets one of theirs. */
import type { Entity } from '../ports/storage.ts'
import { expiryOf } from './checks.ts'

export interface Stored {
  readonly _id: string
  readonly version: number
  /** For the TTL index and the filters; the exact value is in `entity`. */
  readonly expiresAt?: Date
  readonly entity: Record<string, unknown>
}

/** The document of an entity, without its version. */
export function toStored(draft: {
  readonly id: string
  readonly expiresAt?: number | undefined
}): Omit<Stored, 'version'> {
  const { id, version: _, ...rest } = draft as Entity
  const expiry = expiryOf(draft)
  const entity = encode(rest) as Record<string, unknown>
  return expiry === null ? { _id: id, entity } : { _id: id, expiresAt: new Date(expiry), entity }
}

export function fromStored<E extends Entity>(stored: Stored): E {
  const entity = decode(stored.entity) as Record<string, unknown>
  entity.id = stored._id
  entity.version = stored.version
  return entity as unknown as E
}

/** What JSON would make of the value, with property names that MongoDB takes for neither paths, operators nor BSON types. */
function encode(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => (item === undefined ? null : encode(item)))
  const encoded: Record<string, unknown> = {}
  for (const [name, item] of Object.entries(value)) {
    if (item !== undefined) encoded[encodeName(name)] = encode(item)
  }
  return encoded
}

function decode(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(decode)
  const decoded: Record<string, unknown> = {}
  for (const [name, item] of Object.entries(value)) {
    const original = name.includes('%') ? decodeName(name) : name
    if (original === '__proto__') {
      Object.defineProperty(decoded, original, {
        value: decode(item),
        enumerable: true,
        configurable: true,
        writable: true,
      })
    } else decoded[original] = decode(item)
  }
  return decoded
}

// A dot is a path, a dollar an operator, NUL ends a name; `_bsontype` and `__proto__` mean something to the driver and the language.
function encodeName(name: string): string {
  return name.replace(/[%.$\0]|^_/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
}

function decodeName(name: string): string {
  return name.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
