import ipaddr from 'ipaddr.js'
import type { AddressRanges } from '../ports/address-ranges.ts'

interface Range {
  readonly first: bigint
  readonly last: bigint
}

/** Of networks in CIDR notation and single addresses; found in logarithmic time, so that a list may have a hundred thousand. Throws on what is neither. */
export function createRanges(written: readonly string[]): AddressRanges {
  const parsed = written.map(parse)
  const ofKind = (kind: string) => merged(parsed.filter((one) => one.kind === kind))
  const lists: Readonly<Record<string, readonly Range[]>> = { ipv4: ofKind('ipv4'), ipv6: ofKind('ipv6') }
  return {
    has(address) {
      const bare = address.split('%', 1)[0] ?? ''
      if (!ipaddr.isValid(bare)) return false
      const one = ipaddr.process(bare)
      return contains(lists[one.kind()] ?? [], numberOf(one.toByteArray()))
    },
  }
}

/** One network or address a line; what follows `#` or `;` is a comment. Throws an Error, made for people, that names the line. */
export function readRanges(content: Buffer): readonly string[] {
  const lines = content.toString('utf8').split(/\r?\n/)
  return lines.flatMap((line, at) => {
    const text = line.replace(/[#;].*/, '').trim()
    if (text === '') return []
    if (!isRange(text)) throw new Error(`has no address or range in line ${at + 1}`)
    return [text]
  })
}

function isRange(text: string): boolean {
  return text.includes('/') ? ipaddr.isValidCIDR(text) : ipaddr.isValid(text)
}

function parse(text: string): Range & { readonly kind: string } {
  const [address, length] = text.includes('/')
    ? ipaddr.parseCIDR(text)
    : [ipaddr.process(text), Number.POSITIVE_INFINITY]
  const bytes = address.toByteArray()
  const free = BigInt(Math.max(0, bytes.length * 8 - length))
  const first = (numberOf(bytes) >> free) << free
  return { kind: address.kind(), first, last: first + (1n << free) - 1n }
}

function numberOf(bytes: readonly number[]): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

/** In order and without overlaps. */
function merged(ranges: readonly Range[]): Range[] {
  const result: Range[] = []
  for (const range of ranges.toSorted((one, other) => (one.first < other.first ? -1 : 1))) {
    const before = result.at(-1)
    if (before === undefined || range.first > before.last) result.push(range)
    else if (range.last > before.last) result[result.length - 1] = { ...before, last: range.last }
  }
  return result
}

function contains(ranges: readonly Range[], number: bigint): boolean {
  let [low, high] = [0, ranges.length - 1]
  while (low <= high) {
    const middle = (low + high) >> 1
    const range = ranges[middle]
    if (range === undefined) return false
    if (number < range.first) high = middle - 1
    else if (number > range.last) low = middle + 1
    else return true
  }
  return false
}
