/**
 * How a person's own device signs what it asks for: one JWS (ES256, RFC 7515) over method, address, time, a value used once, and all that is asked, in the
 * manner of a DPoP proof (RFC 9449). A device that is known names its key by its thumbprint (RFC 7638), a new one brings the key along.
 */
import { calculateJwkThumbprint, compactVerify, decodeProtectedHeader, importJWK, type JWK } from 'jose'
import { type Instant, minute, second } from '../domain/time.ts'
import type { Form } from '../ports/factor.ts'
import type { Signature, SignedFor, SignedRequest } from '../ports/signed-device.ts'

/** Public, on P-256. */
export interface DeviceKey {
  readonly x: string
  readonly y: string
}

const type = 'signet-device+jwt'
/** For the way here; the app goes by the clock of this server. */
const slack = minute
const nonceShape = /^[\w-]{22,64}$/
const coordinate = /^[\w-]{43}$/

/** The thumbprint of the key that the request says it is signed with. */
export function signerOf(signed: string): string | undefined {
  const { kid } = headerOf(signed)
  return typeof kid === 'string' ? kid : undefined
}

/** The key that the request brings along, with its thumbprint. */
export async function keyIn(
  signed: string,
): Promise<{ readonly key: DeviceKey; readonly thumbprint: string } | undefined> {
  const { jwk } = headerOf(signed)
  const { x, y, kty, crv, ...rest } = jwk ?? {}
  if (!isCoordinate(x) || !isCoordinate(y) || 'd' in rest || kty !== 'EC' || crv !== 'P-256') return undefined
  return { key: { x, y }, thumbprint: await calculateJwkThumbprint(jwkOf({ x, y })) }
}

/** `wrong` for everything that was not signed by this key for this very purpose. */
export async function checkSigned(key: DeviceKey, signed: string, purpose: SignedFor): Promise<Signature> {
  const payload = await payloadOf(key, signed)
  if (payload === undefined) return 'wrong'
  const { htm, htu, iat, jti, form } = payload
  if (htm !== purpose.method || htu !== purpose.url || !isForm(form)) return 'wrong'
  if (typeof iat !== 'number' || typeof jti !== 'string' || !nonceShape.test(jti)) return 'wrong'
  const at: Instant = iat * second
  if (!(Math.abs(purpose.now - at) <= slack)) return 'late'
  const request: SignedRequest = { form, nonce: jti, at, until: at + slack }
  return { status: 'right', request }
}

async function payloadOf(key: DeviceKey, signed: string): Promise<Record<string, unknown> | undefined> {
  try {
    const { payload, protectedHeader } = await compactVerify(signed, await importJWK(jwkOf(key), 'ES256'), {
      algorithms: ['ES256'],
    })
    const content: unknown = JSON.parse(new TextDecoder().decode(payload))
    const usable = protectedHeader.typ === type && typeof content === 'object' && content !== null
    return usable ? (content as Record<string, unknown>) : undefined
  } catch {
    // Nobody who signs wrongly needs to know in what.
    return undefined
  }
}

function headerOf(signed: string): { readonly kid?: unknown; readonly jwk?: JWK } {
  try {
    return decodeProtectedHeader(signed) as { kid?: unknown; jwk?: JWK }
  } catch {
    return {}
  }
}

/** Whoever sends it may have put anything there. */
function isCoordinate(value: unknown): value is string {
  return typeof value === 'string' && coordinate.test(value)
}

function jwkOf({ x, y }: DeviceKey): JWK {
  return { kty: 'EC', crv: 'P-256', x, y }
}

function isForm(value: unknown): value is Form {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((one) => typeof one === 'string' && !one.includes('\0'))
}
