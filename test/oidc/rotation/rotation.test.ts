import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, it, vi } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { createVisitor } from '../../support/visitor.ts'
import { startScene } from '../support/app.ts'
import { authorize, exchange, jsonOf, person, tokensFor } from '../support/relying-party.ts'

const patience = { timeout: 20_000 }

describe('key rotation', () => {
  eachStore((_, open) => {
    it('S24: swaps the provider without a restart: requests in flight end well, old hints are still understood', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      const before = await tokensFor(app, client, ana.id, {}, browser)
      const kid = decodeProtectedHeader(before.id_token).kid
      const waiting = await authorize(app, browser, client)
      const requests = Array.from({ length: 20 }, () =>
        authorize(app, browser, client, { params: { prompt: 'none' } }),
      )
      await app.oidc.keys.rotate({})
      expect((await Promise.all(requests)).every((answered) => answered.params.has('code'))).toBe(true)
      const announced = await vi.waitFor(async () => {
        const { keys } = await jsonOf<{ keys: { kid: string }[] }>(await fetch(`${app.origin}/jwks`))
        expect(keys).toHaveLength(6)
        return keys
      }, patience)
      const { body } = await exchange(app, client, waiting)
      // Announced, and not yet signing: nobody's cached key set is too old.
      expect(decodeProtectedHeader(body.id_token).kid).toBe(kid)
      expect(announced.map((key) => key.kid)).toContain(kid)
      const hinted = await authorize(app, browser, client, {
        params: { id_token_hint: before.id_token, prompt: 'none' },
      })
      expect(hinted.params.has('code')).toBe(true)
    })

    it('S24: a compromise withdraws the old keys at once, and sign-ins go on', async () => {
      const { app, client, ana } = await startScene(open)
      const before = await tokensFor(app, client, ana.id)
      await app.oidc.keys.rotate({ now: true })
      const after = await vi.waitFor(async () => {
        const tokens = await tokensFor(app, client, ana.id)
        expect(decodeProtectedHeader(tokens.id_token).kid).not.toBe(
          decodeProtectedHeader(before.id_token).kid,
        )
        return tokens
      }, patience)
      const keys = createRemoteJWKSet(new URL(`${app.origin}/jwks`))
      await expect(jwtVerify(before.id_token, keys)).rejects.toThrow()
      expect((await jwtVerify(after.id_token, keys)).payload.sub).toBe(ana.id)
      const hinted = await authorize(app, createVisitor(), client, {
        params: { id_token_hint: before.id_token },
        as: person(ana.id),
      })
      expect(hinted.params.get('error')).toBe('invalid_request')
    })
  })
})
