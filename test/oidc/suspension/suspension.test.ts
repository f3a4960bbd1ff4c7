import { describe, expect, it } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { createVisitor } from '../../support/visitor.ts'
import { startScene } from '../support/app.ts'
import { authorize, exchange, person, post, tokensFor } from '../support/relying-party.ts'

describe('suspension', () => {
  eachStore((_, open) => {
    it.each(['suspended', 'disabled', 'deleted'] as const)(
      'S39: a person who is %s is out at the next request, everywhere',
      async (state) => {
        const { app, client, ana } = await startScene(open)
        const browser = createVisitor()
        const tokens = await tokensFor(
          app,
          client,
          ana.id,
          { scope: 'openid offline_access', prompt: 'consent' },
          browser,
        )
        const waiting = await authorize(app, browser, client)
        await app.changeIdentity(ana.id, { state })
        const userinfo = await fetch(`${app.origin}/userinfo`, {
          headers: { authorization: `Bearer ${tokens.access_token}` },
        })
        expect(userinfo.status).toBe(401)
        const refreshed = await post(app, '/token', client, {
          grant_type: 'refresh_token',
          refresh_token: tokens.refresh_token,
        })
        expect(refreshed.body.error).toBe('invalid_grant')
        expect((await exchange(app, client, waiting)).body.error).toBe('invalid_grant')
        expect((await post(app, '/introspect', client, { token: tokens.access_token })).body).toEqual({
          active: false,
        })
        expect(await (await browser.send(`${app.origin}/whoami`)).json()).toEqual({})
        const silent = await authorize(app, browser, client, { params: { prompt: 'none' } })
        expect(silent.params.get('error')).toBe('login_required')
        const ben = await app.addIdentity({ identifiers: [] })
        const shown = await authorize(app, browser, client, { as: person(ben.id) })
        expect(shown.pages.map((page) => page.prompt)).toEqual(['login', 'consent'])
        expect(shown.params.has('code')).toBe(true)
        expect(app.errors).toEqual([])
      },
    )

    it('S39: whoever leaves the groups that a client is for loses its tokens at the next request', async () => {
      const { app, ana } = await startScene(open)
      const client = await app.addClient({ allowedGroups: ['staff'] })
      const params = { scope: 'openid offline_access', prompt: 'consent' }
      const browser = createVisitor()
      const tokens = await tokensFor(app, client, ana.id, params, browser)
      const waiting = await authorize(app, browser, client)
      const use = async (token = '') => ({
        userinfo: (await fetch(`${app.origin}/userinfo`, { headers: { authorization: `Bearer ${token}` } }))
          .status,
        active: (await post(app, '/introspect', client, { token })).body.active,
      })
      expect(await use(tokens.access_token)).toEqual({ userinfo: 200, active: true })
      await app.changeIdentity(ana.id, { groups: ['guests'] })
      expect(await use(tokens.access_token)).toEqual({ userinfo: 401, active: false })
      expect((await exchange(app, client, waiting)).body.error).toBe('invalid_grant')
      const { refresh_token } = tokens
      const refreshed = await post(app, '/token', client, { grant_type: 'refresh_token', refresh_token })
      expect(refreshed.body.error).toBe('invalid_grant')
      expect(app.errors).toEqual([])
    })

    it('S39: a person whose record is gone is asked to sign in, and nothing breaks', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      const tokens = await tokensFor(app, client, ana.id, {}, browser)
      await app.store.identities.remove(ana.id)
      const silent = await authorize(app, browser, client, { params: { prompt: 'none' } })
      expect(silent.params.get('error')).toBe('login_required')
      const userinfo = await fetch(`${app.origin}/userinfo`, {
        headers: { authorization: `Bearer ${tokens.access_token}` },
      })
      expect(userinfo.status).toBe(401)
      expect(app.errors).toEqual([])
    })

    it('S39: what was issued before a restoration stays void', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      const tokens = await tokensFor(
        app,
        client,
        ana.id,
        { scope: 'openid offline_access', prompt: 'consent' },
        browser,
      )
      await app.changeIdentity(ana.id, { notBefore: Date.now() + 5_000 })
      const refreshed = await post(app, '/token', client, {
        grant_type: 'refresh_token',
        refresh_token: tokens.refresh_token,
      })
      expect(refreshed.body.error).toBe('invalid_grant')
      const silent = await authorize(app, browser, client, { params: { prompt: 'none' } })
      expect(silent.params.get('error')).toBe('login_required')
      expect(await (await browser.send(`${app.origin}/whoami`)).json()).toEqual({})
    })

    it('S39: a disabled client stops at its next request, everywhere', async () => {
      const { app, client, ana } = await startScene(open)
      const machine = await app.addClient({
        metadata: { grant_types: ['client_credentials'], response_types: [], redirect_uris: [] },
      })
      const browser = createVisitor()
      const tokens = await tokensFor(app, client, ana.id, {}, browser)
      const waiting = await authorize(app, browser, client)
      expect((await post(app, '/token', machine, { grant_type: 'client_credentials' })).status).toBe(200)
      await app.changeClient(client.id, { state: 'disabled' })
      await app.changeClient(machine.id, { state: 'disabled' })
      for (const [path, one, params] of [
        ['/token', client, { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }],
        ['/token', machine, { grant_type: 'client_credentials' }],
        ['/introspect', client, { token: tokens.access_token }],
        ['/revoke', client, { token: tokens.access_token }],
      ] as const) {
        const answer = await post(app, path, one, params)
        expect([path, answer.status, answer.body.error]).toEqual([path, 401, 'invalid_client'])
      }
      expect((await exchange(app, client, waiting)).body.error).toBe('invalid_client')
      const userinfo = await fetch(`${app.origin}/userinfo`, {
        headers: { authorization: `Bearer ${tokens.access_token}` },
      })
      expect(userinfo.status).toBe(401)
      const shown = await authorize(app, browser, client)
      expect([shown.location, shown.body.error]).toEqual([undefined, 'invalid_client'])
    })

    it('a changed client counts at its next request', async () => {
      const { app, client } = await startScene(open)
      const other = 'https://other.example.com/callback'
      const refused = await authorize(app, createVisitor(), client, { params: { redirect_uri: other } })
      expect(refused.body.error).toBe('invalid_redirect_uri')
      await app.changeClient(client.id, { metadata: { ...client.metadata, redirect_uris: [other] } })
      const allowed = await authorize(app, createVisitor(), client, {
        params: { redirect_uri: other, prompt: 'none' },
      })
      expect(allowed.location?.origin).toBe('https://other.example.com')
    })
  })
})
