import type { Tokens } from '../support/relying-party.ts'

/** What an ID token or a JWT access token says. */
export function claimsOf(token: string | Tokens): Record<string, unknown> {
  const jwt = typeof token === 'string' ? token : token.id_token
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
}

/** The `claims` parameter that asks for `acr` in the ID token. */
export function acrClaim(request: object | null): { readonly claims: string } {
  return { claims: JSON.stringify({ id_token: { acr: request } }) }
}
