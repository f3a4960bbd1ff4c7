import {
  compactDecrypt,
  createRemoteJWKSet,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  jwtVerify,
} from 'jose'
import { describe, expect, it } from 'vitest'
import { checkMetadata } from '../../../src/clients/metadata.ts'
import { eachStore } from '../../support/stores.ts'
import { startScene } from '../support/app.ts'
import { tokensFor } from '../support/relying-party.ts'

const contentCipher = 'A256GCM'

describe('encryption to a client', () => {
  eachStore((_, open) => {
    it('signs the ID token and userinfo, then encrypts them to the key of the client', async () => {
      const { app, ana } = await startScene(open)
      const { publicKey, privateKey } = await generateKeyPair('RSA-OAEP-256')
      const metadata = {
        jwks: { keys: [{ ...(await exportJWK(publicKey)), use: 'enc', kid: 'their-key' }] },
        id_token_encrypted_response_alg: 'RSA-OAEP-256',
        id_token_encrypted_response_enc: contentCipher,
        userinfo_signed_response_alg: 'ES256',
        userinfo_encrypted_response_alg: 'RSA-OAEP-256',
        userinfo_encrypted_response_enc: contentCipher,
      }
      expect(checkMetadata({ ...metadata, redirect_uris: ['https://app.example.com/cb'] })).toEqual([])
      const client = await app.addClient({ metadata })
      const tokens = await tokensFor(app, client, ana.id, { scope: 'openid email' })
      const userinfo = await fetch(`${app.origin}/userinfo`, {
        headers: { authorization: `Bearer ${tokens.access_token}` },
      })

      const keys = createRemoteJWKSet(new URL(`${app.origin}/jwks`))
      for (const sealed of [tokens.id_token, await userinfo.text()]) {
        expect(decodeProtectedHeader(sealed)).toMatchObject({
          alg: 'RSA-OAEP-256',
          enc: contentCipher,
          kid: 'their-key',
        })
        const { plaintext } = await compactDecrypt(sealed, privateKey)
        const { payload } = await jwtVerify(new TextDecoder().decode(plaintext), keys, {
          issuer: app.issuer,
          audience: client.id,
        })
        expect(payload.sub).toBe(ana.id)
      }
    })
  })

  it('is refused without a key of the client, by shared secrets and by a broken algorithm', () => {
    const redirect_uris = ['https://app.example.com/cb']
    expect(checkMetadata({ redirect_uris, id_token_encrypted_response_alg: 'RSA-OAEP' })).toHaveLength(1)
    expect(checkMetadata({ redirect_uris, userinfo_encrypted_response_enc: contentCipher })).toHaveLength(1)
    for (const alg of ['RSA1_5', 'A128KW', 'dir'])
      expect(checkMetadata({ redirect_uris, id_token_encrypted_response_alg: alg })).toHaveLength(1)
  })
})
