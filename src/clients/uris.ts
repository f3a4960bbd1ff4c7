/** Which addresses a client may name. Each check answers what is wrong, in words that follow the address; undefined when nothing is. */
type Fault = string | undefined

const longest = 2_000
const loopback = new Set(['127.0.0.1', '[::1]', 'localhost'])

/** Where a browser may be sent with an answer (RFC 9700 2.1, RFC 8252 7): compared exactly later, so it is held to one spelling here. */
export function redirectFault(uri: unknown, isNative: boolean): Fault {
  const general = uriFault(uri)
  if (general !== undefined) return general
  const { protocol, hostname } = new URL(String(uri))
  if (protocol === 'https:')
    return isNative && loopback.has(hostname)
      ? 'uses https on a loopback host, which native applications cannot'
      : undefined
  if (protocol === 'http:')
    return loopback.has(hostname) ? undefined : 'uses http, which is only for loopback hosts'
  if (!protocol.includes('.'))
    return 'uses a scheme that is neither https nor a private one in reverse-domain form'
  return isNative ? undefined : 'uses a private scheme, which is only for native applications'
}

/** A page or endpoint of the client: https, or http on a loopback host while developing. */
export function webFault(uri: unknown): Fault {
  const general = uriFault(uri)
  if (general !== undefined) return general
  const { protocol, hostname } = new URL(String(uri))
  if (protocol === 'https:' || (protocol === 'http:' && loopback.has(hostname))) return undefined
  return 'must use https (http only on a loopback host)'
}

/** Where no exception for developing exists. */
export function httpsFault(uri: unknown): Fault {
  return uriFault(uri) ?? (new URL(String(uri)).protocol === 'https:' ? undefined : 'must use https')
}

export function isPrivateUse(uri: string): boolean {
  return /^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:/i.test(uri)
}

function uriFault(uri: unknown): Fault {
  if (typeof uri !== 'string' || uri === '') return 'must be text'
  if (uri.length > longest) return 'is too long'
  // The parser forgives white space, backslashes and missing slashes; a registered address must not need forgiving.
  if (!/^[\x21-\x5b\x5d-\x7e]+$/.test(uri)) return 'holds a character that must be percent-encoded'
  const url = URL.parse(uri)
  if (url === null) return 'is not an absolute address'
  if (/^https?:/i.test(uri) && !/^https?:\/\/[^/]/i.test(uri)) return 'is not an absolute address'
  if (uri.includes('#')) return 'holds a fragment'
  if (uri.includes('*')) return 'holds a wildcard'
  if (url.username !== '' || url.password !== '' || /^[a-z]+:\/\/[^/?]*@/i.test(uri))
    return 'holds a user name or password'
  return undefined
}
