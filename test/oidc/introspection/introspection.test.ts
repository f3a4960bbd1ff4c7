import { describe, expect, it } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { createVisitor } from '../../support/visitor.ts'
import { startScene } from '../support/app.ts'
import { authorize, exchange, person, post, tokensFor } from '../support/relying-party.ts'
import { api, opaqueApi } from '../support/settings.ts'

const inactive = { active: false }

describe('introspection', () => {
  eachStore((_, open) => {
    it('S15: tells a client about its own tokens', async () => {
      const { app, client, ana } = await startScene(open)
      const tokens = await tokensFor(app, client, ana.id)
      const access = await post(app, '/introspect', client, { token: tokens.access_token })
      expect(access.body).toMatchObject({
        active: true,
        sub: ana.id,
        client_id: client.id,
        iss: app.issuer,
        token_type: 'Bearer',
      })
      const refresh = await post(app, '/introspect', client, { token: tokens.refresh_token })
      expect(refresh.body).toMatchObject({ active: true, client_id: client.id })
    })

    it('S15: tells an API about tokens made for it, and nobody about those of others', async () => {
      const { app, client, ana } = await startScene(open)
      const resourceServer = await app.addClient({ id: 'opaque-api' })
      const stranger = await app.addClient()
      const spa = await app.addClient({ metadata: { token_endpoint_auth_method: 'none' } })
      const answered = await authorize(app, createVisitor(), client, {
        as: person(ana.id),
        params: { resource: opaqueApi, scope: 'openid read' },
      })
      const forApi = (await exchange(app, client, answered, { resource: opaqueApi })).body.access_token
      const forUserinfo = (await tokensFor(app, client, ana.id)).access_token
      const refresh = (await tokensFor(app, client, ana.id)).refresh_token
      expect((await post(app, '/introspect', resourceServer, { token: forApi })).body).toMatchObject({
        active: true,
        aud: opaqueApi,
        scope: 'read',
        sub: ana.id,
      })
      expect((await post(app, '/introspect', resourceServer, { token: forUserinfo })).body).toEqual(inactive)
      expect((await post(app, '/introspect', resourceServer, { token: refresh })).body).toEqual(inactive)
      for (const asking of [stranger, spa]) {
        for (const token of [forApi, forUserinfo, refresh]) {
          expect((await post(app, '/introspect', asking, { token })).body).toEqual(inactive)
        }
      }
    })

    it('S15: says the same of what never was, is over, or is none of its business', async () => {
      const { app, client, ana } = await startScene(open)
      const stranger = await app.addClient()
      const { access_token, refresh_token } = await tokensFor(app, client, ana.id)
      const foreign = await post(app, '/introspect', stranger, { token: access_token })
      const unknown = await post(app, '/introspect', stranger, { token: 'x'.repeat(43) })
      await post(app, '/revoke', client, { token: refresh_token })
      const revoked = await post(app, '/introspect', client, { token: refresh_token })
      for (const answer of [foreign, unknown, revoked])
        expect([answer.status, answer.text]).toEqual([200, '{"active":false}'])
    })

    it('S15: needs authentication', async () => {
      const { app, client, ana } = await startScene(open)
      const { access_token } = await tokensFor(app, client, ana.id)
      const wrong = await post(app, '/introspect', { ...client, secret: 'wrong' }, { token: access_token })
      expect([wrong.status, wrong.body.error]).toEqual([401, 'invalid_client'])
      expect((await post(app, '/introspect', undefined, { token: access_token })).status).toBe(401)
      // Whoever found a token of a public client knows its id as well.
      const spa = await app.addClient({ metadata: { token_endpoint_auth_method: 'none' } })
      const own = await tokensFor(app, spa, ana.id)
      for (const token of [own.access_token, own.refresh_token])
        expect((await post(app, '/introspect', spa, { token })).body).toEqual(inactive)
    })

    it('S15: a suspended person and a disabled client have no active tokens', async () => {
      const { app, client, ana } = await startScene(open)
      const resourceServer = await app.addClient({ id: 'opaque-api' })
      const answered = await authorize(app, createVisitor(), client, {
        as: person(ana.id),
        params: { resource: opaqueApi, scope: 'openid read' },
      })
      const token = (await exchange(app, client, answered, { resource: opaqueApi })).body.access_token
      const look = async () => (await post(app, '/introspect', resourceServer, { token })).body.active
      expect(await look()).toBe(true)
      await app.changeClient(client.id, { state: 'disabled' })
      expect(await look()).toBe(false)
      await app.changeClient(client.id, {
        state: 'enabled',
        version: (await app.store.clients.get(client.id))?.version ?? 0,
      })
      expect(await look()).toBe(true)
      await app.changeIdentity(ana.id, { state: 'suspended' })
      expect(await look()).toBe(false)
    })

    it('answers 400 for a JWT, which is checked by its signature and cannot be revoked', async () => {
      const { app, client, ana } = await startScene(open)
      const answered = await authorize(app, createVisitor(), client, {
        as: person(ana.id),
        params: { resource: api, scope: 'openid read' },
      })
      const { access_token: token } = (await exchange(app, client, answered, { resource: api })).body
      for (const path of ['/introspect', '/revoke']) {
        const { status, body } = await post(app, path, client, { token })
        expect([status, body.error]).toEqual([400, 'unsupported_token_type'])
      }
    })
  })
})

