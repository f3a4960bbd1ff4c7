/** What the protocol side is told of its surroundings: lifetimes, keys, APIs, and the portal as a client. */
import type { Client } from '../../../src/domain/client.ts'
import { day, hour, minute, second } from '../../../src/domain/time.ts'
import type { OidcSettings } from '../../../src/oidc/index.ts'

export const api = 'https://api.example.com'
export const opaqueApi = 'https://opaque.example.com'
export const rsaApi = 'https://rsa.example.com'

export function settingsFor(issuer: string): OidcSettings {
  return {
    mode: 'development',
    issuer,
    languages: ['en', 'de'],
    acr: {},
    lifetimes: {
      code: minute,
      interaction: hour,
      access_token_jwt: 5 * minute,
      access_token: hour,
      id_token: hour,
      refresh_idle: 30 * day,
      refresh_absolute: 365 * day,
      refresh_retry_window: 10 * second,
      session_idle: day,
      session_idle_two_factors: hour,
      session_absolute: day,
      session_remembered: 30 * day,
    },
    keys: {
      algorithms: ['ES256', 'RS256', 'EdDSA'],
      rotate_every: 90 * day,
      jwks_max_age: 10 * minute,
      poll: 5 * second,
    },
    resources: {
      [api]: { name: 'The API', scopes: ['read', 'write'], access_token_format: 'jwt' },
      [opaqueApi]: { scopes: ['read'], access_token_format: 'opaque', introspected_by: ['opaque-api'] },
      [rsaApi]: { scopes: ['read'], access_token_format: 'jwt', access_token_alg: 'RS256' },
    },
    backchannel_logout: { timeout: second, queue: 100 },
  }
}

export function builtIn(issuer: string): Client[] {
  const times = { createdAt: 0, updatedAt: 0 }
  const metadata = {
    client_name: 'Account',
    redirect_uris: [`${issuer}/account/callback`],
    response_types: ['none'],
    grant_types: [],
    token_endpoint_auth_method: 'none',
  }
  return [
    {
      id: 'signet-account',
      version: 1,
      state: 'enabled',
      metadata,
      secrets: [],
      firstParty: true,
      origin: 'built-in',
      ...times,
    },
  ]
}
