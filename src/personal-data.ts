/**
 * What is handed to a person who asks for everything that is kept about them, section by section, and what becomes of an account at its end.
 * To add something that is kept: a line in `sections`, its words in views/locales/… /data.json, a line in docs/your-data.md.
 */
import { createPersonalSeal } from './audit/personal-seal.ts'
import type { Devices } from './authentication/devices.ts'
import type { Enrolments } from './authentication/enrolment.ts'
import type { TrustedDevices } from './authentication/trusted-devices.ts'
import type { Consents } from './clients/consents.ts'
import type { Clients } from './clients/index.ts'
import type { AuditEntry } from './domain/audit-event.ts'
import { clientName } from './domain/client.ts'
import type { Instant } from './domain/time.ts'
import { createDeletions, type Deletions, type DeletionsTools } from './identities/deletion.ts'
import { createExports, type Exports, type ExportsTools } from './identities/export.ts'
import type { ExportItem, ExportSection } from './identities/export-pieces.ts'
import type { AuditLog } from './ports/audit-log.ts'
import type { SessionRegistry } from './ports/session-registry.ts'
import type { Contacts } from './recovery/contacts.ts'

interface Sources {
  readonly identities: DeletionsTools['identities']
  readonly enrolments: Pick<Enrolments, 'list'>
  readonly devices: Pick<Devices, 'of'>
  readonly trustedDevices: Pick<TrustedDevices, 'list'>
  readonly contacts: Pick<Contacts, 'list' | 'roles'>
  readonly consents: Pick<Consents, 'list'>
  readonly clients: Pick<Clients, 'find'>
  readonly sessions: () => Pick<SessionRegistry, 'list'>
  readonly audit: AuditLog
}

type Tools = Sources &
  Omit<ExportsTools, 'sections' | 'seal'> &
  DeletionsTools & { readonly store: PersonalStore }
type PersonalStore = ExportsTools['store'] & Parameters<typeof createPersonalSeal>[0]['store']

/** Export and deletion of accounts, with what they need of every service. */
export function createPersonalData(tools: Tools): {
  readonly exports: Exports
  readonly deletions: Deletions
} {
  return {
    exports: createExports({ ...tools, seal: createPersonalSeal(tools), sections: sections(tools) }),
    deletions: createDeletions(tools),
  }
}

/** In the order of the document. */
function sections(from: Sources): readonly ExportSection[] {
  return [
    one('account', (id) => account(from, id)),
    one('profile', async (id) => ({ ...(await from.identities.get(id))?.claims })),
    list('identifiers', (id) => identifiers(from, id)),
    list('ways_to_sign_in', (id) => ways(from, id)),
    list('devices', (id) => devices(from, id)),
    list('trusted_devices', (id) => trusted(from, id)),
    list('trusted_contacts', (id) => contacts(from, id)),
    list('vouches_for', (id) => vouchesFor(from, id)),
    list('sessions', (id) => sessions(from, id)),
    list('applications', (id) => applications(from, id)),
    { name: 'activity', read: (id) => activity(from, id) },
  ]
}

function one(name: string, read: (identityId: string) => Promise<ExportItem>): ExportSection {
  return {
    name,
    single: true,
    async *read(identityId) {
      yield await read(identityId)
    },
  }
}

/** For what there are at most hundreds of. */
function list(name: string, read: (identityId: string) => Promise<readonly ExportItem[]>): ExportSection {
  return {
    name,
    async *read(identityId) {
      yield* await read(identityId)
    },
  }
}

async function account({ identities }: Sources, id: string): Promise<ExportItem> {
  const identity = await identities.get(id)
  if (identity === undefined) return {}
  const { state, groups, roles, createdAt, updatedAt, deletion } = identity
  const deleted_at = deletion === undefined ? undefined : iso(deletion.dueAt)
  return { id, state, created_at: iso(createdAt), updated_at: iso(updatedAt), groups, roles, deleted_at }
}

async function identifiers({ identities }: Sources, id: string): Promise<readonly ExportItem[]> {
  const own = (await identities.get(id))?.identifiers ?? []
  return own.map(({ kind, value, written, verifiedAt }) => ({
    kind,
    written,
    compared_as: value,
    proved_at: isoOf(verifiedAt),
  }))
}

/** As their owner sees them: what proves them (hashes, keys, seeds) is a secret and stays here. */
async function ways({ enrolments }: Sources, id: string): Promise<readonly ExportItem[]> {
  const own = await enrolments.list(id)
  return own.map(({ factor, label, about, channel, createdAt, lastUsedAt }) => ({
    way: factor,
    label,
    ...about?.values,
    channel,
    created_at: iso(createdAt),
    last_used_at: isoOf(lastUsedAt),
  }))
}

