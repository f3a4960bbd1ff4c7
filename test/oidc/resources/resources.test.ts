import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, it } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { createVisitor } from '../../support/visitor.ts'
import { startScene } from '../support/app.ts'
import { authorize, exchange, person, post } from '../support/relying-party.ts'
import { api, opaqueApi, rsaApi } from '../support/settings.ts'

const machine = { grant_types: ['client_credentials'], response_types: [], redirect_uris: [] }

describe('resource indicators', () => {
  eachStore((_, open) => {
    it('makes one token per API, each with the scopes of its own', async () => {
      const { app, client, ana } = await startScene(open)
      const params = { scope: 'openid read write email', resource: [api, opaqueApi] }
      const answered = await authorize(app, createVisitor(), client, { as: person(ana.id), params })
      const first = (await exchange(app, client, answered, { resource: api })).body
      expect(decodeJwt(first.access_token)).toMatchObject({ aud: api, scope: 'read write' })
      const second = await post(app, '/token', client, {
        grant_type: 'refresh_token',
        refresh_token: first.refresh_token,
        resource: opaqueApi,
      })
      expect(second.body).toMatchObject({ scope: 'read' })
      const third = await post(app, '/token', client, {
        grant_type: 'refresh_token',
        refresh_token: second.body.refresh_token,
      })
      const userinfo = await fetch(`${app.origin}/userinfo`, {
        headers: { authorization: `Bearer ${third.body.access_token}` },
      })
      expect(userinfo.status).toBe(200)
    })

    it('refuses an unknown resource, one that was not asked for, a relative one and one with a fragment', async () => {
      const { app, client, ana } = await startScene(open)
      for (const resource of ['https://unknown.example', 'api', `${api}#x`, '__proto__:x', 'constructor:']) {
        const { params } = await authorize(app, createVisitor(), client, { params: { resource } })
        expect([resource, params.get('error')]).toEqual([resource, 'invalid_target'])
      }
      const answered = await authorize(app, createVisitor(), client, {
        as: person(ana.id),
        params: { resource: api, scope: 'openid read' },
      })
      const { body } = await exchange(app, client, answered, { resource: opaqueApi })
      expect(body.error).toBe('invalid_target')
    })

    it('gives a machine the scopes of the API that its registration allows', async () => {
      const { app } = await startScene(open)
      const open_ = await app.addClient({ metadata: machine })
      const narrow = await app.addClient({ metadata: { ...machine, scope: 'read' } })
      const ask = { grant_type: 'client_credentials', resource: api, scope: 'read write' }
      const all = await post(app, '/token', open_, ask)
      expect(decodeJwt(all.body.access_token)).toMatchObject({
        aud: api,
        sub: open_.id,
        client_id: open_.id,
        scope: 'read write',
      })
      expect(all.body).not.toHaveProperty('refresh_token')
      const some = await post(app, '/token', narrow, ask)
      expect(decodeJwt(some.body.access_token).scope).toBe('read')
      const none = await post(app, '/token', narrow, { ...ask, scope: 'write' })
      expect(decodeJwt(none.body.access_token)).not.toHaveProperty('scope')
      const openid = await post(app, '/token', narrow, { ...ask, resource: [], scope: 'email' })
      expect(openid.body.error).toBe('invalid_scope')
    })

    it('signs with the algorithm that the API asks for, and with the first configured one otherwise', async () => {
      const { app } = await startScene(open)
      const client = await app.addClient({ metadata: machine })
      const algorithmFor = async (resource: string) => {
        const { body } = await post(app, '/token', client, { grant_type: 'client_credentials', resource })
        return decodeProtectedHeader(body.access_token)
      }
      expect(await algorithmFor(rsaApi)).toMatchObject({ alg: 'RS256', typ: 'at+jwt' })
      expect(await algorithmFor(api)).toMatchObject({ alg: 'ES256', typ: 'at+jwt' })
    })

    it('keeps a person’s token for an API away from userinfo', async () => {
      const { app, client, ana } = await startScene(open)
      const params = { scope: 'openid read', resource: opaqueApi }
      const answered = await authorize(app, createVisitor(), client, { as: person(ana.id), params })
      const { body } = await exchange(app, client, answered, { resource: opaqueApi })
      const userinfo = await fetch(`${app.origin}/userinfo`, {
        headers: { authorization: `Bearer ${body.access_token}` },
      })
      expect(userinfo.status).toBeGreaterThanOrEqual(401)
    })

    it('gives pairwise clients’ tokens the pairwise subject', async () => {
      const { app, ana } = await startScene(open)
      const client = await app.addClient({ metadata: { subject_type: 'pairwise' } })
      const params = { scope: 'openid read', resource: api }
      const answered = await authorize(app, createVisitor(), client, { as: person(ana.id), params })
      const { body } = await exchange(app, client, answered, { resource: api })
      expect(decodeJwt(body.access_token).sub).toBe(decodeJwt(body.id_token).sub)
      expect(decodeJwt(body.access_token).sub).not.toBe(ana.id)
    })
  })
})
