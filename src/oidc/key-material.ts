import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import { calculateJwkThumbprint, type JWK } from 'jose'
import type { Instant } from '../domain/time.ts'
import type { Draft } from '../ports/storage.ts'
import type { StoredKey } from '../ports/store.ts'
import type { Vault } from '../ports/vault.ts'
import { type Algorithm, keyId } from './key-schedule.ts'

const purpose = 'signing-key'
const generate = promisify(generateKeyPair)

// Off the event loop, in libuv's threads: an RSA key takes some hundred milliseconds to find.
const generators: Record<
  Algorithm,
  () => Promise<{ privateKey: { export(options: { format: 'jwk' }): object } }>
> = {
  ES256: () => generate('ec', { namedCurve: 'P-256' }),
  RS256: () => generate('rsa', { modulusLength: 2048 }),
  EdDSA: () => generate('ed25519', {}),
}

const publicMembers = ['kty', 'crv', 'x', 'y', 'n', 'e'] as const

/** A new key pair as it is stored: the public half readable, the private one sealed under the id. */
export async function makeKey(
  vault: Vault,
  algorithm: Algorithm,
  generation: number,
  times: { readonly createdAt: Instant; readonly signsFrom: Instant },
): Promise<Draft<StoredKey>> {
  const { privateKey } = await generators[algorithm]()
  const jwk = privateKey.export({ format: 'jwk' }) as JWK
  const half = Object.fromEntries(
    publicMembers.flatMap((name) => (jwk[name] === undefined ? [] : [[name, jwk[name]]])),
  )
  const kid = await calculateJwkThumbprint(half as JWK)
  const id = keyId(algorithm, generation)
  return {
    id,
    use: 'sig',
    alg: algorithm,
    publicJwk: { ...half, kid, alg: algorithm, use: 'sig' },
    sealedPrivateJwk: vault.seal(purpose, JSON.stringify(jwk), id),
    ...times,
  }
}

/** The private JWK, with the published `kid`, `alg` and `use`. Throws when it was altered or the root key is another one. */
export function openKey(vault: Vault, key: StoredKey): JWK {
  return { ...JSON.parse(vault.open(purpose, key.sealedPrivateJwk, key.id)), ...key.publicJwk }
}
