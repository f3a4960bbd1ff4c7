import { createRemoteJWKSet, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { startScene } from '../support/app.ts'
import { jsonOf, tokensFor } from '../support/relying-party.ts'

describe('userinfo', () => {
  eachStore((_, open) => {
    it('takes the token by GET, by POST in the header and by POST in the body', async () => {
      const { app, client, ana } = await startScene(open)
      const { access_token: token } = await tokensFor(app, client, ana.id, { scope: 'openid email' })
      const at = `${app.origin}/userinfo`
      const headers = { authorization: `Bearer ${token}` }
      const ways = [
        fetch(at, { headers }),
        fetch(at, { method: 'POST', headers }),
        fetch(at, { method: 'POST', body: new URLSearchParams({ access_token: token }) }),
      ]
      for (const response of await Promise.all(ways)) {
        expect(response.status).toBe(200)
        expect(response.headers.get('cache-control')).toContain('no-store')
        expect(await jsonOf(response)).toMatchObject({ sub: ana.id, email: 'Ana@example.com' })
      }
    })

    it('refuses the token in the query, in two places at once, a wrong one and none', async () => {
      const { app, client, ana } = await startScene(open)
      const { access_token: token } = await tokensFor(app, client, ana.id)
      const at = `${app.origin}/userinfo`
      const headers = { authorization: `Bearer ${token}` }
      expect((await fetch(`${at}?access_token=${token}`)).status).toBe(400)
      expect(
        (await fetch(at, { method: 'POST', headers, body: new URLSearchParams({ access_token: token }) }))
          .status,
      ).toBe(400)
      const wrong = await fetch(at, { headers: { authorization: `Bearer ${token.slice(0, -1)}` } })
      expect(wrong.status).toBe(401)
      expect(wrong.headers.get('www-authenticate')).toContain('error="invalid_token"')
      const none = await fetch(at)
      expect([none.status, none.headers.get('www-authenticate')?.startsWith('Bearer')]).toEqual([401, true])
      expect((await fetch(at, { headers: { authorization: `Basic ${token}` } })).status).toBe(400)
    })

    it('signs the answer for clients that want it', async () => {
      const { app, ana } = await startScene(open)
      const client = await app.addClient({ metadata: { userinfo_signed_response_alg: 'ES256' } })
      const { access_token: token } = await tokensFor(app, client, ana.id, { scope: 'openid email' })
      const response = await fetch(`${app.origin}/userinfo`, {
        headers: { authorization: `Bearer ${token}` },
      })
      expect(response.headers.get('content-type')).toContain('application/jwt')
      const keys = createRemoteJWKSet(new URL(`${app.origin}/jwks`))
      const { payload } = await jwtVerify(await response.text(), keys, {
        issuer: app.issuer,
        audience: client.id,
      })
      expect(payload).toMatchObject({ sub: ana.id, email: 'Ana@example.com' })
    })
  })
})
