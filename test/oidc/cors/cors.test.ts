import { describe, expect, it } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { startScene } from '../support/app.ts'
import { post, tokensFor } from '../support/relying-party.ts'

const own = 'https://spa.example.com'
const strangers = [
  'https://spa.example.com.evil.example',
  'https://spa.example.co',
  'http://spa.example.com',
  'https://spa.example.com:8443',
  'https://evil.example',
  'null',
]

describe('CORS', () => {
  eachStore((_, open) => {
    it('lets a browser client call from the origin of its redirect URI and from no other', async () => {
      const { app, ana } = await startScene(open)
      const spa = await app.addClient({
        metadata: {
          application_type: 'native',
          token_endpoint_auth_method: 'none',
          redirect_uris: [`${own}/callback`, 'com.example.app:/callback'],
        },
      })
      const { refresh_token } = await tokensFor(app, spa, ana.id)
      const params = { grant_type: 'refresh_token', refresh_token }
      for (const origin of strangers) {
        const answer = await post(app, '/token', spa, params, { origin })
        expect([origin, answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([
          origin,
          400,
          null,
        ])
      }
      const answer = await post(app, '/token', spa, params, { origin: own })
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, own])
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
      expect(answer.headers.get('vary')).toContain('Origin')
    })

    it('lets nobody use a confidential client from a browser, but its tokens at userinfo', async () => {
      const { app, client, ana } = await startScene(open)
      const { refresh_token, access_token } = await tokensFor(app, client, ana.id)
      const origin = 'https://rp.example.com'
      const answer = await post(
        app,
        '/token',
        client,
        { grant_type: 'refresh_token', refresh_token },
        { origin },
      )
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([400, null])
      const headers = { authorization: `Bearer ${access_token}` }
      const userinfo = await fetch(`${app.origin}/userinfo`, { headers: { ...headers, origin } })
      expect([userinfo.status, userinfo.headers.get('access-control-allow-origin')]).toEqual([200, origin])
      const other = await fetch(`${app.origin}/userinfo`, {
        headers: { ...headers, origin: 'https://evil.example' },
      })
      expect([other.status, other.headers.get('access-control-allow-origin')]).toEqual([400, null])
    })

    it('answers preflights, and shares the public documents with everyone', async () => {
      const { app } = await startScene(open)
      for (const path of [
        '/token',
        '/userinfo',
        '/revoke',
        '/introspect',
        '/jwks',
        '/.well-known/openid-configuration',
      ]) {
        const preflight = await fetch(app.origin + path, {
          method: 'OPTIONS',
          headers: {
            origin: own,
            'access-control-request-method': 'POST',
            'access-control-request-headers': 'authorization',
          },
        })
        expect([path, preflight.status]).toEqual([path, 204])
        expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization')
      }
      const jwks = await fetch(`${app.origin}/jwks`, { headers: { origin: own } })
      expect(jwks.headers.get('access-control-allow-origin')).toBe('*')
    })

    it('shares no page with another site', async () => {
      const { app } = await startScene(open)
      for (const path of ['/authorize', '/logout']) {
        const answer = await fetch(app.origin + path, { headers: { origin: own }, redirect: 'manual' })
        expect(answer.headers.get('access-control-allow-origin')).toBeNull()
      }
    })
  })
})
