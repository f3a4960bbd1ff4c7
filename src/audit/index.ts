// Owns the memory of who did what, to whom, from where, with what result: append-only, newest first.
// Personal fields are sealed under a key per identity (what concerns nobody: under one system key); `forget` destroys the key, the entries stay.
// It does not decide what is worth recording: every service says so itself, through ports/audit-log.ts.
import type { AuditEntry, AuditEvent } from '../domain/audit-event.ts'
import type { AuditLog, AuditProof, AuditQuery, AuditStories } from '../ports/audit-log.ts'
import type { StoredAuditEntry } from '../ports/audit-row.ts'
import type { Places } from '../ports/places.ts'
import type { Page } from '../ports/storage.ts'
import type { Store } from '../ports/store.ts'
import { createChain } from './chain.ts'
import { createPersonalKeys, type PersonalKeysTools } from './personal-keys.ts'
import { withoutSecrets } from './secret-guard.ts'
import { readStory, storiesOf } from './story.ts'
import { verifyChains } from './verification.ts'

export interface AuditTools extends PersonalKeysTools {
  readonly store: Pick<Store, 'audit' | 'identityKeys'>
  /** Absent: the country is not recorded. */
  readonly places?: Places
}

/** Erasure: for whoever deletes an identity. */
export interface AuditEraser {
  /** Makes the personal fields of everything about the identity unreadable for ever, later entries included. */
  forget(identityId: string): Promise<void>
}

/** Owner of the key for events that concern no identity. Never an identity id: those are 22 characters. */
const nobody = 'system'
/** Pages read for one answer when a second filter drops most of what the index gives. */
const scans = 50

export function createAuditLog(tools: AuditTools): AuditLog & AuditStories & AuditEraser & AuditProof {
  const { store, vault, clock, places } = tools
  const keys = createPersonalKeys(tools)
  const chain = createChain(tools)
  const nextId = createEntryIds(tools)

  /** The key under which personal fields are sealed; undefined when there are none, or their owner was erased. */
  async function keyFor(event: AuditEvent): Promise<string | undefined> {
    const { personal } = event
    if (personal === undefined || Object.keys(personal).length === 0) return undefined
    // What is recorded on behalf of somebody who proved nothing takes one read, whether or not it concerns anybody (S32).
    return keys.of(ownerOf(event), { create: true, always: event.actor.kind === 'system' })
  }

  async function readBack(row: StoredAuditEntry): Promise<AuditEntry> {
    const {
      sealed: box,
      version: _version,
      expiresAt: _expiresAt,
      stories: _stories,
      link: _link,
      ...clear
    } = row
    const key = box === undefined ? undefined : await keys.of(ownerOf(row))
    if (key === undefined || box === undefined) return clear as AuditEntry
    return { ...clear, personal: opened(key, box, row.id) } as AuditEntry
  }

  /** An altered entry must not hide the others: it says so itself. */
  function opened(key: string, box: string, id: string): AuditEvent['personal'] {
    try {
      return JSON.parse(vault.open(purposeOf(key), box, id))
    } catch {
      return { unreadable: 'altered' }
    }
  }

  async function readPage({ items, next }: Page<StoredAuditEntry>): Promise<Page<AuditEntry>> {
    const entries = await Promise.all(items.map(readBack))
    return next === undefined ? { items: entries } : { items: entries, next }
  }

  return {
    async record(event) {
      const guarded = withoutSecrets(withOrigin(event, places))
      const { personal, ...clear } = guarded
      const key = await keyFor(guarded)
      // Also for what concerns nobody: how long it takes does not tell (S32).
      const stories = storiesOf(event.identityId ?? nobody, event)
      await chain.append(() => {
        const id = nextId()
        const box =
          key === undefined ? {} : { sealed: vault.seal(purposeOf(key), JSON.stringify(personal), id) }
        return { ...withoutUndefined(clear), ...stories, ...box, id, at: clock() }
      })
    },
    list: async (query) => readPage(await matching(store, query)),
    story: async (query) => readPage(await readStory(store, query)),
    async entry(identityId, id) {
      const row = await store.audit.get(id)
      return row?.identityId === identityId ? readBack(row) : undefined
    },
    forget: (identityId) => keys.destroy(identityId),
    verify: ({ noted } = {}) => verifyChains(tools, noted),
  }
}

/** The vault's key for it comes from its root key and the owner's: without either of them nothing opens. */
function purposeOf(key: string): string {
  return `audit-personal ${key}`
}

/** Whose key seals the personal fields: of whom it is about, else of who did it. */
function ownerOf({ identityId, actor }: Pick<StoredAuditEntry, 'identityId' | 'actor'>): string {
  return identityId ?? (actor.kind === 'identity' ? actor.id : undefined) ?? nobody
}

/** Where the actor came from is personal; the trace is the event's. */
function withOrigin(event: AuditEvent, places: Places | undefined): AuditEvent {
  const { address, userAgent, traceId, ...actor } = event.actor
  const country = address === undefined ? undefined : places?.find(address)?.country
  const personal = withoutUndefined({ address, country, userAgent, ...event.personal }) as Record<
    string,
    string
  >
  const trace = event.traceId ?? traceId
  return { ...event, actor, personal, ...(trace === undefined ? {} : { traceId: trace }) }
}

/**
 * Time first, so that ids sort as events happened: 48 bits of milliseconds, a count within one, 64 random bits against other processes. They ascend
 * also while the clock is set back: a chain is read in the order of its ids.
 */
function createEntryIds({ clock, random }: Pick<AuditTools, 'clock' | 'random'>): () => string {
  let last = 0
  let count = 0
  return () => {
    const now = clock()
    count = now > last ? 0 : count + 1
    last = Math.max(now, last)
    if (count > 0xffff) [last, count] = [last + 1, 0]
    return `${last.toString(16).padStart(12, '0')}${count.toString(16).padStart(4, '0')}${random(8)}`
  }
}

/** One filter goes through an index, the others over what it gives; a page may be short although there is a next one. */
async function matching(store: AuditTools['store'], query: AuditQuery): Promise<Page<StoredAuditEntry>> {
  const filters = (['identityId', 'clientId', 'action'] as const).filter((name) => query[name] !== undefined)
  const [index] = filters
  const where = index === undefined ? {} : { where: { index, value: String(query[index]) } }
  const items: StoredAuditEntry[] = []
  let after = query.after
  for (let scan = 0; scan < scans; scan += 1) {
    const page = await store.audit.page({
      ...where,
      ...(after === undefined ? {} : { after }),
      limit: query.limit - items.length,
      descending: true,
    })
    items.push(...page.items.filter((row) => filters.every((name) => row[name] === query[name])))
    after = page.next
    if (after === undefined || items.length >= query.limit) break
  }
  return after === undefined ? { items } : { items, next: after }
}

function withoutUndefined<Fields extends object>(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Fields
}
