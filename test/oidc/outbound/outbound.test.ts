import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import type { GuardedFetch } from '../../../src/ports/outbound.ts'
import { eachStore } from '../../support/stores.ts'
import { type App, startScene } from '../support/app.ts'
import { post, tokensFor } from '../support/relying-party.ts'

const machine = { grant_types: ['client_credentials'], response_types: [], redirect_uris: [] }

async function signer(app: App, jwksUri: string) {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const client = await app.addClient({
    metadata: { ...machine, token_endpoint_auth_method: 'private_key_jwt', jwks_uri: jwksUri },
  })
  const keys = [{ ...(await exportJWK(publicKey)), alg: 'ES256', kid: 'one' }]
  const ask = async () => {
    const now = Math.floor(Date.now() / 1000)
    const assertion = await new SignJWT({
      iss: client.id,
      sub: client.id,
      aud: app.issuer,
      jti: randomUUID(),
      exp: now + 60,
    })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .sign(privateKey)
    return post(app, '/token', undefined, {
      grant_type: 'client_credentials',
      client_assertion: assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    })
  }
  return { keys, ask }
}

describe('what input can make the server fetch', () => {
  eachStore((_, open) => {
    it('S22: a key set goes through the guarded fetch, without the library’s own dispatcher, and is kept', async () => {
      const fetched: unknown[] = []
      let keys: object[] = []
      const fetch: GuardedFetch = async (url, init) => {
        fetched.push([String(url), init && 'dispatcher' in init])
        return Response.json({ keys })
      }
      const { app } = await startScene(open, { fetch })
      const rp = await signer(app, 'https://rp.example.com/jwks')
      keys = rp.keys
      expect((await rp.ask()).status).toBe(200)
      expect((await rp.ask()).status).toBe(200)
      expect(fetched).toEqual([['https://rp.example.com/jwks', false]])
    })

    it('S22: an address of an internal network is not fetched, and the client only fails itself', async () => {
      const { app, client, ana } = await startScene(open)
      for (const uri of ['https://169.254.169.254/jwks', 'https://[::1]/jwks', 'https://10.0.0.1/jwks']) {
        const { status } = await (await signer(app, uri)).ask()
        expect(status).toBe(401)
      }
      expect(await tokensFor(app, client, ana.id)).toHaveProperty('access_token')
    })

    it('reads a sector document once per version of the client, and refuses one that does not list its URIs', async () => {
      const fetched: string[] = []
      const listed = ['https://a.example.com/callback', 'https://b.example.com/callback']
      const fetch: GuardedFetch = async (url) => {
        fetched.push(String(url))
        return Response.json(String(url).includes('good') ? listed : [])
      }
      const { app, ana } = await startScene(open, { fetch })
      const sector = (name: string) => ({
        subject_type: 'pairwise' as const,
        redirect_uris: listed,
        sector_identifier_uri: `https://sector.example.com/${name}`,
      })
      const good = await app.addClient({ metadata: sector('good') })
      const bad = await app.addClient({ metadata: sector('bad') })
      await tokensFor(app, good, ana.id)
      await tokensFor(app, good, ana.id)
      expect(fetched).toHaveLength(1)
      await expect(tokensFor(app, bad, ana.id)).rejects.toThrow('invalid_client_metadata')
    })
  })
})
