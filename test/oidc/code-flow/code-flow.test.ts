import * as relyingParty from 'openid-client'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { createVisitor } from '../../support/visitor.ts'
import { startApp } from '../support/app.ts'
import { authorize, person } from '../support/relying-party.ts'

describe('the authorization code flow', () => {
  eachStore((_, open) => {
    it('signs in with openid-client, which checks everything it gets', async () => {
      const app = await startApp(await open())
      onTestFinished(app.close)
      const client = await app.addClient()
      const ana = await app.addIdentity()
      const rp = await relyingParty.discovery(new URL(app.issuer), client.id, client.secret, undefined, {
        execute: [relyingParty.allowInsecureRequests],
      })
      const nonce = relyingParty.randomNonce()
      const verifier = relyingParty.randomPKCECodeVerifier()
      const params = {
        scope: 'openid profile email',
        nonce,
        code_challenge: await relyingParty.calculatePKCECodeChallenge(verifier),
      }
      const answered = await authorize(app, createVisitor(), client, { params, as: person(ana.id) })
      expect(answered.pages.map((page) => page.prompt)).toEqual(['login', 'consent'])
      expect(answered.location, JSON.stringify(answered.body)).toBeDefined()
      const tokens = await relyingParty.authorizationCodeGrant(rp, answered.location as URL, {
        pkceCodeVerifier: verifier,
        expectedState: 'st',
        expectedNonce: nonce,
        idTokenExpected: true,
      })
      expect(tokens.claims()).toMatchObject({
        sub: ana.id,
        acr: 'urn:signet:acr:single-factor',
        amr: ['pwd'],
        nonce,
      })
      expect(await relyingParty.fetchUserInfo(rp, tokens.access_token, ana.id)).toMatchObject({
        sub: ana.id,
        name: 'Ana Ruiz',
        email: 'Ana@example.com',
        email_verified: true,
      })
      expect(app.errors).toEqual([])
    })
  })
})
