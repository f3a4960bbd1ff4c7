import ipaddr from 'ipaddr.js'
import { Reader } from 'mmdb-lib'
import type { Place } from '../domain/place.ts'
import { coarse } from '../domain/place.ts'
import type { Places } from '../ports/places.ts'
import { placeIn } from './place-record.ts'

type Database = Reader<never>

/** Networks that are nowhere in particular. */
const placeless: ReadonlySet<string> = new Set([
  'unspecified',
  'loopback',
  'private',
  'linkLocal',
  'uniqueLocal',
  'carrierGradeNat',
  'multicast',
  'broadcast',
])

/** `database`: the newest one, or none. */
export function createPlaces(database: () => Database | undefined): Places {
  return {
    find(address, language = 'en') {
      const reader = database()
      return reader === undefined ? undefined : lookUp(reader, address, language)
    },
  }
}

function lookUp(reader: Database, address: string, language: string): Place | undefined {
  const bare = address.split('%', 1)[0] ?? ''
  if (!ipaddr.isValid(bare)) return undefined
  const parsed = ipaddr.process(bare)
  if (placeless.has(parsed.range())) return undefined
  // A tree for 32 bits would be walked by the first quarter of an IPv6 address.
  if (parsed.kind() === 'ipv6' && reader.metadata.ipVersion === 4) return undefined
  try {
    const place = placeIn(reader.get(parsed.toString()), language)
    return place === undefined ? undefined : coarse(place)
  } catch {
    // Damaged beyond what shows at the start: a place is a courtesy, nobody is kept out for the lack of one.
    return undefined
  }
}

/** A database in the MaxMind DB format. Throws an Error, made for people, when it is none. */
export function readDatabase(content: Buffer): Database {
  try {
    const reader: Database = new Reader(content)
    reader.get('192.0.2.1')
    return reader
  } catch (error) {
    throw new Error('is no database in the MaxMind DB (MMDB) format, or is damaged', { cause: error })
  }
}
