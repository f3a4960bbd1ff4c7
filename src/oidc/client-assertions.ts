import { errors, type KoaContextWithOIDC } from 'oidc-provider'
import type { Clock } from '../ports/clock.ts'

/** In seconds (S9): rows of spent `jti` live as long as the assertion, and clocks may differ a little. */
const longestLife = 300
export const clockTolerance = 15

/**
 * What `private_key_jwt` must say beyond the library's checks: `aud` is the issuer as one string, so that an assertion is worth nothing
 * elsewhere; it ends within five minutes; it was not made in the future.
 */
export function createAssertionCheck(issuer: string, clock: Clock) {
  return async (_ctx: KoaContextWithOIDC, claims: Record<string, unknown>): Promise<void> => {
    const now = Math.floor(clock() / 1000)
    if (claims.aud !== issuer) refuse('audience (aud) must equal the issuer, as one string')
    if (Number(claims.exp) > now + longestLife + clockTolerance) refuse('exp must be at most 5 minutes ahead')
    for (const name of ['iat', 'nbf']) {
      const value = claims[name]
      if (value !== undefined && Number(value) > now + clockTolerance)
        refuse(`${name} must not be in the future`)
    }
  }
}

function refuse(detail: string): never {
  throw new errors.InvalidClientAuth(detail)
}
