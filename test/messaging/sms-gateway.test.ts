import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createGuardedFetch } from '../../src/messaging/guarded-fetch.ts'
import { createSmsDelivery, type SmsSettings } from '../../src/messaging/sms-gateway.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

interface Taken {
  readonly request: IncomingMessage
  readonly body: string
}

/** A gateway that answers `status`, and what it was sent. */
async function startGateway(status = 202) {
  const taken: Taken[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    taken.push({ request, body })
    response.writeHead(status, { location: '/elsewhere' }).end('{}')
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { taken, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const local = createGuardedFetch({ timeout: 20_000, max_bytes: 4_096, allow: ['127.0.0.1'] })
const text = 'Example: 483920 is "your" code & more.\n\n@id.example.com #483920'
const message = {
  id: 'm1',
  channel: 'sms',
  to: '+4915112345678',
  subject: '',
  html: '',
  text,
  links: [],
  codes: [],
} as const

function deliver(url: string, more: Partial<SmsSettings> = {}, fetch = local) {
  const body = '{"to":"{{to}}","text":"{{text}}","ref":"{{id}}"}'
  return createSmsDelivery({ url, method: 'POST', headers: {}, body, ...more }, fetch)(message)
}

describe('the SMS gateway', () => {
  test('is sent the number and the text as JSON, with the headers of the configuration', async () => {
    const { taken, url } = await startGateway()
    expect(await deliver(`${url}/messages`, { headers: { Authorization: 'Bearer k' } })).toBeUndefined()
    const [{ request, body } = {} as Taken] = taken
    expect(request.method).toBe('POST')
    expect(request.url).toBe('/messages')
    expect(request.headers).toMatchObject({ authorization: 'Bearer k', 'content-type': 'application/json' })
    expect(JSON.parse(body)).toEqual({ to: message.to, text, ref: 'm1' })
  })

  test.each([
    [
      'application/x-www-form-urlencoded',
      'To={{to}}&Body={{text}}',
      (body: string) => Object.fromEntries(new URLSearchParams(body)),
    ],
    ['application/json', '{"To":"{{to}}","Body":"{{text}}"}', (body: string) => JSON.parse(body)],
  ])(
    'is sent a body as %s in which nothing of the message breaks out of its place',
    async (type, template, read) => {
      const { taken, url } = await startGateway()
      await deliver(url, { headers: { 'Content-Type': type }, body: template })
      expect(read(taken[0]?.body ?? '')).toEqual({ To: message.to, Body: text })
    },
  )

  test('is sent XML with its signs escaped, and other text as it is', async () => {
    const { taken, url } = await startGateway()
    await deliver(url, { headers: { 'content-type': 'text/xml' }, body: '<t>{{text}}</t>' })
    await deliver(url, { headers: { 'content-type': 'text/plain' }, body: '{{to}} {{nothing}}' })
    expect(taken[0]?.body).toContain('&#34;your&#34; code &#38; more')
    expect(taken[1]?.body).toBe('+4915112345678 {{nothing}}')
  })

  test('may be asked with GET, everything in the URL', async () => {
    const { taken, url } = await startGateway(200)
    await deliver(`${url}/send?to={{to}}&text={{text}}`, { method: 'GET' })
    const { searchParams } = new URL(taken[0]?.request.url ?? '', url)
    expect(Object.fromEntries(searchParams)).toEqual({ to: message.to, text })
    expect(taken[0]?.body).toBe('')
  })

  test.each([400, 404, 422])('an answer of %i means that it will never take this one', async (status) => {
    const { url } = await startGateway(status)
    expect(await deliver(url)).toBe('given-up')
  })

  test.each([302, 401, 403, 408, 429, 500, 503])('an answer of %i means: later', async (status) => {
    const { url } = await startGateway(status)
    const error = await deliver(url).catch((reason: Error) => reason)
    expect(error).toBeInstanceOf(Error)
    expect(String(error)).not.toMatch(/483920|49151/)
  })

  test('S22: is not followed to where nobody allowed it', async () => {
    const { taken, url } = await startGateway()
    const strict = createGuardedFetch({ timeout: 20_000, max_bytes: 4_096, allow: [] })
    await expect(deliver(url, {}, strict)).rejects.toThrow('only https')
    expect(taken).toEqual([])
  })
})
