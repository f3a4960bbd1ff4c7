import { claimsByScope } from '../domain/claims.ts'
import type { Identifier, IdentifierKind } from '../domain/identifier.ts'
import { type Identity, mailAddress } from '../domain/identity.ts'

/**
 * Scope → claims for oidc-provider. Each ID token says how and when the person signed in, asked or not: `acr`, `amr` and `auth_time` tell
 * the client nothing about the person.
 */
export function claimsOfScopes(): Record<string, string[]> {
  const byScope = Object.entries(claimsByScope).filter(([, claims]) => claims.length > 0)
  const copied = Object.fromEntries(byScope.map(([scope, claims]) => [scope, [...claims]]))
  return { ...copied, openid: ['sub', 'acr', 'amr', 'auth_time'] }
}

/** Every scope that is ours rather than a resource's. */
export const identityScopes: ReadonlySet<string> = new Set(Object.keys(claimsByScope))

/** Names of the claims that a set of scopes covers. */
export function claimsCoveredBy(scopes: Iterable<string>): Set<string> {
  return new Set([...scopes].flatMap((scope) => claimsByScope[scope] ?? []))
}

/** All claims about a person by their standard names (OIDC Core 5.1); oidc-provider filters by what was granted. Without `sub`. */
export function claimsAbout(identity: Identity): Record<string, unknown> {
  const email = mailAddress(identity)
  const phone = preferred(identity, 'phone')
  return present({
    ...identity.claims,
    preferred_username: preferred(identity, 'username')?.written,
    email: email?.written,
    email_verified: email && email.verifiedAt !== undefined,
    phone_number: phone?.value,
    phone_number_verified: phone && phone.verifiedAt !== undefined,
    groups: [...identity.groups],
    updated_at: Math.floor(identity.updatedAt / 1000),
  })
}

function preferred(identity: Identity, kind: IdentifierKind): Identifier | undefined {
  const all = identity.identifiers.filter((identifier) => identifier.kind === kind)
  return all.find((identifier) => identifier.verifiedAt !== undefined) ?? all[0]
}

/** A claim without a value is left out, never null or empty (OIDC Core 5.3.2). */
function present(claims: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(claims).filter(([, value]) => value !== undefined && value !== null && value !== ''),
  )
}
