import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { Agent } from 'undici'
import { afterEach, describe, expect, test } from 'vitest'
import { createGuardedFetch } from '../../src/messaging/guarded-fetch.ts'

const servers: Server[] = []

async function serve(listener: RequestListener, host = '127.0.0.1'): Promise<number> {
  const server = createServer(listener)
  servers.push(server)
  server.listen(0, host)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

const settings = { timeout: 20_000, max_bytes: 4_096, allow: [] as string[] }
const strict = createGuardedFetch(settings)
const local = createGuardedFetch({ ...settings, allow: ['127.0.0.0/8', '::1', 'localhost'] })

describe('an allowed host', () => {
  test('is asked with the given method, headers and body', async () => {
    const port = await serve(async (request, response) => {
      const chunks: string[] = []
      for await (const chunk of request.setEncoding('utf8')) chunks.push(chunk)
      response.setHeader('x-said', `${request.method} ${request.headers['x-hello']} ${chunks.join('')}`)
      response.end('{"keys":[]}')
    })
    const response = await local(`http://127.0.0.1:${port}/jwks`, {
      method: 'POST',
      headers: new Headers({ 'x-hello': 'there' }),
      body: new URLSearchParams({ a: 'b' }),
    })
    expect(response.status).toBe(200)
    expect(response.headers.get('x-said')).toBe('POST there a=b')
    expect(await response.json()).toEqual({ keys: [] })
  })

  test('is found by name, by IPv4 and by IPv6 literal', async () => {
    const answer: RequestListener = (_request, response) => response.end('ok')
    const port = await serve(answer)
    const port6 = await serve(answer, '::1')
    for (const host of [`localhost:${port}`, `127.1:${port}`, `[::1]:${port6}`]) {
      const response = await local(`http://${host}/`)
      expect(await response.text(), host).toBe('ok')
    }
  })

  test('answers without a body come through', async () => {
    const port = await serve((_request, response) => response.writeHead(204).end())
    const response = await local(`http://127.0.0.1:${port}/`)
    expect(response.status).toBe(204)
    expect(await response.text()).toBe('')
  })

  test('a caller cannot bring its own dispatcher or follow redirects', async () => {
    const port = await serve((_request, response) => response.writeHead(302, { location: '/other' }).end())
    const init = { dispatcher: new Agent(), redirect: 'follow' } as object
    await expect(local(`http://127.0.0.1:${port}/`, init)).rejects.toThrow('redirect')
    await expect(strict(`https://127.0.0.1:${port}/`, init)).rejects.toThrow('special-use address')
  })

  test("ends when the caller's own signal does", async () => {
    const port = await serve(() => {})
    const signal = AbortSignal.timeout(20)
    await expect(local(`http://127.0.0.1:${port}/`, { signal })).rejects.toThrow('aborted due to timeout')
    await expect(local(`http://127.0.0.1:${port}/`, { signal })).rejects.toThrow('aborted due to timeout')
  })
})

describe('S22: what input can name', () => {
  test.each([
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '255.255.255.255',
    '[::]',
    '[::1]',
    '[::127.0.0.1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:a9fe:a9fe]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b:1::1]',
    '[100::1]',
    '[2001::1]',
    '[2001:db8::1]',
    '[2002:7f00:1::1]',
    '[3fff::1]',
    '[5f00::1]',
    '[fc00::1]',
    '[fd12:3456::1]',
    '[fe80::1]',
    '[fec0::1]',
    '[ff02::1]',
  ])('S22: the special-use host %s is refused before a connection is made', async (host) => {
    await expect(strict(`https://${host}/`)).rejects.toThrow('special-use address')
  })

  test('S22: a name that resolves to loopback is refused, and nothing connects', async () => {
    let connections = 0
    const port = await serve(() => {})
    servers[0]?.on('connection', () => connections++)
    for (const name of ['localhost', 'LOCALHOST', 'localhost.']) {
      await expect(strict(`https://${name}:${port}/`), name).rejects.toThrow()
    }
    await expect(strict(`https://localhost:${port}/`)).rejects.toThrow('special-use address')
    expect(connections).toBe(0)
  })

  test('S22: plain http and other schemes are refused unless the host is listed', async () => {
    for (const url of ['http://example.com/', 'ftp://127.0.0.1/', 'file:///etc/passwd', 'data:,x']) {
      await expect(local(url), url).rejects.toThrow('only https')
    }
  })

  test('S22: a URL with a name and password in it is refused', async () => {
    await expect(local('http://user:secret@127.0.0.1/')).rejects.toThrow('credentials')
  })

  test('S22: a redirect is an error, wherever it points', async () => {
    let followed = false
    const port = await serve((request, response) => {
      if (request.url === '/next') followed = true
      response.writeHead(307, { location: `http://127.0.0.1:${port}/next` }).end()
    })
    await expect(local(`http://127.0.0.1:${port}/`)).rejects.toThrow('redirect')
    expect(followed).toBe(false)
  })

  test('S22: an answer that does not come, or trickles, runs into the time-out', async () => {
    const hasty = createGuardedFetch({ ...settings, timeout: 150, allow: ['127.0.0.1'] })
    const port = await serve((request, response) => {
      if (request.url === '/silent') return
      response.writeHead(200)
      const timer = setInterval(() => response.write('x'), 20)
      response.on('close', () => clearInterval(timer))
    })
    await expect(hasty(`http://127.0.0.1:${port}/silent`)).rejects.toThrow('no answer within 150 ms')
    const slow = hasty(`http://127.0.0.1:${port}/slow`).then((answer) => answer.text())
    await expect(slow).rejects.toThrow('no answer within 150 ms')
  })

  test('S22: an endless answer is cut off at the size cap', async () => {
    let sent = 0
    const port = await serve((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(1_024))) sent++
      }
      response.on('drain', more)
      more()
    })
    const response = await local(`http://127.0.0.1:${port}/`)
    await expect(response.arrayBuffer()).rejects.toThrow('larger than 4096 bytes')
    expect(sent * 1_024).toBeLessThan(16_777_216)
  })

  test('S22: a gzip bomb counts by what it grows to', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000))
    const port = await serve((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    )
    const response = await local(`http://127.0.0.1:${port}/`)
    await expect(response.text()).rejects.toThrow('larger than 4096 bytes')
  })

  test('S22: an answer at the size cap still comes through', async () => {
    const port = await serve((_request, response) => response.end('x'.repeat(4_096)))
    const response = await local(`http://127.0.0.1:${port}/`)
    expect((await response.text()).length).toBe(4_096)
  })
})
