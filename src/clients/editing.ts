import type { Actor, AuditAction } from '../domain/audit-event.ts'
import { type Client, type ClientMetadata, isPublic } from '../domain/client.ts'
import { Problem } from '../domain/problem.ts'
import type { Draft } from '../ports/storage.ts'
import type { Declared } from './declared.ts'
import type { ClientChange, ClientDraft, ClientOutcome, Clients, ClientsTools, Refused } from './index.ts'
import { checkMetadata, completed, needsSecret } from './metadata.ts'
import { createSecret } from './secrets.ts'

type Editing = Pick<Clients, 'create' | 'update' | 'addSecret' | 'listSecrets' | 'removeSecret'> & {
  /** Compare-and-set until nobody came between; `change` answers undefined to leave the client as it is. */
  edit(id: string, change: (client: Client) => Client | undefined): Promise<ClientOutcome>
}

const tries = 20
const mostSecrets = 10

export function createEditing(tools: ClientsTools, declared: Declared): Editing {
  const { store, clock, random, audit, rules } = tools

  const record = (
    action: AuditAction,
    clientId: string,
    by: Actor,
    details: Readonly<Record<string, string | readonly string[]>>,
  ) => audit.record({ action, result: 'success', actor: by, clientId, details })

  async function edit(id: string, change: (client: Client) => Client | undefined): Promise<ClientOutcome> {
    if (declared.get(id) !== undefined) return { status: 'declared' }
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const before = await store.clients.get(id)
      if (before === undefined) return { status: 'unknown' }
      const changed = change(before)
      if (changed === undefined) return { status: 'done', client: before }
      const after = { ...changed, updatedAt: clock() }
      if (await store.clients.replace(after))
        return { status: 'done', client: { ...after, version: after.version + 1 } }
    }
    throw new Problem('conflict')
  }

  return {
    edit,

    async create(draft, by) {
      const metadata = metadataOf(draft)
      const reasons = [...checkMetadata(metadata, rules), ...checkOurs({ ...draft, metadata })]
      if (reasons.length > 0) return { status: 'refused', reasons }
      const made = needsSecret(metadata) ? createSecret(tools) : undefined
      const now = clock()
      const client: Draft<Client> = {
        id: random(16),
        state: 'enabled',
        metadata,
        secrets: made === undefined ? [] : [made.kept],
        firstParty: draft.firstParty === true,
        ...optional(draft),
        origin: 'store',
        createdAt: now,
        updatedAt: now,
      }
      if (!(await store.clients.insert(client))) throw new Error('a random client id was met twice')
      await record('client.created', client.id, by, { name: metadata.client_name ?? '' })
      const created = { status: 'created', client: { ...client, version: 1 } } as const
      return made === undefined ? created : { ...created, secret: made.secret }
    },

    async update(id, change, by) {
      let reasons: readonly string[] = []
      const outcome = await edit(id, (client) => {
        const next = merged(client, change)
        reasons = [...checkMetadata(next.metadata, rules), ...checkOurs(next)]
        return reasons.length === 0 ? next : undefined
      })
      if (reasons.length > 0) return { status: 'refused', reasons }
      if (outcome.status === 'done') await record('client.updated', id, by, { changed: namesIn(change) })
      return outcome
    },

    async addSecret(id, by, { expiresAt } = {}) {
      const { secret, kept } = createSecret(tools, expiresAt)
      let refused: Refused | undefined
      const outcome = await edit(id, (client) => {
        refused = secretRefusal(client)
        return refused === undefined ? { ...client, secrets: [...client.secrets, kept] } : undefined
      })
      if (outcome.status !== 'done') return outcome
      if (refused !== undefined) return refused
      await record('client.secret-added', id, by, { secretId: kept.id })
      return { status: 'added', secret, id: kept.id }
    },

    async listSecrets(id) {
      const client = declared.get(id) ?? (await store.clients.get(id))
      return client?.secrets.map(({ hash: _hash, ...shown }) => shown)
    },

    async removeSecret(id, secretId, by) {
      let existed = false
      const outcome = await edit(id, (client) => {
        const secrets = client.secrets.filter((secret) => secret.id !== secretId)
        existed = secrets.length < client.secrets.length
        return existed ? { ...client, secrets } : undefined
      })
      if (outcome.status === 'done' && !existed) return { status: 'unknown' }
      if (outcome.status !== 'done') return outcome
      await record('client.secret-removed', id, by, { secretId })
      return outcome
    },
  }
}