async function devices(from: Sources, id: string): Promise<readonly ExportItem[]> {
  const known = await from.devices.of(id)
  return known.map(({ userAgent, firstSeenAt, lastSeenAt }) => ({
    browser: userAgent,
    first_seen_at: iso(firstSeenAt),
    last_seen_at: iso(lastSeenAt),
  }))
}

async function trusted({ trustedDevices }: Sources, id: string): Promise<readonly ExportItem[]> {
  const own = await trustedDevices.list(id)
  return own.map(({ userAgent, trustedAt, lastSeenAt, until }) => ({
    browser: userAgent,
    trusted_at: iso(trustedAt),
    last_seen_at: iso(lastSeenAt),
    trusted_until: iso(until),
  }))
}

async function contacts({ contacts: circles }: Sources, id: string): Promise<readonly ExportItem[]> {
  const own = await circles.list(id)
  return own.map(({ typed, standing, until }) => ({ name: typed, standing, until: iso(until) }))
}

/** Whoever they are a contact of is somebody else: as they are shown to this person. */
async function vouchesFor({ contacts: circles }: Sources, id: string): Promise<readonly ExportItem[]> {
  const roles = await circles.roles(id)
  return roles.map(({ person, mailbox, accepted, since }) => ({
    name: person,
    identifier: mailbox,
    standing: accepted ? 'counts' : 'invited',
    at: iso(since),
  }))
}

async function sessions({ sessions: registry }: Sources, id: string): Promise<readonly ExportItem[]> {
  const living = await registry().list(id)
  return living.map(({ uid, startedAt, lastSeenAt, authTime, acr, amr, userAgent, address, clientIds }) => ({
    id: uid,
    browser: userAgent,
    address,
    started_at: iso(startedAt),
    last_seen_at: iso(lastSeenAt),
    signed_in_at: iso(authTime),
    acr,
    amr,
    client_ids: clientIds,
  }))
}

async function applications({ consents, clients }: Sources, id: string): Promise<readonly ExportItem[]> {
  const allowed = await consents.list(id)
  return Promise.all(
    allowed.map(async ({ clientId, scopes, claims, resources, refused, grantedAt, expiresAt }) => {
      const client = await clients.find(clientId)
      return {
        client_id: clientId,
        name: client === undefined ? undefined : clientName(client),
        scopes,
        claims,
        resources,
        refused,
        allowed_at: iso(grantedAt),
        asked_again_after: iso(expiresAt),
      }
    }),
  )
}

const perPage = 500

async function* activity({ audit, clients }: Sources, identityId: string): AsyncGenerator<ExportItem> {
  const names = new Map<string, string>()
  const nameOf = async (clientId: string) => {
    const client = names.has(clientId) ? undefined : await clients.find(clientId)
    if (!names.has(clientId)) names.set(clientId, client === undefined ? clientId : clientName(client))
    return names.get(clientId)
  }
  for (let after: string | undefined; ; ) {
    const query = { identityId, limit: perPage, ...(after === undefined ? {} : { after }) }
    const { items, next } = await audit.list(query)
    for (const entry of items) {
      const { clientId } = entry
      const application = clientId === undefined ? undefined : await nameOf(clientId)
      yield { ...happened(entry, identityId), application }
    }
    if (next === undefined) return
    after = next
  }
}

/** Who else did something, and from where, is about them and not about this person. */
function happened(entry: AuditEntry, identityId: string): ExportItem {
  const { id, at, action, result, actor, clientId, sessionId, reason, personal, details, traceId } = entry
  const by = actor.kind === 'identity' ? whoOf(actor.id, identityId) : actor.kind
  const theirs = by === 'administrator' || by === 'operator'
  const { address, country, userAgent, ...rest } = personal ?? {}
  return {
    id,
    at: iso(at),
    action,
    result,
    by,
    client_id: clientId,
    session_id: sessionId,
    reason,
    ...(theirs ? {} : { address, country, browser: userAgent }),
    ...(Object.keys(rest).length === 0 ? {} : { about: rest }),
    details,
    trace_id: traceId,
  }
}

function whoOf(actor: string | undefined, identityId: string): 'you' | 'somebody' | 'administrator' {
  if (actor === undefined) return 'somebody'
  return actor === identityId ? 'you' : 'administrator'
}

function iso(at: Instant): string {
  return new Date(at).toISOString()
}

function isoOf(at: Instant | undefined): string | undefined {
  return at === undefined ? undefined : iso(at)
}
