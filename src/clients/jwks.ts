const privateParts = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const
const curves: Record<string, readonly string[]> = { EC: ['P-256', 'P-384', 'P-521'], OKP: ['Ed25519'] }
const mostKeys = 20
/** 2048 bits in base64url. */
const shortestModulus = 342

/** What is wrong with a client's public keys (RFC 7517), in words; empty when nothing is. */
export function jwksFaults(jwks: unknown): readonly string[] {
  const keys = typeof jwks === 'object' && jwks !== null && 'keys' in jwks ? jwks.keys : undefined
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > mostKeys)
    return [`jwks must be { "keys": […] } with 1 to ${mostKeys} keys`]
  return keys.flatMap((key, index) => {
    const fault = keyFault(key)
    return fault === undefined ? [] : [`jwks.keys[${index}] ${fault}`]
  })
}

function keyFault(key: unknown): string | undefined {
  if (typeof key !== 'object' || key === null) return 'must be a JWK'
  const jwk = key as Record<string, unknown>
  if (jwk.kty === 'oct') return 'is a shared secret; only public keys belong here'
  if (privateParts.some((part) => part in jwk)) return 'holds a private key; register its public part only'
  if (jwk.kty === 'RSA')
    return typeof jwk.n === 'string' && typeof jwk.e === 'string' && jwk.n.length >= shortestModulus
      ? undefined
      : 'must be an RSA key of at least 2048 bits'
  const known = curves[String(jwk.kty)]
  if (known === undefined) return 'must be of type RSA, EC or OKP'
  return known.includes(String(jwk.crv)) && typeof jwk.x === 'string'
    ? undefined
    : `must be on one of ${known.join(', ')}`
}
