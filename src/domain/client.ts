import type { Identity } from './identity.ts'
import type { Instant } from './time.ts'

/** OpenID Connect client metadata, by its registered names (OIDC Registration 2, RFC 7591); absent means the library's default. */
export interface ClientMetadata {
  readonly client_name?: string
  readonly redirect_uris?: readonly string[]
  readonly grant_types?: readonly string[]
  readonly response_types?: readonly string[]
  readonly token_endpoint_auth_method?: string
  readonly application_type?: 'web' | 'native'
  readonly scope?: string
  readonly logo_uri?: string
  readonly policy_uri?: string
  readonly tos_uri?: string
  readonly client_uri?: string
  readonly post_logout_redirect_uris?: readonly string[]
  readonly jwks?: { readonly keys: readonly object[] }
  readonly jwks_uri?: string
  readonly subject_type?: 'public' | 'pairwise'
  readonly [name: string]: unknown
}

export interface ClientSecret {
  readonly id: string
  /** SHA-256, base64url: a secret has at least 128 random bits. */
  readonly hash: string
  readonly createdAt: Instant
  readonly expiresAt?: Instant
}

/** A relying party. `id` is its `client_id`. */
export interface Client {
  readonly id: string
  readonly version: number
  readonly state: 'enabled' | 'disabled'
  readonly metadata: ClientMetadata
  readonly secrets: readonly ClientSecret[]
  /** Ours: people are not asked for consent. */
  readonly firstParty: boolean
  /** Only members of one of these groups may sign in and hold tokens; absent means everyone. */
  readonly allowedGroups?: readonly string[]
  /** A confidential client that an administrator exempted from PKCE; it must send a nonce (S1). */
  readonly pkceExempt?: boolean
  /** Not raised by an administrator as known: the consent page warns. */
  readonly unverified?: boolean
  readonly origin: 'store' | 'configuration' | 'built-in'
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

/** The portal, the console: ways in to Signet itself, and no relying parties to the people who use them. */
export function isOurOwn({ origin, firstParty }: Pick<Client, 'origin' | 'firstParty'>): boolean {
  return origin === 'built-in' && firstParty
}

export function isPublic(client: Pick<Client, 'metadata'>): boolean {
  return client.metadata.token_endpoint_auth_method === 'none'
}

/** How pages and messages name the application. */
export function clientName(client: Pick<Client, 'id' | 'metadata'>): string {
  return client.metadata.client_name ?? client.id
}

/** Whether a person may use the application at all. */
export function mayUse(
  { groups }: Pick<Identity, 'groups'>,
  { allowedGroups }: Pick<Client, 'allowedGroups'>,
): boolean {
  return allowedGroups === undefined || groups.some((group) => allowedGroups.includes(group))
}
