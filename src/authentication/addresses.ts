import ipaddr from 'ipaddr.js'

/**
 * What a client address counts as: an IPv4 address itself, also when it arrives mapped into IPv6; of an IPv6 address its /64, because
 * one subscriber owns all of it. Anything unreadable counts as itself.
 */
export function addressSubject(address: string): string {
  const bare = address.split('%', 1)[0] ?? address
  if (!ipaddr.isValid(bare)) return bare
  const parsed = ipaddr.process(bare)
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString()
  const prefix = parsed.parts.slice(0, 4).map((part) => part.toString(16))
  return `${prefix.join(':')}::/64`
}
