import { describe, expect, it } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { createVisitor } from '../../support/visitor.ts'
import { startScene } from '../support/app.ts'
import { authorize, exchange, person, pkce } from '../support/relying-party.ts'

const without = { code_challenge: '', code_challenge_method: '' }

describe('PKCE', () => {
  eachStore((_, open) => {
    it('S3: a request without a challenge is refused, of confidential and of public clients', async () => {
      const { app, client } = await startScene(open)
      const open_ = await app.addClient({ metadata: { token_endpoint_auth_method: 'none' } })
      for (const one of [client, open_]) {
        const { params } = await authorize(app, createVisitor(), one, { params: without })
        expect(Object.fromEntries(params)).toMatchObject({
          error: 'invalid_request',
          state: 'st',
          iss: app.issuer,
        })
      }
    })

    it('S3: the plain method is refused, named or by default', async () => {
      const { app, client } = await startScene(open)
      for (const method of ['plain', '']) {
        const { params } = await authorize(app, createVisitor(), client, {
          params: { code_challenge_method: method },
        })
        expect(params.get('error')).toBe('invalid_request')
      }
    })

    it('S3: a challenge without its verifier, with another one, and a verifier without a challenge all fail', async () => {
      const { app, client, ana } = await startScene(open)
      const as = person(ana.id)
      const browser = createVisitor()
      const missing = await exchange(app, client, await authorize(app, browser, client, { as }), {
        code_verifier: [],
      })
      const other = await exchange(app, client, await authorize(app, browser, client, { as }), {
        code_verifier: pkce().verifier,
      })
      const exempt = await app.addClient({ pkceExempt: true })
      const params = { ...without, nonce: 'n' }
      const surplus = await exchange(app, exempt, await authorize(app, browser, exempt, { as, params }))
      for (const answer of [missing, other, surplus]) {
        expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant'])
        expect(answer.text).not.toContain('access_token')
      }
    })

    it('S1: a confidential client that was exempted sends a nonce instead; a public one is never exempt', async () => {
      const { app, ana } = await startScene(open)
      const exempt = await app.addClient({ pkceExempt: true })
      const refused = await authorize(app, createVisitor(), exempt, { params: without })
      expect(refused.params.get('error')).toBe('invalid_request')
      const answered = await authorize(app, createVisitor(), exempt, {
        as: person(ana.id),
        params: { ...without, nonce: 'n' },
      })
      expect((await exchange(app, exempt, { ...answered, verifier: '' }, { code_verifier: [] })).status).toBe(
        200,
      )
      const spa = await app.addClient({ pkceExempt: true, metadata: { token_endpoint_auth_method: 'none' } })
      const never = await authorize(app, createVisitor(), spa, { params: { ...without, nonce: 'n' } })
      expect(never.params.get('error')).toBe('invalid_request')
    })
  })
})
