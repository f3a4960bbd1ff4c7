import { describe, expect, it } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { createVisitor } from '../../support/visitor.ts'
import { startScene } from '../support/app.ts'
import { authorize, exchange, person, post, tokensFor } from '../support/relying-party.ts'
import { api } from '../support/settings.ts'

describe('grant types', () => {
  eachStore((_, open) => {
    it('S4: there is no implicit and no password grant', async () => {
      const { app, client } = await startScene(open)
      for (const type of ['token', 'id_token', 'code id_token', 'code token', 'id_token token']) {
        const { params } = await authorize(app, createVisitor(), client, {
          params: { response_type: type, nonce: 'n' },
        })
        expect(params.get('error')).toBe('unsupported_response_type')
      }
      for (const type of ['password', 'implicit', 'urn:ietf:params:oauth:grant-type:jwt-bearer']) {
        const { body } = await post(app, '/token', client, {
          grant_type: type,
          username: 'ana',
          password: 'x',
        })
        expect(body.error).toBe('unsupported_grant_type')
      }
    })

    it('S4: a client uses no grant type and no response type that it did not register', async () => {
      const { app, client } = await startScene(open)
      const service = await app.addClient({
        metadata: { grant_types: ['client_credentials'], response_types: [], redirect_uris: [] },
      })
      const own = await post(app, '/token', service, { grant_type: 'client_credentials' })
      expect(own.status).toBe(200)
      const other = await post(app, '/token', client, { grant_type: 'client_credentials' })
      expect([other.status, other.body.error]).toEqual([400, 'invalid_request'])
      const browser = await authorize(app, createVisitor(), client, { params: { response_type: 'none' } })
      expect(browser.params.get('error')).toBe('invalid_request')
      const codeless = await app.addClient({ metadata: { grant_types: ['authorization_code'] } })
      const ana = await app.addIdentity()
      expect(await tokensFor(app, codeless, ana.id)).not.toHaveProperty('refresh_token')
    })

    it('S4: a public client gets no token for itself, whatever it registered', async () => {
      const { app } = await startScene(open)
      const spa = await app.addClient({
        metadata: {
          token_endpoint_auth_method: 'none',
          grant_types: ['authorization_code', 'client_credentials'],
        },
      })
      const { body } = await post(app, '/token', spa, {
        grant_type: 'client_credentials',
        resource: api,
        scope: 'read',
      })
      expect(body.error).toBe('invalid_request')
    })

    it('S6: a code is worth nothing to another client, at another redirect_uri, or without its verifier', async () => {
      const { app, client, ana } = await startScene(open)
      const other = await app.addClient({
        metadata: { redirect_uris: ['https://rp.example.com/callback', 'https://rp.example.com/two'] },
      })
      const as = person(ana.id)
      const browser = createVisitor()
      const stolen = await exchange(app, other, await authorize(app, browser, client, { as }))
      const moved = await exchange(app, other, await authorize(app, browser, other, { as }), {
        redirect_uri: 'https://rp.example.com/two',
      })
      const unproved = await exchange(app, client, await authorize(app, browser, client, { as }), {
        code_verifier: 'x'.repeat(43),
      })
      for (const answer of [stolen, moved, unproved])
        expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant'])
    })

    it('S6: the ID token carries the nonce of its own request', async () => {
      const { app, client, ana } = await startScene(open)
      const tokens = await tokensFor(app, client, ana.id, { nonce: 'of this request' })
      expect(JSON.parse(Buffer.from(tokens.id_token.split('.')[1] ?? '', 'base64url').toString()).nonce).toBe(
        'of this request',
      )
    })

    it('binds refresh tokens to the session unless the person allowed offline access', async () => {
      const { app, client, ana } = await startScene(open)
      const refresh = (token: string) =>
        post(app, '/token', client, { grant_type: 'refresh_token', refresh_token: token })
      const bound = await tokensFor(app, client, ana.id)
      const offline = await tokensFor(app, client, ana.id, {
        scope: 'openid offline_access',
        prompt: 'consent',
      })
      expect(offline.scope.split(' ')).toContain('offline_access')
      const [session] = (await app.oidc.sessions.list(ana.id)).slice(-1)
      for (const { uid } of await app.oidc.sessions.list(ana.id)) await app.oidc.sessions.end(ana.id, uid)
      expect(session).toBeDefined()
      expect((await refresh(bound.refresh_token)).body.error).toBe('invalid_grant')
      expect((await refresh(offline.refresh_token)).status).toBe(200)
    })

    it('leaves offline_access out where nobody was asked (OIDC Core 11)', async () => {
      const { app, client, ana } = await startScene(open)
      const tokens = await tokensFor(app, client, ana.id, { scope: 'openid offline_access' })
      expect(tokens.scope).toBe('openid')
    })
  })
})