describe('revocation', () => {
  eachStore((_, open) => {
    it('S15: ends a refresh token with everything that came of it', async () => {
      const { app, client, ana } = await startScene(open)
      const { access_token, refresh_token } = await tokensFor(app, client, ana.id)
      expect((await post(app, '/revoke', client, { token: refresh_token })).status).toBe(200)
      const { body } = await post(app, '/token', client, { grant_type: 'refresh_token', refresh_token })
      expect(body.error).toBe('invalid_grant')
      const userinfo = await fetch(`${app.origin}/userinfo`, {
        headers: { authorization: `Bearer ${access_token}` },
      })
      expect(userinfo.status).toBe(401)
      expect(await app.audited('token.revoked')).toHaveLength(1)
    })

    it('answers 200 for what never was, and leaves the tokens of others alone', async () => {
      const { app, client, ana } = await startScene(open)
      const stranger = await app.addClient()
      const { access_token } = await tokensFor(app, client, ana.id)
      expect((await post(app, '/revoke', client, { token: 'x'.repeat(43) })).status).toBe(200)
      const foreign = await post(app, '/revoke', stranger, { token: access_token })
      expect([foreign.status, foreign.body.error]).toEqual([400, 'invalid_request'])
      const userinfo = await fetch(`${app.origin}/userinfo`, {
        headers: { authorization: `Bearer ${access_token}` },
      })
      expect(userinfo.status).toBe(200)
    })

    it('S15: answers 503, never 200, when the store does not', async () => {
      const { app, client, ana } = await startScene(open)
      const { refresh_token } = await tokensFor(app, client, ana.id)
      app.breakStore('artifacts')
      for (const [path, params] of [
        ['/revoke', { token: refresh_token }],
        ['/introspect', { token: refresh_token }],
        ['/token', { grant_type: 'refresh_token', refresh_token }],
      ] as const) {
        const answer = await post(app, path, client, params)
        expect([path, answer.status, answer.body.error]).toEqual([path, 503, 'temporarily_unavailable'])
        expect(answer.headers.get('retry-after')).toBe('2')
      }
      expect(app.errors.length).toBeGreaterThan(0)
    })

    it('answers 503 when the audit cannot be written: nothing happens unseen', async () => {
      const { app, client, ana } = await startScene(open)
      const { refresh_token } = await tokensFor(app, client, ana.id)
      app.breakStore('audit')
      const answer = await post(app, '/token', client, { grant_type: 'refresh_token', refresh_token })
      expect(answer.status).toBe(503)
      expect(answer.text).not.toContain('token":')
    })
  })
})
