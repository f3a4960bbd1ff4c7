import type { Configuration } from 'oidc-provider'

/** What a grant remembers of the sign-in that it stands for. */
interface SignedInBy {
  readonly acr?: string | undefined
  readonly amr?: readonly string[] | undefined
  readonly authTime?: number | undefined
}

/** What a token may come from, by the library's names. A rotated refresh token carries what its predecessor did. */
const sources = ['AuthorizationCode', 'RefreshToken'] as const

/**
 * `acr`, `amr` and `auth_time` of an access token: in the JWT (RFC 9068 2.2.1), and for an opaque one at introspection (RFC 9470 6.2). They
 * describe the sign-in that led to the grant, however often the token was refreshed since: a later step-up shows in the tokens that it leads
 * to. Nothing for a client that acts for itself.
 */
export const extraTokenClaims: NonNullable<Configuration['extraTokenClaims']> = async ({ oidc }, token) => {
  if (token.kind !== 'AccessToken') return undefined
  const found = sources.map((name) => oidc.entities[name]).find((entity) => entity !== undefined)
  const { acr, amr, authTime } = (found ?? {}) as SignedInBy
  return {
    ...(acr === undefined ? {} : { acr }),
    ...(amr === undefined ? {} : { amr: [...amr] }),
    ...(authTime === undefined ? {} : { auth_time: authTime }),
  }
}
