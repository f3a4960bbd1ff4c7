// Owns relying parties wherever they are declared: store, configuration, built in; their metadata, secrets and state.
// It does not speak OAuth: oidc/ reads clients through ports/client-directory.ts. What a person allowed a client is in consents.ts.
import type { Actor, AuditAction } from '../domain/audit-event.ts'
import type { Client, ClientMetadata, ClientSecret } from '../domain/client.ts'
import type { Instant } from '../domain/time.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { ClientDirectory } from '../ports/client-directory.ts'
import type { SessionRegistry } from '../ports/session-registry.ts'
import type { Page } from '../ports/storage.ts'
import type { Store } from '../ports/store.ts'
import { createDeclared } from './declared.ts'
import { createEditing } from './editing.ts'
import type { MetadataRules } from './metadata.ts'
import { matchesAny, type SecretTools } from './secrets.ts'

export interface ClientsTools extends SecretTools {
  readonly store: Pick<Store, 'clients' | 'consents'>
  readonly audit: AuditLog
  readonly builtIn: readonly Client[]
  readonly configured: readonly Client[]
  /** Asked late: the registry is built after the clients it refers to. */
  readonly sessions: () => Pick<SessionRegistry, 'endClient'>
  /** Absent: the standard scopes only. */
  readonly rules?: MetadataRules
}

export interface ClientDraft {
  readonly metadata: ClientMetadata
  /** Short for `token_endpoint_auth_method: none`. */
  readonly public?: boolean
  readonly firstParty?: boolean
  readonly allowedGroups?: readonly string[]
  readonly pkceExempt?: boolean
  readonly unverified?: boolean
}

/** Given metadata fields replace, null takes one away, the others stay. */
export type ClientChange = Partial<Omit<ClientDraft, 'public' | 'allowedGroups' | 'metadata'>> & {
  readonly metadata?: { readonly [Name in keyof ClientMetadata]?: ClientMetadata[Name] | null }
  /** null: everyone may sign in again. */
  readonly allowedGroups?: readonly string[] | null
}

export interface Refused {
  readonly status: 'refused'
  /** Everything that is wrong, in sentences. */
  readonly reasons: readonly string[]
}

/** Or the client is declared in a place that a restart reads, and cannot be changed here. */
export type Unchanged = { readonly status: 'unknown' } | { readonly status: 'declared' }

export type ClientOutcome = { readonly status: 'done'; readonly client: Client } | Unchanged

export interface Clients extends ClientDirectory {
  /** `secret` is answered here and never again; absent for public clients and those with keys of their own. */
  create(
    draft: ClientDraft,
    by: Actor,
  ): Promise<{ readonly status: 'created'; readonly client: Client; readonly secret?: string } | Refused>
  /** Merges with what others change at the same time. */
  update(id: string, change: ClientChange, by: Actor): Promise<ClientOutcome | Refused>
  /** Stops at the next request, everywhere; its tokens end for good. */
  disable(id: string, by: Actor): Promise<ClientOutcome>
  enable(id: string, by: Actor): Promise<ClientOutcome>
  /** Ends its tokens and forgets what people allowed it. */
  remove(id: string, by: Actor): Promise<ClientOutcome>
  /** Declared ones first (on the first page, beyond `limit`), then the stored ones by id. */
  list(query: { readonly after?: string; readonly limit: number }): Promise<Page<Client>>
  /** `secret` is answered here and never again; the older ones stay good. */
  addSecret(
    id: string,
    by: Actor,
    options?: { readonly expiresAt?: Instant },
  ): Promise<{ readonly status: 'added'; readonly secret: string; readonly id: string } | Refused | Unchanged>
  /** Without the hashes; undefined when the client is unknown. */
  listSecrets(id: string): Promise<readonly Omit<ClientSecret, 'hash'>[] | undefined>
  /** `unknown` also when the client has no such secret. */
  removeSecret(id: string, secretId: string, by: Actor): Promise<ClientOutcome>
  /** `Problem('conflict')` naming both places of each collision, and what is wrong with the metadata in the configuration; call at start. */
  checkCollisions(): Promise<void>
}

export function createClients(tools: ClientsTools): Clients {
  const { store, audit, sessions } = tools
  const declared = createDeclared(store, [...tools.builtIn, ...tools.configured], tools.rules)
  const { create, edit, ...editing } = createEditing(tools, declared)

  const record = (
    action: AuditAction,
    id: string,
    by: Actor,
    details: Readonly<Record<string, string>> = {},
  ) => audit.record({ action, result: 'success', actor: by, clientId: id, details })

  async function turn(id: string, state: Client['state'], by: Actor): Promise<ClientOutcome> {
    const outcome = await edit(id, (client) => ({ ...client, state }))
    if (outcome.status !== 'done') return outcome
    if (state === 'disabled') await sessions().endClient(id)
    await record('client.updated', id, by, { state })
    return outcome
  }

  return {
    create,
    ...editing,
    find: async (clientId) => declared.get(clientId) ?? store.clients.get(clientId),
    secretMatches: (client, secret) => matchesAny(client, secret, tools),
    disable: (id, by) => turn(id, 'disabled', by),
    enable: (id, by) => turn(id, 'enabled', by),

    async remove(id, by) {
      if (declared.get(id) !== undefined) return { status: 'declared' }
      const client = await store.clients.take(id)
      if (client === undefined) return { status: 'unknown' }
      await sessions().endClient(id)
      await store.consents.removeBy('clientId', id)
      await record('client.removed', id, by)
      return { status: 'done', client }
    },

    async list(query) {
      const page = await store.clients.page(query)
      return query.after === undefined ? { ...page, items: [...declared.all, ...page.items] } : page
    },

    checkCollisions: declared.checkCollisions,
  }
}
