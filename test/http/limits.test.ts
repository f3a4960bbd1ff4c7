import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createApp } from '../../src/http/app.ts'
import { errors } from '../../src/http/middleware/errors.ts'
import { inFlight, limit, limitAnswers, limits } from '../../src/http/middleware/limits.ts'
import { proxy } from '../../src/http/middleware/proxy.ts'
import { createWeb } from '../../src/http/web.ts'
import { createVault } from '../../src/vault/vault.ts'
import { listen, openSignet, send, serve } from './support/server.ts'

const settings = {
  mode: 'development',
  issuer: 'http://localhost:3000',
  trusted_proxies: ['127.0.0.1'],
  allowed_hosts: [],
  brand: { name: 'Signet', support_url: null, terms_url: null, privacy_url: null },
  languages: ['en'],
} as const

const quiet = { debug() {}, info() {}, warn() {}, error() {} }

async function front() {
  const web = await createWeb({ settings, vault: createVault(new Uint8Array(32)), clock: Date.now })
  return [errors(web, quiet), proxy(settings)]
}

describe('limits of the whole server', () => {
  it('S26: an address that asks too much gets 429 and when to try again; others do not notice', async () => {
    const table = { ...limits, form: { points: 3, seconds: 60 } }
    const { url } = await serve([...(await front()), limit('form', table)], () => 'ok')
    const from = (address: string) => send(url, { headers: { 'x-forwarded-for': address } })
    const statuses = []
    for (let request = 0; request < 5; request += 1) statuses.push((await from('203.0.113.1')).status)
    expect(statuses).toEqual([200, 200, 200, 429, 429])
    const refused = await from('203.0.113.1')
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect((await from('203.0.113.2')).status).toBe(200)
  })

  it('S26: changing the address within an IPv6 /64 does not help', async () => {
    const table = { ...limits, form: { points: 2, seconds: 60 } }
    const { url } = await serve([...(await front()), limit('form', table)], () => 'ok')
    const statuses = []
    for (let host = 1; host <= 4; host += 1) {
      statuses.push((await send(url, { headers: { 'x-forwarded-for': `2001:db8:0:7::${host}` } })).status)
    }
    expect(statuses).toEqual([200, 200, 429, 429])
  })

  it('S26: an address that begins too many sign-ins gets 429, and what costs nothing is not counted', async () => {
    const table = { ...limits, interaction: { points: 2, seconds: 60 } }
    const costs = ({ path }: { path: string }) => path === '/costs'
    const { url } = await serve([...(await front()), limitAnswers('interaction', table, costs)], () => 'ok')
    const ask = async (path: string, address = '203.0.113.1') =>
      (await send(url, { path, headers: { 'x-forwarded-for': address } })).status
    const statuses = []
    for (const path of ['/free', '/free', '/free', '/costs', '/costs', '/costs', '/free']) {
      statuses.push(await ask(path))
    }
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429])
    expect(await ask('/costs', '203.0.113.2')).toBe(200)
  })

  it('S26: an authorization request counts if it waits for a person', async () => {
    const signet = await openSignet()
    const { house } = signet
    const app = createApp({
      ...house,
      settings: house.config,
      limits: { interaction: { points: 2, seconds: 60 } },
    })
    const url = await listen(app)
    const ask = (query: string) =>
      send(url, {
        path: `/authorize?${query}`,
        headers: { host: new URL(signet.issuer).host, accept: 'text/html' },
      })
    const request = new URLSearchParams({
      client_id: 'signet-account',
      response_type: 'none',
      scope: 'openid',
      redirect_uri: `${signet.issuer}/account/callback`,
    })
    for (const free of ['client_id=nobody', `${request}&prompt=none`, '', `${request}&prompt=none`])
      expect((await ask(free)).status).not.toBe(429)
    expect([(await ask(`${request}`)).status, (await ask(`${request}`)).status]).toEqual([303, 303])
    const refused = await ask(`${request}`)
    expect([refused.status, Number(refused.headers['retry-after']) > 0]).toEqual([429, true])
    expect(refused.body).toContain('<h1')
  })

  it('S26: a long request that is kept counts as well, for signing out too', async () => {
    const signet = await openSignet()
    const { house } = signet
    const app = createApp({
      ...house,
      settings: house.config,
      limits: { interaction: { points: 2, seconds: 60 } },
    })
    const url = await listen(app)
    const post = (path: string, more: string) =>
      send(url, {
        method: 'POST',
        path,
        headers: {
          host: new URL(signet.issuer).host,
          accept: 'text/html',
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: `${new URLSearchParams({
          client_id: 'signet-account',
          redirect_uri: `${signet.issuer}/account/callback`,
          state: more,
        })}`,
      })
    const long = 'x'.repeat(7_000)
    const statuses = []
    for (const state of ['short', 'short', 'short', long, long, long])
      statuses.push((await post('/authorize', state)).status)
    expect(statuses).toEqual([303, 303, 303, 303, 303, 429])
    expect((await post('/logout', long)).status).toBe(429)
  })

  it('S26: more forms at once than can be worked on get 503 and when to try again', async () => {
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>()
    const { url } = await serve([...(await front()), inFlight(1)], () => {
      enter()
      return gate.then(() => 'ok')
    })
    const first = send(url)
    await entered
    const second = await send(url)
    expect([second.status, second.headers['retry-after']]).toEqual([503, '2'])
    release()
    expect((await first).status).toBe(200)
    expect((await send(url)).status).toBe(200)
  })

  it('S26: people who send slowly keep nobody else from signing in', async () => {
    const signet = await openSignet()
    const { port } = new URL(signet.issuer)
    const sockets = Array.from({ length: 520 }, () => connect(Number(port), 'localhost'))
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    const head = `POST /interaction/x/identify HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\na=`
    for (const socket of sockets) socket.write(head)
    await new Promise((resolve) => setTimeout(resolve, 500))
    const answer = await recover(signet.issuer)
    for (const socket of sockets) socket.destroy()
    // Without a form token: refused, and not turned away for lack of room.
    expect(answer.status).toBe(403)
  })

  it('S26: another site cannot use up what its visitors may send', async () => {
    const signet = await openSignet()
    for (let count = 0; count < limits.message.points + 1; count += 1)
      expect((await recover(signet.issuer, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await recover(signet.issuer)).status).toBe(403)
  })
})

/** The form of `/recovery`, which is limited more than others, from this address. */
function recover(issuer: string, headers: Record<string, string> = {}) {
  const { port } = new URL(issuer)
  return send(`http://127.0.0.1:${port}`, {
    method: 'POST',
    path: '/recovery',
    headers: { host: `localhost:${port}`, 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: 'identifier=nobody',
  })
}
