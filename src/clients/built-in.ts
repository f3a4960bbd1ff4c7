import type { Client, ClientMetadata } from '../domain/client.ts'
import { completed } from './metadata.ts'

/** Our own portal and console: ordinary clients that need a session and no tokens (`response_type=none`). */
export function builtInClients(issuer: string, brand: string): readonly Client[] {
  const own = (id: string, name: string, path: string): Client =>
    builtIn(id, {
      client_name: name,
      client_uri: `${issuer}${path}`,
      redirect_uris: [`${issuer}${path}/callback`],
      post_logout_redirect_uris: [`${issuer}${path}`],
      response_types: ['none'],
      grant_types: [],
      token_endpoint_auth_method: 'none',
    })
  return [
    own('signet-account', `${brand} account`, '/account'),
    own('signet-console', `${brand} console`, '/admin'),
  ]
}

export const demoClientId = 'signet-demo'

/** Development's demo application at `url`: a confidential client like any other; `secretHash` is the digest of its secret. */
export function demoClient(url: string, secretHash: string): Client {
  const metadata = {
    client_name: 'Orchard',
    client_uri: url,
    redirect_uris: [`${url}/callback`],
    post_logout_redirect_uris: [`${url}/`],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
    backchannel_logout_uri: `${url}/back-channel-logout`,
    backchannel_logout_session_required: true,
  }
  return {
    ...builtIn(demoClientId, metadata),
    firstParty: false,
    secrets: [{ id: 'built-in', hash: secretHash, createdAt: 0 }],
  }
}

function builtIn(id: string, metadata: ClientMetadata): Client {
  const times = { createdAt: 0, updatedAt: 0 }
  return {
    id,
    version: 1,
    state: 'enabled',
    metadata,
    secrets: [],
    firstParty: true,
    origin: 'built-in',
    ...times,
  }
}

/** What `clients:` in the configuration says about one client. */
export interface ConfiguredClient {
  readonly id: string
  readonly name?: string | undefined
  readonly redirect_uris: readonly string[]
  /** What the secret file holds; absent for a public client. */
  readonly secret?: string
  readonly first_party: boolean
  readonly allowed_groups?: readonly string[] | undefined
  readonly pkce_exempt: boolean
  readonly metadata: ClientMetadata
}

/** A client as the configuration declares it; `digest` hashes its secret. */
export function configuredClient(declared: ConfiguredClient, digest: (secret: string) => string): Client {
  const { id, name, redirect_uris, secret, allowed_groups, metadata } = declared
  const method =
    secret === undefined && metadata.jwks === undefined && metadata.jwks_uri === undefined
      ? 'none'
      : undefined
  return {
    ...builtIn(
      id,
      completed({
        ...(name === undefined ? {} : { client_name: name }),
        ...(method === undefined ? {} : { token_endpoint_auth_method: method }),
        redirect_uris,
        ...metadata,
      }),
    ),
    secrets: secret === undefined ? [] : [{ id: 'configured', hash: digest(secret), createdAt: 0 }],
    firstParty: declared.first_party,
    pkceExempt: declared.pkce_exempt,
    ...(allowed_groups === undefined ? {} : { allowedGroups: allowed_groups }),
    origin: 'configuration',
  }
}
