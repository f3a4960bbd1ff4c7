/** What is kept about a person, read for them alone: each kind of thing is a section of the document that they download. */
import type { Devices } from '../authentication/devices.ts'
import type { Enrolments } from '../authentication/enrolment.ts'
import type { TrustedDevices } from '../authentication/trusted-devices.ts'
import type { Consents } from '../clients/consents.ts'
import type { Clients } from '../clients/index.ts'
import type { AuditEntry } from '../domain/audit-event.ts'
import { clientName } from '../domain/client.ts'
import type { Instant } from '../domain/time.ts'
import type { ExportItem, ExportSection } from '../identities/export/pieces.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { IdentityDirectory } from '../ports/identity-directory.ts'
import type { SessionRegistry } from '../ports/session-registry.ts'
import type { Store } from '../ports/store.ts'
import type { Contacts } from '../recovery/contacts/index.ts'

export interface PersonalSources {
  readonly store: Pick<Store, 'disclosures' | 'recoveries' | 'cases' | 'pictures'>
  readonly identities: IdentityDirectory
  readonly enrolments: Pick<Enrolments, 'list'>
  readonly devices: Pick<Devices, 'of'>
  readonly trustedDevices: Pick<TrustedDevices, 'list'>
  readonly contacts: Pick<Contacts, 'list' | 'roles'>
  readonly consents: Pick<Consents, 'list'>
  readonly clients: Pick<Clients, 'find'>
  readonly sessions: () => Pick<SessionRegistry, 'list'>
  readonly audit: AuditLog
}

/** In the order of the document. */
export function sectionsOf(from: PersonalSources): readonly ExportSection[] {
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
    list('recoveries', (id) => recoveries(from, id)),
    list('recovery_cases', (id) => cases(from, id)),
    list('pictures', (id) => pictures(from, id)),
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

async function account({ identities }: PersonalSources, id: string): Promise<ExportItem> {
  const identity = await identities.get(id)
  if (identity === undefined) return {}
  const { state, groups, roles, createdAt, updatedAt, deletion } = identity
  const deleted_at = deletion === undefined ? undefined : iso(deletion.dueAt)
  return { id, state, created_at: iso(createdAt), updated_at: iso(updatedAt), groups, roles, deleted_at }
}

async function identifiers({ identities }: PersonalSources, id: string): Promise<readonly ExportItem[]> {
  const own = (await identities.get(id))?.identifiers ?? []
  return own.map(({ kind, value, written, verifiedAt }) => ({
    kind,
    written,
    compared_as: value,
    proved_at: isoOf(verifiedAt),
  }))
}

/** As their owner sees them: what proves them (hashes, keys, seeds) is a secret and stays here. */
async function ways({ enrolments }: PersonalSources, id: string): Promise<readonly ExportItem[]> {
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

async function devices(from: PersonalSources, id: string): Promise<readonly ExportItem[]> {
  const known = await from.devices.of(id)
  return known.map(({ userAgent, firstSeenAt, lastSeenAt }) => ({
    browser: userAgent,
    first_seen_at: iso(firstSeenAt),
    last_seen_at: iso(lastSeenAt),
  }))
}

async function trusted({ trustedDevices }: PersonalSources, id: string): Promise<readonly ExportItem[]> {
  const own = await trustedDevices.list(id)
  return own.map(({ userAgent, trustedAt, lastSeenAt, until }) => ({
    browser: userAgent,
    trusted_at: iso(trustedAt),
    last_seen_at: iso(lastSeenAt),
    trusted_until: iso(until),
  }))
}

async function contacts({ contacts: circles }: PersonalSources, id: string): Promise<readonly ExportItem[]> {
  const own = await circles.list(id)
  return own.map(({ typed, standing, until }) => ({ name: typed, standing, until: iso(until) }))
}

/** Whoever they are a contact of is somebody else: as they are shown to this person. */
async function vouchesFor(
  { contacts: circles }: PersonalSources,
  id: string,
): Promise<readonly ExportItem[]> {
  const roles = await circles.roles(id)
  return roles.map(({ person, mailbox, accepted, since }) => ({
    name: person,
    identifier: mailbox,
    standing: accepted ? 'counts' : 'invited',
    at: iso(since),
  }))
}

async function sessions({ sessions: registry }: PersonalSources, id: string): Promise<readonly ExportItem[]> {
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

async function applications(from: PersonalSources, id: string): Promise<readonly ExportItem[]> {
  const { consents, clients, store } = from
  const allowed = await consents.list(id)
  const given = await store.disclosures.findBy('identityId', id)
  return Promise.all(
    allowed.map(async ({ clientId, scopes, claims, resources, refused, grantedAt, expiresAt }) => {
      const client = await clients.find(clientId)
      const last = given.find((one) => one.clientId === clientId)
      return {
        client_id: clientId,
        name: client === undefined ? undefined : clientName(client),
        scopes,
        claims,
        resources,
        refused,
        allowed_at: iso(grantedAt),
        asked_again_after: iso(expiresAt),
        last_given: last?.names,
        last_given_at: isoOf(last?.at),
      }
    }),
  )
}

/** The last one, and those before it that are still known. What was said and shown in them stays with those who review. */
async function recoveries({ store }: PersonalSources, id: string): Promise<readonly ExportItem[]> {
  const row = await store.recoveries.get(id)
  if (row === undefined) return []
  const { reference, origin, state, level, startedAt, dueAt, endedAt, past } = row
  const last = { id: reference, origin, state, level, dueAt, startedAt, endedAt }
  return [last, ...past].map(({ startedAt: started, endedAt: ended, ...one }) => {
    const { dueAt: due, ...rest } = one as typeof one & { readonly dueAt?: Instant }
    return { ...rest, started_at: iso(started), due_at: isoOf(due), ended_at: isoOf(ended) }
  })
}

/** Without who reviewed, and without what whoever opened it wrote: that may have been somebody else. */
async function cases({ store }: PersonalSources, id: string): Promise<readonly ExportItem[]> {
  const own = await store.cases.findBy('identityId', id)
  return own.map(({ id: number, kind, state, reason, openedAt, endsAt, overAt }) => ({
    id: number,
    case: kind,
    state,
    reason,
    opened_at: iso(openedAt),
    ends_at: iso(endsAt),
    ended_at: isoOf(overAt),
  }))
}

/** As it lies at its public address, in base64. */
async function pictures({ store }: PersonalSources, id: string): Promise<readonly ExportItem[]> {
  const own = await store.pictures.findBy('identityId', id)
  return own.map(({ bytes, createdAt }) => ({ created_at: iso(createdAt), jpeg: bytes }))
}

const perPage = 500

async function* activity(
  { audit, clients }: PersonalSources,
  identityId: string,
): AsyncGenerator<ExportItem> {
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
