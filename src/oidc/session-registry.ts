// Owns ending what an authentication result turned into, from outside the protocol: the portal, the console, suspension, a changed password.
// First the tombstone or the Grant, then what hangs on it: a request in flight then finds its root gone, whatever it still saves.
import { second } from '../domain/time.ts'
import type { ActiveSession, SessionRegistry, SessionSource } from '../ports/session-registry.ts'
import type { Store } from '../ports/store.ts'
import type { Artifacts, GrantOf } from './artifacts.ts'
import { grantsOf } from './session-merge.ts'
import type { SessionRows, SignInPlace, StoredSession } from './session-rows.ts'
import { endGrants } from './sessions.ts'

export interface SessionRegistryDeps {
  readonly store: Pick<Store, 'artifacts'>
  readonly sessions: SessionRows
  readonly artifacts: Artifacts
  /** Called once per session that is over, after its tokens are: audit, and back-channel logout of the clients named. */
  readonly onEnded: (session: EndedSession) => Promise<void>
  /** Called when clients lost what they had from a session that goes on: back-channel logout of the clients named. */
  readonly onForgotten: (session: EndedSession) => Promise<void>
}

export interface EndedSession {
  readonly uid: string
  readonly identityId: string
  readonly clients: readonly { readonly clientId: string; readonly sid?: string }[]
}

export interface OidcSessionRegistry extends SessionRegistry {
  /** Counts as use of the session, written at most once a minute. */
  touch(uid: string): Promise<void>
  /** Remembers where the session was signed in, if it lives. */
  noteVisit(uid: string, place: SignInPlace): Promise<void>
}

/** Stateless; any process may end a session that another one serves. Throws as the store does: then nothing is promised, call again. */
export function createSessionRegistry(deps: SessionRegistryDeps): OidcSessionRegistry {
  const { sessions, artifacts, onEnded, onForgotten } = deps

  async function endSession(session: StoredSession): Promise<boolean> {
    const ended = await sessions.end(session.payload.uid)
    if (ended === undefined) return false
    await endGrants(Object.values(ended.payload.authorizations ?? {}), artifacts)
    await onEnded(describeEnded(ended))
    return true
  }

  async function endOf(identityId: string, source: SessionSource): Promise<number> {
    const { uid, process } = source
    if (process !== undefined) await sessions.voidProcess(identityId, process)
    const living = (await sessions.ofIdentity(identityId)).filter((session) => comesOf(session, source))
    // Before they end: what hangs on them is found by them.
    const uids = new Set([...living.map(({ payload }) => payload.uid), ...(uid === undefined ? [] : [uid])])
    const offline = await Promise.all([...uids].map((each) => artifacts.grantsOfSession(identityId, each)))
    const ended = await Promise.all(living.map(endSession))
    await Promise.all(offline.flat().map((grantId) => artifacts.endFamily(grantId)))
    return ended.filter(Boolean).length
  }

  async function endAll(identityId: string, options: { readonly except?: string } = {}): Promise<number> {
    // A sign-in that is about to become a session either sees this or is in the list.
    await sessions.voidSignIns(identityId)
    const living = await sessions.ofIdentity(identityId)
    const kept = living.find(({ payload }) => payload.uid === options.except)
    const ended = await Promise.all(living.filter((session) => session !== kept).map(endSession))
    const spared = new Set(Object.values(kept?.payload.authorizations ?? {}).flatMap(grantsOf))
    await endFamilies(identityId, ({ grantId }) => !spared.has(grantId ?? ''))
    return ended.filter(Boolean).length
  }

  /** Answers which. */
  async function endFamilies(identityId: string, ends: (grant: GrantOf) => boolean) {
    const ending = (await artifacts.grantsOf(identityId)).filter(ends).flatMap(({ grantId }) => grantId ?? [])
    await Promise.all(ending.map((grantId) => artifacts.endFamily(grantId)))
    return new Set(ending)
  }

  /** Told first: a crash in between tells it twice, when the person tries again, and not never. */
  async function loseClient(session: StoredSession, clientId: string): Promise<void> {
    const { clients, ...ended } = describeEnded(session)
    await onForgotten({ ...ended, clients: clients.filter((one) => one.clientId === clientId) })
    await forgetClient(session, clientId)
  }

  async function forgetClient(session: StoredSession, clientId: string): Promise<void> {
    await sessions.change(session.payload.uid, ({ payload, place }) => {
      const { [clientId]: _, ...authorizations } = payload.authorizations ?? {}
      return { payload: { ...payload, authorizations }, ...(place === undefined ? {} : { place }) }
    })
  }

  return {
    async list(identityId) {
      return (await sessions.ofIdentity(identityId)).map(describe)
    },
    async end(identityId, uid) {
      const session = await sessions.byUid(uid)
      if (session?.payload.accountId !== identityId) return false
      return endSession(session)
    },
    endOf,
    endAll,
    async endGrants(identityId, clientId, { carrying } = {}) {
      const ended = await endFamilies(
        identityId,
        (grant) =>
          grant.clientId === clientId &&
          (carrying === undefined || grant.names.some((name) => carrying.includes(name))),
      )
      const holding = (await sessions.ofIdentity(identityId)).filter(({ payload }) => {
        const held = payload.authorizations?.[clientId]
        if (held === undefined || carrying === undefined) return held !== undefined
        return grantsOf(held).some((grantId) => ended.has(grantId))
      })
      await Promise.all(holding.map((session) => loseClient(session, clientId)))
    },
    async held(identityId) {
      return (await artifacts.grantsOf(identityId)).flatMap(({ clientId, names }) =>
        clientId === undefined ? [] : [{ clientId, names }],
      )
    },
    async endClient(clientId) {
      // Its Grants and its own tokens; what hangs on the Grants is dead, and goes when it expires.
      await deps.store.artifacts.removeBy('clientId', clientId)
    },
    touch: (uid) => sessions.touch(uid),
    async noteVisit(uid, place) {
      await sessions.change(uid, ({ payload }) => ({ payload, place }))
    },
  }
}

function comesOf({ payload, place }: StoredSession, source: SessionSource): boolean {
  const { uid, process, browser, credential } = source
  return (
    (uid !== undefined && payload.uid === uid) ||
    (process !== undefined && place?.process === process) ||
    (browser !== undefined && place?.browser === browser) ||
    (credential !== undefined && place?.credentials?.includes(credential) === true)
  )
}

function describeEnded({ payload }: StoredSession): EndedSession {
  const clients = Object.entries(payload.authorizations ?? {}).map(([clientId, { sid }]) => ({
    clientId,
    ...(sid === undefined ? {} : { sid }),
  }))
  return { uid: payload.uid, identityId: payload.accountId ?? '', clients }
}

function describe({ row, payload, place }: StoredSession): ActiveSession {
  const { uid, accountId = '', loginTs = 0, acr, amr = [], authorizations = {} } = payload
  return {
    uid,
    identityId: accountId,
    startedAt: row.startedAt,
    lastSeenAt: row.lastSeenAt,
    authTime: loginTs * second,
    ...(acr === undefined ? {} : { acr }),
    amr,
    ...(place?.userAgent === undefined ? {} : { userAgent: place.userAgent }),
    ...(place?.address === undefined ? {} : { address: place.address }),
    ...(place?.factors === undefined ? {} : { factors: place.factors }),
    ...(place?.browser === undefined ? {} : { browser: place.browser }),
    ...(place?.process === undefined ? {} : { process: place.process }),
    clientIds: Object.keys(authorizations),
  }
}
