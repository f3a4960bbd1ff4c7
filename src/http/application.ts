import { type Client, clientName } from '../domain/client.ts'
import { isLoopback } from './middleware/proxy.ts'
import type { PageSources } from './middleware/security-headers.ts'

/** How pages show a client. Addresses are safe to link to: https, or http on this machine (S37). */
export interface Application {
  readonly name: string
  readonly initial: string
  readonly unverified: boolean
  readonly logo: string | undefined
  readonly policy: string | undefined
  readonly terms: string | undefined
  readonly home: string | undefined
}

export function applicationOf(client: Client): Application {
  const { logo_uri: logo, policy_uri: policy, tos_uri: terms, client_uri } = client.metadata
  const name = clientName(client)
  return {
    name,
    initial: initialOf(name),
    unverified: client.unverified === true,
    logo: safeAddress(logo),
    policy: safeAddress(policy),
    terms: safeAddress(terms),
    home: safeAddress(client_uri),
  }
}

/** Where a sign-in at this client begins: its login initiation (OIDC Core 4), else its home. */
export function startOf(client: Client, issuer: string): string | undefined {
  const initiation = safeAddress(client.metadata.initiate_login_uri)
  if (initiation === undefined) return applicationOf(client).home
  const url = new URL(initiation)
  url.searchParams.set('iss', issuer)
  return url.href
}

/** First letter or digit, for a picture of something that has none. */
export function initialOf(name: string): string {
  return (name.match(/[\p{L}\p{N}]/u)?.[0] ?? '?').toLocaleUpperCase()
}

/** The address if a page may link to it or show its picture. */
export function safeAddress(value: unknown): string | undefined {
  const url = typeof value === 'string' ? URL.parse(value) : null
  if (url === null) return undefined
  return url.protocol === 'https:' || (url.protocol === 'http:' && isOwnMachine(url)) ? url.href : undefined
}

function isOwnMachine({ hostname }: URL): boolean {
  return hostname === 'localhost' || isLoopback(hostname.replace(/[[\]]/g, ''))
}

/** What a page about this client may reach: its logo, and the end of its forms' redirect chain where that is not https. */
export function sourcesOf(client: Client, redirectUri?: string): PageSources {
  const { redirect_uris = [], post_logout_redirect_uris = [] } = client.metadata
  const logo = safeAddress(client.metadata.logo_uri)
  return {
    forms: formSources([redirectUri ?? '', ...redirect_uris, ...post_logout_redirect_uris]),
    images: logo === undefined ? [] : [new URL(logo).origin],
  }
}

/** What `form-action` has to name besides https for a form that ends at one of these addresses. */
export function formSources(addresses: readonly string[]): readonly string[] {
  return [...new Set(addresses.flatMap(formSource))]
}

/**
 * A host source for http, any port on the person's own machine (RFC 8252 7.3; a server there may lead on to another one), a scheme source for
 * private-use schemes; https is allowed as a whole.
 */
function formSource(uri: string): string[] {
  const url = URL.parse(uri)
  if (url === null || url.protocol === 'https:' || url.protocol === 'javascript:' || url.protocol === 'data:')
    return []
  if (url.protocol !== 'http:') return [url.protocol]
  // A policy has no way to write an IPv6 host.
  if (url.hostname.startsWith('[')) return ['http:']
  return [isOwnMachine(url) ? `http://${url.hostname}:*` : url.origin]
}
