// Owns the shape in which the library reaches what is stored: one adapter per model, sessions apart. What must be won by exactly one
// is decided in one-time.ts, refresh.ts and sessions.ts, which override the models; the adapter alone already never un-spends anything.
import type { Adapter, AdapterPayload } from 'oidc-provider'
import { errors } from 'oidc-provider'
import type { Clock } from '../ports/clock.ts'
import type { Store } from '../ports/store.ts'
import type { Digest, Vault } from '../ports/vault.ts'
import { type ArtifactDeps, type Artifacts, createArtifacts } from './artifacts.ts'
import type { SessionSettings } from './session-limits.ts'
import type { SessionPayload } from './session-merge.ts'
import { createSessionRows, type SessionRows, type StoredSession } from './session-rows.ts'

export interface AdapterDeps {
  readonly store: Pick<Store, 'artifacts' | 'sessions' | 'replays'>
  readonly vault: Vault
  readonly digest: Digest
  readonly clock: Clock
  /** `Config['lifetimes']` */
  readonly settings: SessionSettings & ArtifactDeps['settings']
}

/** What the library asks for by model name. Stateless: every process and every Provider instance may have its own. */
export function createAdapterFactory(deps: AdapterDeps): (model: string) => Adapter {
  const artifacts = createArtifacts(deps)
  const sessions = createSessionRows(deps)
  return (model) => (model === 'Session' ? sessionAdapter(sessions) : artifactAdapter(model, artifacts))
}

function artifactAdapter(model: string, artifacts: Artifacts): Adapter {
  return {
    find: (id) => artifacts.find(model, id),
    findByUserCode: (userCode) => artifacts.findByUserCode(model, userCode),
    findByUid: async () => undefined,
    upsert: (id, payload, expiresIn) => artifacts.save(model, id, payload, expiresIn),
    async consume(id) {
      const row = await artifacts.row(model, id)
      const spent = row && (await artifacts.spend(row))
      if (!spent?.won) throw new errors.InvalidGrant(`${model} already used`)
    },
    async destroy(id) {
      await artifacts.remove(model, id)
    },
    // The library asks this of each model of the family in turn; the first call deletes for all.
    revokeByGrantId: (grantId) => artifacts.removeMembers(grantId),
  }
}

function sessionAdapter(sessions: SessionRows): Adapter {
  return {
    find: async (id) => payloadOf(await sessions.byId(id)),
    findByUid: async (uid) => payloadOf(await sessions.byUid(uid)),
    findByUserCode: async () => undefined,
    async upsert(_, payload) {
      const mine = payload as unknown as SessionPayload
      await sessions.write(mine, await sessions.byUid(mine.uid))
    },
    consume: async () => undefined,
    destroy: (id) => sessions.unlink(id),
    revokeByGrantId: async () => undefined,
  }
}

const origins = new WeakMap<object, StoredSession>()

/** The stored session that a payload came from. */
export function sessionOf(payload: object): StoredSession | undefined {
  return origins.get(payload)
}

function payloadOf(session: StoredSession | undefined): AdapterPayload | undefined {
  if (session === undefined) return undefined
  // The library changes what it is given in place; what was read must stay to be compared with.
  const payload: AdapterPayload = JSON.parse(JSON.stringify(session.payload))
  origins.set(payload, session)
  return payload
}
