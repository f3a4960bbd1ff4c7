/**
 * Writes databases in the MaxMind DB format, version 2.0 (https://maxmind.github.io/MaxMind-DB/), as small as a test needs them: no data of any
 * publisher is in this repository. 32-bit records, IPv4 at the root of ::/96 of an IPv6 tree, no pointers and no shared data.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import ipaddr from 'ipaddr.js'

export type Value = string | number | Uint16 | readonly Value[] | { readonly [key: string]: Value }

/** Numbers are written as doubles unless they say otherwise. */
class Uint16 {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

type Node = [left: Branch, right: Branch]
/** A node further down, the index of an entry, or nothing. */
type Branch = Node | number | undefined

export interface Options {
  readonly ipVersion?: 4 | 6
}

/** `entries`: what is said about each network in CIDR notation; of two that overlap the narrower one has to come later. */
export function mmdb(entries: Readonly<Record<string, Value>>, { ipVersion = 6 }: Options = {}): Buffer {
  const root: Node = [undefined, undefined]
  const data = Object.values(entries).map(encoded)
  for (const [index, network] of Object.keys(entries).entries())
    insert(root, bitsOf(network, ipVersion), index)
  const nodes = numbered(root)
  return Buffer.concat([
    tree(nodes, offsetsOf(data)),
    Buffer.alloc(16),
    ...data,
    Buffer.from('abcdef4d61784d696e642e636f6d', 'hex'),
    encoded({
      binary_format_major_version: new Uint16(2),
      binary_format_minor_version: new Uint16(0),
      build_epoch: new Uint16(0),
      database_type: 'Signet-Test',
      description: { en: 'Made by a test' },
      ip_version: new Uint16(ipVersion),
      languages: ['en', 'de'],
      node_count: new Uint16(nodes.size),
      record_size: new Uint16(32),
    }),
  ])
}

function bitsOf(network: string, ipVersion: 4 | 6): number[] {
  const [address, length] = ipaddr.parseCIDR(network)
  const bits = address.toByteArray().flatMap((byte) => [...byte.toString(2).padStart(8, '0')].map(Number))
  const above = ipVersion === 6 && address.kind() === 'ipv4' ? new Array<number>(96).fill(0) : []
  return [...above, ...bits.slice(0, length)]
}

function insert(root: Node, bits: readonly number[], index: number): void {
  let node = root
  for (const bit of bits.slice(0, -1)) {
    const below = node[bit as 0 | 1]
    // A network within another one: what was said about all of it is said about its halves.
    const next: Node = Array.isArray(below) ? below : [below, below]
    node[bit as 0 | 1] = next
    node = next
  }
  node[bits.at(-1) as 0 | 1] = index
}

function numbered(root: Node): Map<Node, number> {
  const nodes = new Map<Node, number>([[root, 0]])
  for (const [node] of nodes)
    for (const branch of node) if (Array.isArray(branch)) nodes.set(branch, nodes.size)
  return nodes
}

function offsetsOf(data: readonly Buffer[]): number[] {
  let at = 0
  return data.map(({ length }) => {
    at += length
    return at - length
  })
}

function tree(nodes: Map<Node, number>, offsets: readonly number[]): Buffer {
  const record = (branch: Branch) => {
    if (branch === undefined) return nodes.size
    return Array.isArray(branch) ? (nodes.get(branch) ?? 0) : nodes.size + 16 + (offsets[branch] ?? 0)
  }
  const buffer = Buffer.alloc(nodes.size * 8)
  for (const [[left, right], index] of nodes) {
    buffer.writeUInt32BE(record(left), index * 8)
    buffer.writeUInt32BE(record(right), index * 8 + 4)
  }
  return buffer
}

const types = { string: 2, double: 3, uint16: 5, map: 7, array: 11 } as const

function encoded(value: Value): Buffer {
  if (typeof value === 'string') return field(types.string, Buffer.from(value))
  if (typeof value === 'number') {
    const double = Buffer.alloc(8)
    double.writeDoubleBE(value)
    return field(types.double, double)
  }
  if (value instanceof Uint16) {
    const bytes = Buffer.alloc(2)
    bytes.writeUInt16BE(value.value)
    return field(types.uint16, bytes)
  }
  if (Array.isArray(value)) return Buffer.concat([control(types.array, value.length), ...value.map(encoded)])
  const pairs = Object.entries(value as Readonly<Record<string, Value>>)
  const parts = pairs.flatMap(([key, inner]) => [encoded(key), encoded(inner)])
  return Buffer.concat([control(types.map, pairs.length), ...parts])
}

function field(type: number, content: Buffer): Buffer {
  return Buffer.concat([control(type, content.length), content])
}

function control(type: number, size: number): Buffer {
  if (size > 284) throw new Error('longer than a test needs')
  const short = Math.min(size, 29)
  const first = type < 8 ? [(type << 5) | short] : [short, type - 7]
  return Buffer.from(size < 29 ? first : [...first, size - 29])
}

/** An entry in the form of GeoIP2, GeoLite2 and DB-IP. */
export function city(
  country: string,
  names: Readonly<Record<string, string>>,
  [latitude, longitude]: readonly [number, number],
  region?: string,
): Value {
  return {
    country: { iso_code: country },
    city: { names },
    location: { latitude, longitude },
    ...(region === undefined ? {} : { subdivisions: [{ names: { en: region } }] }),
  }
}

/** Places that tests are in, by documentation ranges. */
export const world: Readonly<Record<string, Value>> = {
  '203.0.113.0/25': city('DE', { en: 'Munich', de: 'München' }, [48.137, 11.575], 'Bavaria'),
  '203.0.113.128/25': city('DE', { en: 'Augsburg' }, [48.371, 10.898], 'Bavaria'),
  '198.51.100.0/25': city('US', { en: 'New York', de: 'New York' }, [40.713, -74.006], 'New York'),
  '198.51.100.128/25': city('DE', { en: 'Berlin' }, [52.52, 13.405], 'Land Berlin'),
  '192.0.2.0/24': { country: { iso_code: 'FR' } },
  '2001:db8:1::/48': city('DE', { en: 'Munich', de: 'München' }, [48.137, 11.575], 'Bavaria'),
  '2001:db8:2::/48': city('JP', { en: 'Tokyo', de: 'Tokio' }, [35.69, 139.69]),
}

/** A file with `world` in it, and the settings that go with it: visitors say by `x-forwarded-for` where they are. */
export async function placesOnDisk(folder: string): Promise<Readonly<Record<string, string>>> {
  const file = join(folder, 'world.mmdb')
  await writeFile(file, mmdb(world))
  return { SIGNET_PLACES__DATABASE: file, SIGNET_TRUSTED_PROXIES: '127.0.0.1, ::1' }
}
