import { BlockList, isIP } from 'node:net'
import type { WebContext } from '../context.ts'
import type { WebSettings } from '../dependencies.ts'
import type { Middleware } from './middleware.ts'

/** What others may have written into; taking one away is dear, so only where there is one. */
const opinions = ['forwarded', 'x-forwarded-host', 'x-forwarded-port'] as const

type Settings = Pick<WebSettings, 'issuer' | 'trusted_proxies'>

/**
 * Decides once who asks and under which origin, and rewrites the forwarded headers to that, so that nothing below can read
 * another opinion (S40): the address from X-Forwarded-For as far as it was written by trusted proxies, protocol and host always from the issuer.
 */
export function proxy(settings: Settings): Middleware {
  const { protocol, host } = new URL(settings.issuer)
  const scheme = protocol.slice(0, -1)
  const trusted = settings.trusted_proxies.length === 0 ? undefined : cidrList(settings.trusted_proxies)
  return (ctx, next) => {
    const { headers } = ctx.req
    const nearest = canonical(ctx.req.socket.remoteAddress ?? '')
    const address = trusted === undefined ? nearest : clientAddress(ctx, nearest, trusted)
    ctx.state.address = address
    for (const name of opinions) if (headers[name] !== undefined) delete headers[name]
    headers['x-forwarded-for'] = address
    headers['x-forwarded-proto'] = scheme
    headers.host = host
    return next()
  }
}

/** Walks the chain from the nearest hop outwards and stops at the first address that no trusted proxy vouches for. */
function clientAddress(ctx: WebContext, nearest: string, trusted: BlockList): string {
  const chain = header(ctx, 'x-forwarded-for').map(canonical)
  let address = nearest
  while (contains(trusted, address)) {
    const previous = chain.pop()
    if (previous === undefined || isIP(previous) === 0) break
    address = previous
  }
  return address
}

function header(ctx: WebContext, name: string): string[] {
  return ctx
    .get(name)
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** An IPv4 address that came in IPv6 clothes is an IPv4 address. */
function canonical(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').toLowerCase()
}

function cidrList(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    list.addSubnet(address, Number(prefix ?? (family === 'ipv6' ? 128 : 32)), family)
  }
  return list
}

function contains(list: BlockList, address: string): boolean {
  const version = isIP(address)
  return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4')
}

/** 127.0.0.0/8 and ::1. */
export function isLoopback(address: string): boolean {
  const plain = canonical(address)
  return plain === '::1' || plain.startsWith('127.')
}

/** What limits count as one client: the address, or the /64 that an IPv6 customer moves about in (S26). */
export function addressGroup(address: string): string {
  if (isIP(address) !== 6) return address
  const { hostname } = new URL(`http://[${address.split('%')[0]}]`)
  const [head = '', tail] = hostname.slice(1, -1).split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => '0')
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`
}
