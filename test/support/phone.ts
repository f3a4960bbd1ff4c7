/** A phone of somebody: a key of its own, and requests signed with it as the app at /approve does. */
import { randomBytes } from 'node:crypto'
import { CompactSign, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'

export interface Phone {
  readonly id: string
  /** What the app sends as `signed`; `brings` its key along when it is not known yet. */
  sign(
    path: string,
    form?: Readonly<Record<string, string>>,
    how?: {
      readonly brings?: boolean
      readonly at?: number
      readonly claims?: Readonly<Record<string, unknown>>
    },
  ): Promise<string>
}

export async function createPhone(origin: string): Promise<Phone> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const { kty, crv, x, y } = await exportJWK(publicKey)
  const jwk = { kty, crv, x, y } as JWK
  const id = await calculateJwkThumbprint(jwk)
  return {
    id,
    sign(path, form = {}, { brings = false, at = Date.now(), claims = {} } = {}) {
      const jti = randomBytes(18).toString('base64url')
      const iat = Math.floor(at / 1_000)
      const payload = { htm: 'POST', htu: origin + path, iat, jti, form, ...claims }
      return new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
        .setProtectedHeader({ typ: 'signet-device+jwt', alg: 'ES256', ...(brings ? { jwk } : { kid: id }) })
        .sign(privateKey)
    },
  }
}
