/** Which addresses belong to nobody on the public internet (IANA special-purpose registries, RFC 6890), and which of them are allowed all the same. */
import ipaddr from 'ipaddr.js'

/** Says whether a host or address may be reached although it is special-use or asked for without TLS. */
export interface AllowList {
  /** `host` as in `URL.hostname`: a name that is listed, or an address inside a listed range. */
  host(host: string): boolean
  /** True when the literal address is inside a listed range. */
  address(address: string): boolean
}

const globalUnicast = ipaddr.parseCIDR('2000::/3')
// RFC 9637, newer than the table of the library.
const documentation = ipaddr.parseCIDR('3fff::/20')

/**
 * True unless the literal address is a public unicast one. IPv6 is judged from the other side: outside 2000::/3 nothing is public, which
 * covers loopback, link-local, unique local, NAT64 (64:ff9b::/96) and every IPv4-mapped or -compatible form without naming them.
 * What cannot be parsed counts as special.
 */
export function isSpecialUse(address: string): boolean {
  if (!ipaddr.isValid(address)) return true
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast') return true
  return parsed.kind() === 'ipv6' && (!parsed.match(globalUnicast) || parsed.match(documentation))
}

/** From host names, addresses and CIDR ranges as written in the configuration. Throws on a range that cannot be parsed. */
export function createAllowList(entries: readonly string[]): AllowList {
  const isRange = (entry: string) => entry.includes('/') || ipaddr.isValid(entry)
  const ranges = entries.filter(isRange).map(parseRange)
  const names = new Set(entries.filter((entry) => !isRange(entry)).map(plainName))
  const address = (text: string) => {
    if (!ipaddr.isValid(text)) return false
    const parsed = ipaddr.process(text)
    return ranges.some((range) => parsed.kind() === range[0].kind() && parsed.match(range))
  }
  return { address, host: (host) => names.has(plainName(host)) || address(bare(host)) }
}

/** A URL's hostname without the brackets of an IPv6 literal. */
export function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '')
}

function parseRange(entry: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  if (entry.includes('/')) return ipaddr.parseCIDR(entry)
  const address = ipaddr.parse(entry)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

function plainName(host: string): string {
  return host.toLowerCase().replace(/\.$/, '')
}
