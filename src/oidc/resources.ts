import { errors, type ResourceServer } from 'oidc-provider'
import type { Client } from '../domain/client.ts'
import type { OidcSettings } from './dependencies.ts'

/** RFC 9068 tokens are not stored and cannot be revoked: whatever the settings say, they do not live longer. In seconds. */
const longestJwt = 300

/** The resource behind an indicator as far as this client may use it (RFC 8707); `InvalidTarget` when there is none. */
export function resourceFor(
  settings: OidcSettings,
  indicator: string,
  client: Client | undefined,
): ResourceServer {
  const resource = Object.hasOwn(settings.resources, indicator) ? settings.resources[indicator] : undefined
  if (resource === undefined) throw new errors.InvalidTarget()
  const jwt = resource.access_token_format === 'jwt'
  const { access_token, access_token_jwt } = settings.lifetimes
  return {
    scope: allowedScopes(resource.scopes, client).join(' '),
    audience: indicator,
    accessTokenFormat: resource.access_token_format,
    ...(resource.access_token_alg === undefined ? {} : { jwt: { sign: { alg: resource.access_token_alg } } }),
    accessTokenTTL: Math.floor(jwt ? Math.min(access_token_jwt / 1000, longestJwt) : access_token / 1000),
  }
}

/** The scopes of a resource that a client may ask for: all, unless its own `scope` metadata names some. */
export function allowedScopes(scopes: readonly string[], client: Client | undefined): readonly string[] {
  const named = client?.metadata.scope?.split(' ')
  return named === undefined ? scopes : scopes.filter((scope) => named.includes(scope))
}
