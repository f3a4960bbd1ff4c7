import { connect } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openSignet, send } from './support/server.ts'

const paths = [
  '/',
  '/recovery',
  '/recovery/link',
  '/invitation',
  '/interaction/x',
  '/interaction/x/identify',
  '/interaction/x/consent',
  '/authorize',
  '/token',
  '/userinfo',
  '/introspect',
  '/revoke',
  '/logout',
  '/jwks',
  '/.well-known/openid-configuration',
  '/assets/x.css',
  '/health/ready',
]

const odd = fc.oneof(
  fc.string({ maxLength: 40, unit: 'binary' }),
  fc.constantFrom(
    '%',
    '%00',
    '%zz',
    '[]',
    '{"$ne":null}',
    '__proto__',
    'constructor',
    '../..',
    '\u0000',
    '='.repeat(50),
    'a'.repeat(5_000),
  ),
)

const requests = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH'),
  path: fc.oneof(
    fc.constantFrom(...paths),
    fc
      .tuple(fc.constantFrom(...paths), fc.constantFrom('?', '/', '//', '%2e', ';', '#'), odd)
      .map(([path, separator, text]) => path + separator + encodeURIComponent(text).slice(0, 3_000)),
    fc
      .tuple(fc.constantFrom(...paths), odd)
      .map(([path, text]) => `${path}?x=${text.replace(/[^\x21-\x7e]/g, '')}`),
  ),
  type: fc.constantFrom(
    'application/x-www-form-urlencoded',
    'application/json',
    'text/plain',
    'multipart/form-data',
    'application/x-www-form-urlencoded; charset=nope',
    ';;;',
  ),
  headers: fc.dictionary(
    fc.constantFrom(
      'cookie',
      'authorization',
      'origin',
      'accept',
      'accept-language',
      'accept-encoding',
      'x-forwarded-for',
      'dpop',
      'referer',
      'range',
      'if-none-match',
    ),
    odd.map((text) => text.replace(/[^\x20-\x7e]/g, '').slice(0, 500)),
  ),
  body: odd,
})

describe('malformed requests', () => {
  it('F15: ten thousand of them get no 5xx and leave the server as it was', async () => {
    const { issuer } = await openSignet()
    const samples = fc.sample(requests, { numRuns: 10_000, seed: 15 })
    const before = await settledHeap()
    const failures: string[] = []
    const next = samples.values()
    const worker = async () => {
      for (const { method, path, type, headers, body } of next) {
        const carries = method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS'
        const answer = await send(issuer, {
          method,
          path,
          headers: carries ? { ...headers, 'content-type': type } : headers,
          ...(carries ? { body } : {}),
        })
        if (answer.status >= 500) failures.push(`${answer.status} ${method} ${path}`)
      }
    }
    await Promise.all(Array.from({ length: 16 }, worker))
    expect(failures).toEqual([])
    expect((await send(issuer, { path: '/health/ready' })).status).toBe(200)
    expect((await settledHeap()) - before).toBeLessThan(30 * 1024 * 1024)
  })

  it('F15: bytes that are no HTTP at all end their own connection', async () => {
    const { issuer } = await openSignet()
    const { port } = new URL(issuer)
    const noise = [
      '\0\0\0\0\r\n\r\n',
      'GET\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      'POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
      `GET /${'a'.repeat(100_000)} HTTP/1.1\r\n\r\n`,
    ]
    for (const bytes of noise)
      expect(await exchange(Number(port), bytes), bytes.slice(0, 40)).not.toMatch(/^HTTP\/1.1 5/)
    expect((await send(issuer, { path: '/health/live' })).status).toBe(200)
  })
})

/** Bytes that are still needed: what can be collected was. */
async function settledHeap(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let round = 0; round < 3; round += 1) {
    collect()
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return process.memoryUsage().heapUsed
}

function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('error', () => resolve(answer))
    socket.on('close', () => resolve(answer))
    socket.write(bytes)
    socket.setTimeout(2_000, () => socket.destroy())
  })
}
