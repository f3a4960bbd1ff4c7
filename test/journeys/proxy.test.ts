/** Signet as it stands in production: behind a proxy that ends TLS, under another host, port and scheme than it listens on. */
import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { createServer, type Server } from 'node:https'
import { Agent, fetch as undiciFetch } from 'undici'
import { afterEach, expect, it } from 'vitest'
import { createCertificate } from '../messaging/certificate.ts'
import { addPerson, allow, prove } from '../support/person.ts'
import { browser, register } from '../support/relying-party.ts'
import { freePort, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'

const host = 'id.example.test'
/** Not the proxy's own, which is trusted. */
const browserAddress = '127.0.0.2'

eachStore((_, __, fresh) => {
  const proxies: Server[] = []
  const open = useSignet(fresh)
  afterEach(() => {
    for (const proxy of proxies.splice(0)) {
      proxy.close()
      proxy.closeAllConnections()
    }
  })

  async function behindProxy() {
    const [front, back] = [await freePort(), await freePort()]
    const certificate = createCertificate()
    const proxy = await startProxy(front, back, certificate)
    proxies.push(proxy)
    const issuer = `https://${host}:${front}`
    const signet = await open({
      env: {
        SIGNET_MODE: 'production',
        SIGNET_ISSUER: issuer,
        SIGNET_PORT: String(back),
        SIGNET_HOST: '127.0.0.1',
        SIGNET_TRUSTED_PROXIES: '127.0.0.1',
        SIGNET_MASTER_KEY: randomBytes(32).toString('base64url'),
        SIGNET_MAIL__URL: 'smtp://127.0.0.1:9',
        SIGNET_MAIL__FROM: 'Signet <id@example.com>',
        SIGNET_INBOX: 'false',
        SIGNET_HASHING__MEMORY: '19mb',
        SIGNET_HASHING__ITERATIONS: '2',
      },
    })
    return { signet, issuer, back, goOut: throughProxy(certificate.cert) }
  }

  it('S40: signs in through the proxy: every address is the issuer’s, every cookie bound to it', async () => {
    const { signet, issuer, goOut } = await behindProxy()
    await addPerson(signet.house)
    const party = await register({ house: signet.house, issuer }, {}, { fetch: goOut })
    for (const [name, value] of Object.entries(party.configuration.serverMetadata()))
      if (typeof value === 'string' && /^https?:/.test(value))
        expect(new URL(value).origin, name).toBe(issuer)

    const visitor = browser({ fetch: goOut })
    const flow = await party.begin()
    const identify = await visitor.get(flow.url)
    expect(identify.url.origin).toBe(issuer)
    expect(identify.headers.get('strict-transport-security')).toContain('max-age')
    const consent = await prove(visitor, identify)
    const names = [...visitor.cookies.keys()].map((key) => key.split(' ').at(-1) ?? '')
    expect(names).toContain('__Host-signet-session')
    expect(names).toContain('__Host-signet-browser')
    for (const name of names) expect(name).toMatch(/^__(Host|Secure)-signet-/)

    const tokens = await party.finish(flow, (await visitor.submit(consent, {}, allow)).url)
    expect(tokens.claims()?.iss).toBe(issuer)
    expect((await party.userinfo(tokens)).status).toBe(200)
    const home = await visitor.get(`${issuer}/account`)
    expect(home.url.href).toBe(`${issuer}/account`)
    expect(home.status).toBe(200)
    const out = await visitor.submit(
      await visitor.get(`${issuer}/logout`),
      {},
      { name: 'logout', value: 'yes' },
    )
    expect(out.url.origin).toBe(issuer)
  })

  it('S40: a request past the proxy under another host is refused, and inbox and demo do not exist', async () => {
    const { back, issuer, goOut } = await behindProxy()
    expect(await statusOf(back, '/account', 'evil.example')).toBe(400)
    expect(await statusOf(back, '/account', new URL(issuer).host)).toBe(303)
    expect(await statusOf(back, '/health/ready', 'whoever')).toBe(200)
    const visitor = browser({ fetch: goOut })
    expect((await visitor.get(`${issuer}/inbox/messages`)).status).toBe(404)
    expect((await visitor.get(`${issuer}/inbox`)).status).toBe(404)
  })

  it('S26 S40: whoever writes X-Forwarded-For themselves does not get a limit of their own', async () => {
    const { signet, issuer, goOut } = await behindProxy()
    await addPerson(signet.house)
    const visitor = browser({ fetch: goOut, headers: { 'x-forwarded-for': '203.0.113.77' } })
    await prove(visitor, await visitor.get(`${issuer}/account`))
    const [entry] = (await signet.house.audit.list({ action: 'session.started', limit: 1 })).items
    expect(entry?.personal?.address).toBe(browserAddress)
  })
})

/** What a small nginx does: ends TLS, keeps the Host, appends the client to X-Forwarded-For. */
async function startProxy(
  port: number,
  target: number,
  certificate: { key: string; cert: string },
): Promise<Server> {
  const proxy = createServer(certificate, (incoming, outgoing) => {
    const forwarded = [incoming.headers['x-forwarded-for'], incoming.socket.remoteAddress]
      .filter(Boolean)
      .join(', ')
    const onward = request(
      {
        host: '127.0.0.1',
        port: target,
        method: incoming.method,
        path: incoming.url,
        headers: { ...incoming.headers, 'x-forwarded-for': forwarded, 'x-forwarded-proto': 'https' },
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      },
    )
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
  })
  await new Promise<void>((done) => proxy.listen(port, '127.0.0.1', done))
  return proxy
}

/** The network of a browser that trusts the proxy's certificate and finds it under the issuer's name. */
function throughProxy(ca: string) {
  const dispatcher = new Agent({
    localAddress: browserAddress,
    connect: {
      ca,
      servername: 'localhost',
      lookup: (_name, { all }, found) =>
        all ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4),
    },
  })
  return async (url: URL, init: RequestInit): Promise<Response> =>
    (await undiciFetch(url, { ...init, dispatcher } as never)) as unknown as Response
}

function statusOf(port: number, path: string, hostHeader: string): Promise<number | undefined> {
  return new Promise((done, fail) => {
    const asked = request({ host: '127.0.0.1', port, path, headers: { host: hostHeader } }, (answer) => {
      answer.resume()
      done(answer.statusCode)
    })
    asked.on('error', fail)
    asked.end()
  })
}
