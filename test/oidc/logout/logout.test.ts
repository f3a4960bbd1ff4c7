import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { createVisitor, type Visitor } from '../../support/visitor.ts'
import { type App, startScene } from '../support/app.ts'
import { authorize, jsonOf, person, post, query, tokensFor } from '../support/relying-party.ts'

const back = 'https://rp.example.com/signed-out'
const metadata = { post_logout_redirect_uris: [back] }

interface SignOutPage {
  readonly action: string
  readonly xsrf: string
}

async function whoami(app: App, browser: Visitor): Promise<{ identityId?: string }> {
  return jsonOf(await browser.send(`${app.origin}/whoami`))
}

describe('sign-out', () => {
  eachStore((_, open) => {
    it('S20: an application that shows whom it signed in is believed: done at once, and back to it', async () => {
      const { app, ana } = await startScene(open)
      const client = await app.addClient({ metadata })
      const browser = createVisitor()
      const { id_token, refresh_token, access_token } = await tokensFor(app, client, ana.id, {}, browser)
      const params = { id_token_hint: id_token, post_logout_redirect_uri: back, state: 'bye' }
      const answer = await browser.send(`${app.origin}/logout?${query(params)}`)
      expect([answer.status, answer.headers.get('location')]).toEqual([303, `${back}?state=bye`])
      expect(await whoami(app, browser)).toEqual({})
      expect(await app.oidc.sessions.list(ana.id)).toEqual([])
      const refreshed = await post(app, '/token', client, { grant_type: 'refresh_token', refresh_token })
      expect(refreshed.body.error).toBe('invalid_grant')
      const userinfo = await fetch(`${app.origin}/userinfo`, {
        headers: { authorization: `Bearer ${access_token}` },
      })
      expect(userinfo.status).toBe(401)
      expect(await app.audited('session.ended')).toMatchObject([{ identityId: ana.id, result: 'success' }])
    })

    it('S20: without a hint the person is asked, and only yes is yes', async () => {
      const { app, ana } = await startScene(open)
      const client = await app.addClient({ metadata })
      const browser = createVisitor()
      await tokensFor(app, client, ana.id, {}, browser)
      const ask = async (method: 'GET' | 'POST') => {
        const params = query({ client_id: client.id, post_logout_redirect_uri: back })
        if (method === 'GET') return jsonOf<SignOutPage>(await browser.send(`${app.origin}/logout?${params}`))
        const posted = await browser.send(`${app.origin}/logout`, {
          method,
          body: new URLSearchParams(params),
        })
        expect(posted.status).toBe(303)
        return jsonOf<SignOutPage>(
          await browser.send(new URL(posted.headers.get('location') ?? '', app.origin)),
        )
      }
      const page = await ask('GET')
      expect(page).toMatchObject({
        page: 'sign-out',
        clientAsked: true,
        client: client.id,
        action: `${app.issuer}/logout/confirm`,
      })
      const answer = (form: Record<string, string>) =>
        browser.send(page.action, { method: 'POST', body: new URLSearchParams(form) })
      const old = await browser.send(page.action, {
        method: 'POST',
        body: new URLSearchParams({ xsrf: 'wrong', logout: 'yes' }),
        headers: { accept: 'text/html' },
      })
      expect([old.status, old.headers.get('location')]).toEqual([303, '/logout'])
      expect(await whoami(app, browser)).toMatchObject({ identityId: ana.id })
      const no = await answer({ xsrf: page.xsrf, logout: 'no' })
      expect([no.status, no.headers.get('location')]).toEqual([303, back])
      expect(await whoami(app, browser)).toMatchObject({ identityId: ana.id })
      const posted = await ask('POST')
      const yes = await answer({ xsrf: posted.xsrf, logout: 'yes' })
      expect([yes.status, yes.headers.get('location')]).toEqual([303, back])
      expect(await whoami(app, browser)).toEqual({})
      expect(await app.audited('session.ended')).toHaveLength(1)
    })

    it('S20: a question that another tab asked anew is asked again, be there somebody to sign out or not', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      await tokensFor(app, client, ana.id, {}, browser)
      const ask = async () => jsonOf<SignOutPage>(await browser.send(`${app.origin}/logout`))
      const [first, second] = [await ask(), await ask()]
      const yes = async ({ action, xsrf }: SignOutPage) => {
        const body = new URLSearchParams({ xsrf, logout: 'yes' })
        return (await browser.send(action, { method: 'POST', body, headers: { accept: 'text/html' } }))
          .headers
      }
      expect((await yes(first)).get('location')).toBe('/logout')
      expect(await whoami(app, browser)).toMatchObject({ identityId: ana.id })
      expect((await yes(second)).get('location')).toBe(`${app.issuer}/logout/success`)
      expect((await yes(first)).get('location')).toBe('/logout')
      const after = await browser.send(`${app.origin}/logout`)
      expect(after.headers.get('location')).toBe(`${app.issuer}/logout/success`)
    })

    it('S20: whoever says no, and came from no application, stays signed in and is not told otherwise', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      await tokensFor(app, client, ana.id, {}, browser)
      const page = await jsonOf<SignOutPage>(await browser.send(`${app.origin}/logout`))
      const body = new URLSearchParams({ xsrf: page.xsrf, logout: 'no' })
      const no = await browser.send(page.action, { method: 'POST', body })
      expect([no.status, no.headers.get('location')]).toEqual([303, `${app.issuer}/account`])
      expect(await whoami(app, browser)).toMatchObject({ identityId: ana.id })
    })

    it('S20: a hint about somebody else is no proof', async () => {
      const { app, ana } = await startScene(open)
      const ben = await app.addIdentity({ identifiers: [] })
      const client = await app.addClient({ metadata })
      const { id_token } = await tokensFor(app, client, ben.id)
      const browser = createVisitor()
      await tokensFor(app, client, ana.id, {}, browser)
      const page = await jsonOf(
        await browser.send(`${app.origin}/logout?${query({ id_token_hint: id_token })}`),
      )
      expect(page.page).toBe('sign-out')
      expect(await whoami(app, browser)).toMatchObject({ identityId: ana.id })
    })

    it('S20: the address to return to is compared exactly, and goes nowhere without a client', async () => {
      const { app, ana } = await startScene(open)
      const client = await app.addClient({ metadata })
      const browser = createVisitor()
      const { id_token } = await tokensFor(app, client, ana.id, {}, browser)
      for (const uri of [
        `${back}/`,
        `${back}?x=1`,
        'https://RP.example.com/signed-out',
        'https://evil.example',
        'javascript:alert(1)',
      ]) {
        for (const who of [{ id_token_hint: id_token }, { client_id: client.id }]) {
          const answer = await browser.send(
            `${app.origin}/logout?${query({ ...who, post_logout_redirect_uri: uri })}`,
          )
          expect([uri, answer.status, answer.headers.get('location')]).toEqual([uri, 400, null])
        }
      }
      const anybody = await browser.send(
        `${app.origin}/logout?${query({ post_logout_redirect_uri: 'https://evil.example' })}`,
      )
      const page = await jsonOf<SignOutPage>(anybody)
      const done = await browser.send(page.action, {
        method: 'POST',
        body: new URLSearchParams({ xsrf: page.xsrf, logout: 'yes' }),
      })
      expect(done.headers.get('location')).toBe(`${app.issuer}/logout/success`)
      expect(await (await browser.send(`${app.origin}/logout/success`)).json()).toMatchObject({
        page: 'signed-out',
      })
    })

    it('S20: with nobody signed in there is nothing to ask, and no form that sends itself', async () => {
      const { app } = await startScene(open)
      const client = await app.addClient({ metadata })
      const params = query({ client_id: client.id, post_logout_redirect_uri: back, state: 's' })
      const answer = await createVisitor().send(`${app.origin}/logout?${params}`)
      expect([answer.status, answer.headers.get('location')]).toEqual([303, `${back}?state=s`])
      const plain = await createVisitor().send(`${app.origin}/logout`)
      expect([plain.status, plain.headers.get('location')]).toEqual([303, `${app.issuer}/logout/success`])
      expect(await plain.text()).not.toContain('<script')
    })

    it('S20: tells each application behind the scenes, with a logout token it can check', async () => {
      const { app, ana } = await startScene(open)
      const { uri, received } = await startReceiver([500])
      const client = await app.addClient({
        metadata: { ...metadata, backchannel_logout_uri: uri },
      })
      app.startQueue()
      const browser = createVisitor()
      const { id_token } = await tokensFor(app, client, ana.id, {}, browser)
      const { sid } = JSON.parse(Buffer.from(id_token.split('.')[1] ?? '', 'base64url').toString())
      expect(sid).toBeTruthy()
      await browser.send(`${app.origin}/logout?${query({ id_token_hint: id_token })}`)
      await vi.waitFor(() => expect(received).toHaveLength(2), { timeout: 30_000 })
      const [failed, retried] = received
      const keys = createRemoteJWKSet(new URL(`${app.origin}/jwks`))
      const { payload, protectedHeader } = await jwtVerify(retried ?? '', keys, {
        issuer: app.issuer,
        audience: client.id,
      })
      expect(protectedHeader.typ).toBe('logout+jwt')
      expect(payload).toMatchObject({
        sub: ana.id,
        sid,
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      })
      expect(payload).not.toHaveProperty('nonce')
      expect(payload.jti).toBeTruthy()
      expect(failed).toBeTruthy()
    }, 20_000)

    it('S20: tells it also when the session is ended from the portal, and by the name it knows (pairwise)', async () => {
      const { app, ana } = await startScene(open)
      const { uri, received } = await startReceiver([])
      const client = await app.addClient({
        metadata: { backchannel_logout_uri: uri, subject_type: 'pairwise' },
      })
      app.startQueue()
      const { id_token } = await tokensFor(app, client, ana.id)
      const [session] = await app.oidc.sessions.list(ana.id)
      expect(await app.oidc.sessions.end(ana.id, session?.uid ?? '')).toBe(true)
      await vi.waitFor(() => expect(received).toHaveLength(1), { timeout: 30_000 })
      const sub = (jwt: string) =>
        JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()).sub
      expect(sub(received[0] ?? '')).toBe(sub(id_token))
    }, 20_000)

    it('S20: S39: tells it when what it was allowed is withdrawn, in whole or in a part that it held, and nobody else', async () => {
      const { app, ana } = await startScene(open)
      const [hearing, deaf] = [await startReceiver([]), await startReceiver([])]
      const [client, other] = [
        await app.addClient({ metadata: { backchannel_logout_uri: hearing.uri } }),
        await app.addClient({ metadata: { backchannel_logout_uri: deaf.uri } }),
      ]
      app.startQueue()
      const browser = createVisitor()
      await tokensFor(app, client, ana.id, { scope: 'openid email' }, browser)
      const kept = await tokensFor(app, other, ana.id, {}, browser)
      const { endGrants } = app.oidc.sessions
      await endGrants(ana.id, client.id, { carrying: ['phone'] })
      await endGrants(ana.id, client.id, { carrying: ['email'] })
      await vi.waitFor(() => expect(hearing.received).toHaveLength(1), { timeout: 30_000 })
      await tokensFor(app, client, ana.id, { scope: 'openid email' }, browser)
      await endGrants(ana.id, client.id)
      await vi.waitFor(() => expect(hearing.received).toHaveLength(2), { timeout: 30_000 })
      await endGrants(ana.id, client.id)
      expect([hearing.received.length, deaf.received.length]).toEqual([2, 0])
      const headers = { authorization: `Bearer ${kept.access_token}` }
      expect((await fetch(`${app.origin}/userinfo`, { headers })).status).toBe(200)
      expect(await whoami(app, browser)).toMatchObject({ identityId: ana.id })
    }, 20_000)

    it('a sign-out does not wait for an application that hangs (F13)', async () => {
      const { app, ana } = await startScene(open)
      const { uri } = await startReceiver([0])
      const client = await app.addClient({ metadata: { ...metadata, backchannel_logout_uri: uri } })
      app.startQueue()
      const browser = createVisitor()
      const { id_token } = await tokensFor(app, client, ana.id, {}, browser)
      const answer = await browser.send(`${app.origin}/logout?${query({ id_token_hint: id_token })}`)
      expect(answer.status).toBe(303)
    })

    it('a session that was ended is not revived by who still holds its cookie', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      await authorize(app, browser, client, { as: person(ana.id) })
      const stale = new Map(browser.cookies)
      const page = await jsonOf<SignOutPage>(await browser.send(`${app.origin}/logout`))
      await browser.send(page.action, {
        method: 'POST',
        body: new URLSearchParams({ xsrf: page.xsrf, logout: 'yes' }),
      })
      for (const [key, value] of stale) browser.cookies.set(key, value)
      const { params } = await authorize(app, browser, client, { params: { prompt: 'none' } })
      expect(params.get('error')).toBe('login_required')
    })
  })
})

/** A relying party's end. Answers with these statuses, then with 200; 0 never answers. */
async function startReceiver(statuses: number[]): Promise<{ uri: string; received: string[] }> {
  const received: string[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    received.push(new URLSearchParams(Buffer.concat(chunks).toString()).get('logout_token') ?? '')
    const status = statuses.shift() ?? 200
    if (status !== 0) response.writeHead(status).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/logout`, received }
}
