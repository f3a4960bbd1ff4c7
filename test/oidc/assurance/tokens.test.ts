import { describe, expect, it } from 'vitest'
import { acrOf } from '../../../src/domain/assurance.ts'
import { eachStore } from '../../support/stores.ts'
import { createVisitor } from '../../support/visitor.ts'
import { startScene } from '../support/app.ts'
import { authorize, exchange, type Params, person, post } from '../support/relying-party.ts'
import { api, opaqueApi } from '../support/settings.ts'
import { claimsOf } from './claims.ts'

const two = { acr: acrOf('two-factor'), amr: ['mfa', 'otp', 'pwd'] }
const seconds = (time: number) => Math.floor(time / 1000)

describe('what an access token says about the sign-in', () => {
  eachStore((_, open) => {
    /** A session of two factors that is `age` old, and what its tokens for an API say. */
    async function scene(resource: string, age = 100_000) {
      const { app, client, ana } = await startScene(open, { settings: { acr: { mfa: 'two-factor' } } })
      const resourceServer = await app.addClient({ id: 'opaque-api' })
      const browser = createVisitor()
      const authTime = Date.now() - age
      const scope = 'openid read'
      const ask = async (params: Params = {}, login: Parameters<typeof person>[1] = {}) => {
        const as = person(ana.id, login)
        const answered = await authorize(app, browser, client, { params: { resource, scope, ...params }, as })
        return (await exchange(app, client, answered, { resource })).body
      }
      const refresh = async (refresh_token: string) => {
        const grant = { grant_type: 'refresh_token', refresh_token, resource }
        return (await post(app, '/token', client, grant)).body
      }
      const introspect = async (token: string) =>
        (await post(app, '/introspect', resourceServer, { token })).body as Record<string, unknown>
      const first = await ask({}, { level: 'two-factor', authTime })
      return { app, client, ask, refresh, introspect, first, authTime: seconds(authTime) }
    }

    it('S18: a JWT carries acr, amr and auth_time of the session (RFC 9068)', async () => {
      const { first, authTime } = await scene(api)
      expect(claimsOf(first.access_token)).toMatchObject({ ...two, auth_time: authTime })
    })

    it('S18: introspection tells them of an opaque one (RFC 9470)', async () => {
      const { first, introspect, authTime } = await scene(opaqueApi)
      expect(await introspect(first.access_token)).toMatchObject({
        active: true,
        ...two,
        auth_time: authTime,
      })
    })

    it('S18: however often it is refreshed, the sign-in stays what and when it was', async () => {
      for (const resource of [api, opaqueApi]) {
        const { first, refresh, introspect, authTime } = await scene(resource)
        const say = (token: string) => (resource === api ? claimsOf(token) : introspect(token))
        let tokens = first
        for (let turn = 0; turn < 3; turn++) {
          tokens = await refresh(tokens.refresh_token)
          expect(await say(tokens.access_token)).toMatchObject({ ...two, auth_time: authTime })
        }
      }
    })

    it('S18: a step-up shows in the tokens that it leads to, and not in those from before', async () => {
      const { first, ask, refresh, authTime } = await scene(api)
      const resistant = acrOf('phishing-resistant')
      const params = { acr_values: resistant, max_age: '10' }
      const later = await ask(params, { level: 'phishing-resistant' })
      const stronger = claimsOf(later.access_token)
      expect(stronger.acr).toBe(resistant)
      expect(Number(stronger.auth_time)).toBeGreaterThan(authTime + 90)
      expect(claimsOf((await refresh(first.refresh_token)).access_token)).toMatchObject({
        ...two,
        auth_time: authTime,
      })
    })

    it('S18: says acr under the name that the application asked for, refreshed too', async () => {
      const { ask, refresh, introspect } = await scene(opaqueApi)
      const tokens = await ask({ acr_values: 'mfa' })
      expect((await introspect(tokens.access_token)).acr).toBe('mfa')
      const next = await refresh(tokens.refresh_token)
      expect((await introspect(next.access_token)).acr).toBe('mfa')
    })

    it('a token of a client that acts for itself says nothing of a sign-in', async () => {
      const { app, introspect } = await scene(opaqueApi)
      const machine = await app.addClient({
        metadata: { grant_types: ['client_credentials'], response_types: [], redirect_uris: [] },
      })
      const grant = { grant_type: 'client_credentials', scope: 'read' }
      const jwt = await post(app, '/token', machine, { ...grant, resource: api })
      const opaque = await post(app, '/token', machine, { ...grant, resource: opaqueApi })
      const told = await introspect(opaque.body.access_token)
      expect(told.active).toBe(true)
      for (const said of [claimsOf(jwt.body.access_token), told]) {
        for (const name of ['acr', 'amr', 'auth_time']) expect(said).not.toHaveProperty(name)
      }
    })
  })
})
