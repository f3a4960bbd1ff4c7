import { describe, expect, it } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { createVisitor } from '../../support/visitor.ts'
import { startScene } from '../support/app.ts'
import { authorize, exchange, person, post } from '../support/relying-party.ts'

describe('the audit of the protocol', () => {
  eachStore((_, open) => {
    it('S42: tells what happened, to whom, from where, and holds no secret', async () => {
      const { app, client, ana } = await startScene(open)
      const params = { scope: 'openid email offline_access', prompt: 'consent' }
      const answered = await authorize(app, createVisitor(), client, { as: person(ana.id), params })
      const { body } = await exchange(app, client, answered)
      const refreshed = await post(app, '/token', client, {
        grant_type: 'refresh_token',
        refresh_token: body.refresh_token,
      })
      await post(
        app,
        '/token',
        { ...client, secret: 'wrong' },
        { grant_type: 'refresh_token', refresh_token: body.refresh_token },
      )
      await post(app, '/token', { ...client, id: 'nobody' }, { grant_type: 'client_credentials' })
      const both = { identityId: ana.id, clientId: client.id, traceId: 'trace' }
      expect(await app.audited('session.started')).toMatchObject([
        {
          ...both,
          details: { acr: 'urn:signet:acr:single-factor', amr: ['pwd'], remembered: false },
          personal: { address: '192.0.2.1' },
        },
      ])
      expect(await app.audited('consent.granted')).toMatchObject([{ ...both, result: 'success' }])
      expect(await app.audited('token.issued')).toMatchObject([
        { ...both, details: { grant: 'authorization_code' } },
      ])
      expect(await app.audited('token.refreshed')).toMatchObject([
        { ...both, details: { grant: 'refresh_token' } },
      ])
      expect(await app.audited('client.authentication-failed')).toMatchObject([
        { clientId: client.id, result: 'failure' },
      ])
      const everything = JSON.stringify((await app.store.audit.page({ limit: 100 })).items)
      for (const secret of [
        body.access_token,
        body.refresh_token,
        refreshed.body.refresh_token,
        answered.params.get('code'),
        client.secret,
        answered.verifier,
      ]) {
        expect(everything).not.toContain(secret)
      }
      expect(everything).not.toContain('nobody')
    })

    it('S42: a stranger who knows the id of a client cannot fill the audit', async () => {
      const { app, client } = await startScene(open)
      const guess = () => post(app, '/token', { ...client, secret: 'wrong' }, { grant_type: 'refresh_token' })
      for (let count = 0; count < 30; count += 1) expect((await guess()).status).toBe(401)
      expect(await app.audited('client.authentication-failed')).toHaveLength(10)
    })

    it('S8: tells the person when a refresh token comes back after its successor was used', async () => {
      const { app, client, ana } = await startScene(open)
      const params = { scope: 'openid offline_access', prompt: 'consent' }
      const { body: first } = await exchange(
        app,
        client,
        await authorize(app, createVisitor(), client, { as: person(ana.id), params }),
      )
      const use = (token: string) =>
        post(app, '/token', client, { grant_type: 'refresh_token', refresh_token: token })
      const second = (await use(first.refresh_token)).body
      const third = (await use(second.refresh_token)).body
      expect((await use(first.refresh_token)).body.error).toBe('invalid_grant')
      expect((await use(third.refresh_token)).body.error).toBe('invalid_grant')
      expect(await app.audited('token.reuse-detected')).toMatchObject([
        { identityId: ana.id, clientId: client.id },
      ])
      expect(app.messages).toMatchObject([
        {
          template: 'token-reuse',
          to: { written: 'Ana@example.com' },
          name: 'Ana Ruiz',
          values: { application: 'Orchard' },
        },
      ])
    })
  })
})
