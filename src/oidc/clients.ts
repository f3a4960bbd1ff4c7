import { Provider, type ClientMetadata as ProviderMetadata } from 'oidc-provider'
import { type Client, isPublic } from '../domain/client.ts'
import type { ClientDirectory } from '../ports/client-directory.ts'
import { identityScopes } from './claims.ts'

type Built = InstanceType<Provider['Client']>

/** Rebuilding a client is cheap; the bound only keeps memory flat. */
const remembered = 2_000

const origins = new WeakMap<object, Client>()

/** Our own record of a client that oidc-provider holds. */
export function clientOf(client: object | undefined): Client | undefined {
  return client === undefined ? undefined : origins.get(client)
}

/**
 * Replaces the library's lookup, which holds 100 clients and hashes their metadata at each request. The directory is asked once per request,
 * so that a disabled or changed client counts at once; what was built from a version is kept until there is a newer one.
 * `sectors` outlives the provider: a sector document is fetched once per version, not at every key rotation.
 */
export function applyClients(provider: Provider, directory: ClientDirectory, sectors: Set<string>): void {
  const built = new Map<string, { version: number; client: Built }>()
  const asked = new WeakMap<object, Map<string, Promise<Built | undefined>>>()

  async function build(client: Client): Promise<Built> {
    const metadata = metadataOf(client)
    const mark = `${client.id} ${client.version}`
    if (client.metadata.sector_identifier_uri !== undefined && !sectors.has(mark)) {
      await provider.Client.validate(metadata)
      sectors.add(mark)
    }
    const made = construct(provider, metadata)
    origins.set(made, client)
    return made
  }

  async function load(id: string): Promise<Built | undefined> {
    const client = await directory.find(id)
    if (client === undefined || client.state !== 'enabled') {
      built.delete(id)
      return undefined
    }
    const known = built.get(id)
    if (known?.version === client.version) return known.client
    const made = await build(client)
    if (built.size >= remembered) built.delete(built.keys().next().value ?? id)
    built.set(id, { version: client.version, client: made })
    return made
  }

  async function find(id: unknown): Promise<Built | undefined> {
    if (typeof id !== 'string' || id === '') return undefined
    const ctx = Provider.ctx
    if (ctx === undefined) return load(id)
    const inRequest = asked.get(ctx) ?? new Map<string, Promise<Built | undefined>>()
    asked.set(ctx, inRequest)
    const found = inRequest.get(id) ?? load(id)
    inRequest.set(id, found)
    return found
  }

  Object.assign(provider.Client, { find })
  Object.assign(provider.Client.prototype, {
    compareClientSecret(this: object, secret: string): boolean {
      const client = clientOf(this)
      return client !== undefined && directory.secretMatches(client, secret)
    },
  })
}

function construct(provider: Provider, metadata: ProviderMetadata): Built {
  const Constructor = provider.Client as unknown as new (metadata: ProviderMetadata) => Built
  return new Constructor(metadata)
}

/** Our record as the library's metadata. Secrets stay with us: it gets a placeholder, from which nothing may be derived. */
export function metadataOf(client: Client): ProviderMetadata {
  const { scope, grant_types, ...metadata } = client.metadata
  return {
    ...metadata,
    client_id: client.id,
    ...(needsSecret(client) ? { client_secret: 'kept-elsewhere' } : {}),
    ...(scope === undefined ? {} : { scope: ownScopes(scope) }),
    // Whoever cannot authenticate gets no token for itself (RFC 6749 4.4).
    ...(grant_types === undefined
      ? {}
      : { grant_types: grant_types.filter((type) => type !== 'client_credentials' || !isPublic(client)) }),
  } as ProviderMetadata
}

function needsSecret(client: Client): boolean {
  const method = client.metadata.token_endpoint_auth_method ?? 'client_secret_basic'
  return method === 'client_secret_basic' || method === 'client_secret_post'
}

/** The library knows only our scopes; those of resources are held against the client's list by `resources.ts`. */
function ownScopes(scope: string): string {
  const own = scope.split(' ').filter((name) => identityScopes.has(name))
  // An empty list would mean "all" to the library.
  return own.length > 0 ? own.join(' ') : 'openid'
}
