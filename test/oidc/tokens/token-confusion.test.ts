import { createRemoteJWKSet, jwtVerify, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { createVisitor } from '../../support/visitor.ts'
import { startScene } from '../support/app.ts'
import { authorize, exchange, person, post, query, requestOf, tokensFor } from '../support/relying-party.ts'
import { api, opaqueApi } from '../support/settings.ts'

describe('tokens', () => {
  eachStore((_, open) => {
    it('S14: an access token for an API is an at+jwt with all that RFC 9068 wants', async () => {
      const { app, client, ana } = await startScene(open)
      const answered = await authorize(app, createVisitor(), client, {
        as: person(ana.id),
        params: { resource: api, scope: 'openid read' },
      })
      const { body } = await exchange(app, client, answered, { resource: api })
      const keys = createRemoteJWKSet(new URL(`${app.origin}/jwks`))
      const { payload, protectedHeader } = await jwtVerify(body.access_token, keys, {
        issuer: app.issuer,
        audience: api,
        typ: 'at+jwt',
      })
      expect(protectedHeader).toMatchObject({ typ: 'at+jwt', alg: 'ES256' })
      expect(payload).toMatchObject({
        iss: app.issuer,
        aud: api,
        sub: ana.id,
        client_id: client.id,
        scope: 'read',
      })
      expect(payload.jti).toBeTruthy()
      expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300)
    })

    it('S14: no token passes for another kind at any endpoint', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      const params = { resource: api, scope: 'openid read' }
      const answered = await authorize(app, browser, client, { as: person(ana.id), params })
      const code = answered.params.get('code') ?? ''
      const tokens = await tokensFor(app, client, ana.id, {
        scope: 'openid offline_access',
        prompt: 'consent',
      })
      const jwt = (await exchange(app, client, answered, { resource: api })).body.access_token
      const { id_token, access_token, refresh_token } = tokens
      for (const token of [id_token, refresh_token, code, jwt]) {
        const response = await fetch(`${app.origin}/userinfo`, {
          headers: { authorization: `Bearer ${token}` },
        })
        expect(response.status).toBe(401)
      }
      for (const token of [id_token, access_token, code, jwt]) {
        const { body } = await post(app, '/token', client, {
          grant_type: 'refresh_token',
          refresh_token: token,
        })
        expect(body.error).toBe('invalid_grant')
      }
      for (const token of [id_token, access_token, refresh_token, jwt]) {
        const { body } = await exchange(app, client, {
          ...answered,
          params: new URLSearchParams({ code: token }),
        })
        expect(body.error).toBe('invalid_grant')
      }
      for (const hint of [jwt, access_token, refresh_token]) {
        const answer = await authorize(app, browser, client, {
          params: { id_token_hint: hint, prompt: 'none' },
        })
        expect(answer.params.get('error')).toBe('invalid_request')
      }
    })

    it('S14: a hint signed by nobody or by another is refused', async () => {
      const { app, client, ana } = await startScene(open)
      const claims = { iss: app.issuer, aud: client.id, sub: ana.id }
      const forged = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256' })
        .sign(Buffer.from(client.secret))
      const [header, payload] = [{ alg: 'none' }, claims].map((part) =>
        Buffer.from(JSON.stringify(part)).toString('base64url'),
      )
      for (const hint of [forged, `${header}.${payload}.`, 'nonsense']) {
        const { params } = await authorize(app, createVisitor(), client, { params: { id_token_hint: hint } })
        expect(params.get('error')).toBe('invalid_request')
      }
    })

    it('signs with the algorithm a client asks for', async () => {
      const { app, ana } = await startScene(open)
      const keys = createRemoteJWKSet(new URL(`${app.origin}/jwks`))
      for (const alg of ['RS256', 'EdDSA', 'ES256']) {
        const client = await app.addClient({ metadata: { id_token_signed_response_alg: alg } })
        const { id_token } = await tokensFor(app, client, ana.id)
        expect((await jwtVerify(id_token, keys)).protectedHeader.alg).toBe(alg)
      }
    })

    it('an API chooses opaque tokens, which it can have looked up', async () => {
      const { app, client, ana } = await startScene(open)
      await app.addClient({ id: 'opaque-api' })
      const answered = await authorize(app, createVisitor(), client, {
        as: person(ana.id),
        params: { resource: opaqueApi, scope: 'openid read' },
      })
      const { body } = await exchange(app, client, answered, { resource: opaqueApi })
      expect(body.access_token).not.toContain('.')
      expect(body.expires_in).toBe(3600)
    })

    it('S2: a code used again ends what it issued', async () => {
      const { app, client, ana } = await startScene(open)
      const answered = await authorize(app, createVisitor(), client, { as: person(ana.id) })
      const { body } = await exchange(app, client, answered)
      expect((await exchange(app, client, answered)).body.error).toBe('invalid_grant')
      const userinfo = await fetch(`${app.origin}/userinfo`, {
        headers: { authorization: `Bearer ${body.access_token}` },
      })
      expect(userinfo.status).toBe(401)
      // What the person decided is not forgotten: nobody is asked again.
      const again = await authorize(app, createVisitor(), client, { as: person(ana.id) })
      expect(again.pages.map((page) => page.prompt)).toEqual(['login'])
    })

    it('keeps unknown parameters and a missing body from doing harm', async () => {
      const { app, client } = await startScene(open)
      const { params } = requestOf(client, { constructor: 'x', __proto__: 'y', toString: 'z' })
      const response = await createVisitor().send(`${app.origin}/authorize?${query(params)}`)
      expect(response.status).toBe(303)
      expect((await fetch(`${app.origin}/token`, { method: 'POST' })).status).toBe(401)
      const json = await fetch(`${app.origin}/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"grant_type":{"$ne":null}}',
      })
      expect(json.status).toBe(400)
      expect(app.errors).toEqual([])
    })
  })
})