function metadataOf({ metadata, public: isOpen }: ClientDraft): ClientMetadata {
  return completed(isOpen ? { ...metadata, token_endpoint_auth_method: 'none' } : metadata)
}

/** Field by field: nothing else in `change` is looked at. */
function merged(client: Client, change: ClientChange): Client {
  const metadata = completed({
    ...kept(client.metadata, change.metadata),
    ...change.metadata,
  } as ClientMetadata)
  const { allowedGroups: _groups, pkceExempt: _exempt, unverified: _unverified, ...rest } = client
  const groups =
    change.allowedGroups === undefined ? client.allowedGroups : (change.allowedGroups ?? undefined)
  return {
    ...rest,
    metadata,
    // A client that stops using secrets must not be able to come back with an old one.
    secrets: needsSecret(metadata) ? client.secrets : [],
    firstParty: change.firstParty ?? client.firstParty,
    ...optional({ ...client, ...defined(change), allowedGroups: groups }),
  }
}

/** A client that becomes public cannot act for itself any more: asking to say so as well would be a riddle. */
function kept(before: ClientMetadata, change: ClientChange['metadata'] = {}): ClientMetadata {
  if (change.token_endpoint_auth_method !== 'none' || before.grant_types === undefined) return before
  return { ...before, grant_types: before.grant_types.filter((grant) => grant !== 'client_credentials') }
}

type Ours = Pick<ClientDraft, 'pkceExempt' | 'unverified'> & {
  readonly allowedGroups?: readonly string[] | undefined
}

function optional({
  allowedGroups,
  pkceExempt,
  unverified,
}: Ours): Pick<Client, 'allowedGroups' | 'pkceExempt' | 'unverified'> {
  return {
    ...(allowedGroups === undefined ? {} : { allowedGroups: [...new Set(allowedGroups)] }),
    ...(pkceExempt === true ? { pkceExempt } : {}),
    ...(unverified === true ? { unverified } : {}),
  }
}

function defined({ pkceExempt, unverified }: ClientChange): Pick<ClientDraft, 'pkceExempt' | 'unverified'> {
  return {
    ...(pkceExempt === undefined ? {} : { pkceExempt }),
    ...(unverified === undefined ? {} : { unverified }),
  }
}

function checkOurs({
  metadata,
  pkceExempt,
  allowedGroups,
}: Pick<Client, 'metadata'> & Ours): readonly string[] {
  const groups: unknown = allowedGroups
  return [
    ...(pkceExempt === true && isPublic({ metadata })
      ? ['pkceExempt is not for public clients (S256 is all they have)']
      : []),
    ...(groups === undefined ||
    (Array.isArray(groups) && groups.every((name) => typeof name === 'string' && name !== ''))
      ? []
      : ['allowedGroups must be a list of group names']),
  ]
}

function secretRefusal({ metadata, secrets }: Client): Refused | undefined {
  if (!needsSecret(metadata))
    return { status: 'refused', reasons: ['The client does not authenticate with a secret.'] }
  if (secrets.length < mostSecrets) return undefined
  return { status: 'refused', reasons: [`The client has ${mostSecrets} secrets already; remove one first.`] }
}

function namesIn({ metadata, ...ours }: ClientChange): readonly string[] {
  return [...Object.keys(metadata ?? {}), ...Object.keys(ours)]
}
