/**
 * The only way out to an address that input can name (S22). Redirects are errors, so a request has exactly one host; that host is judged
 * as a literal before connecting, or as what its name resolves to in the very lookup that the socket connects with, so nothing can change
 * its mind in between.
 */
import dns, { type LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import type { Duration } from '../domain/time.ts'
import type { GuardedFetch } from '../ports/outbound.ts'
import { type AllowList, bare, createAllowList, isSpecialUse } from './special-use.ts'

export interface OutboundSettings {
  /** For the whole exchange: name lookup, connection, headers and body. */
  readonly timeout: Duration
  /** Of the decoded body: a compressed answer is counted by what it grows to. */
  readonly max_bytes: number
  /** Host names, addresses and CIDR ranges exempt from the special-use refusal. Listed names and literal addresses may use plain http too. */
  readonly allow: readonly string[]
}

interface Client {
  readonly fetch: typeof import('undici').fetch
  readonly dispatcher: import('undici').Agent
}

/**
 * A `fetch` that takes `method`, `headers`, `body` and `signal` from `init` and nothing else: a caller's dispatcher or redirect mode is dropped.
 * Rejects when the URL, an address behind it, the time or the answer's size is out of bounds; a body that grows too large or comes too
 * slowly fails while it is read. Proxies named in the environment are not used.
 */
export function createGuardedFetch(settings: OutboundSettings): GuardedFetch {
  const allow = createAllowList(settings.allow)
  const connect = { lookup: checkedLookup(allow), timeout: settings.timeout }
  // Loaded when something is fetched for the first time: many servers never do.
  let loading: Promise<Client> | undefined
  const client = () => {
    loading ??= import('undici').then(({ Agent, fetch }) => ({
      fetch,
      dispatcher: new Agent({ allowH2: false, connect }),
    }))
    return loading
  }
  return async (input, init = {}) => {
    const url = checkedUrl(input, allow)
    const limit = startLimit(settings.timeout, init.signal)
    try {
      const { fetch, dispatcher } = await client()
      const response = await fetch(url, {
        method: init.method ?? 'GET',
        headers: [...new Headers(init.headers)],
        body: (init.body ?? null) as string | null,
        redirect: 'error',
        signal: limit.signal,
        dispatcher,
      })
      return bounded(response as unknown as Response, settings.max_bytes, limit.end)
    } catch (error) {
      limit.end()
      throw new Error(`${url.origin}: ${reasonOf(error)}`, { cause: error })
    }
  }
}

function checkedUrl(input: string | URL, allow: AllowList): URL {
  const url = new URL(input)
  const host = bare(url.hostname)
  const listed = allow.host(host)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && listed)) {
    throw new Error(`${url.protocol}//${url.host}: only https is fetched`)
  }
  // The URL parser has already turned decimal, octal and hexadecimal hosts into dotted ones.
  if (isIP(host) !== 0 && !listed && isSpecialUse(host)) throw new Error(`${url.origin}: special-use address`)
  return url
}

/** Resolves as the system does, and hands the socket only addresses that may be reached. */
function checkedLookup(allow: AllowList): LookupFunction {
  const reachable = (host: string, { address }: LookupAddress) =>
    allow.host(host) || allow.address(address) || !isSpecialUse(address)
  return (host, options, callback) => {
    dns.lookup(host, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '', 0)
      const addresses = found.filter((candidate) => reachable(host, candidate))
      const first = addresses[0]
      if (first === undefined) return callback(new Error('special-use address'), '', 0)
      if (options.all) return callback(null, addresses)
      callback(null, first.address, first.family)
    })
  }
}

/** One deadline from the first lookup to the last byte, ended early by the caller's own signal. */
function startLimit(timeout: Duration, outer: AbortSignal | null | undefined) {
  const controller = new AbortController()
  const stop = () => controller.abort(outer?.reason)
  const timer = setTimeout(() => controller.abort(new Error(`no answer within ${timeout} ms`)), timeout)
  // Somebody who drops the answer unread must not hold up the end of the process.
  timer.unref()
  if (outer?.aborted) stop()
  outer?.addEventListener('abort', stop, { once: true })
  const end = () => {
    clearTimeout(timer)
    outer?.removeEventListener('abort', stop)
  }
  return { signal: controller.signal, end }
}

function bounded(response: Response, maxBytes: number, end: () => void): Response {
  let received = 0
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      received += chunk.byteLength
      if (received > maxBytes) throw new Error(`answer larger than ${maxBytes} bytes`)
      controller.enqueue(chunk)
    },
    flush: end,
  })
  if (response.body === null) end()
  const { status, statusText, headers } = response
  return new Response(response.body?.pipeThrough(counter) ?? null, {
    status,
    statusText,
    headers: [...headers],
  })
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : 'failed'
}
