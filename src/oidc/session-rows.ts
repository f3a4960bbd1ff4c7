// Owns the rows of sessions: one per `uid`, found by a digest of the id that the cookie carries, changed by compare-and-set only,
// ended by a tombstone that no later save passes. What the library's Session does with them is sessions.ts; who may end them session-registry.ts.
import { isDeepStrictEqual } from 'node:util'
import { Problem } from '../domain/problem.ts'
import type { Duration, Instant } from '../domain/time.ts'
import { day, minute, second } from '../domain/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { SessionRow, Store } from '../ports/store.ts'
import type { Digest, Vault } from '../ports/vault.ts'
import { absoluteEnd, idleLimit, type SessionSettings } from './session-limits.ts'
import { mergeSession, type SessionPayload } from './session-merge.ts'

export interface SessionRowsDeps {
  readonly store: Pick<Store, 'sessions' | 'artifacts'>
  readonly vault: Vault
  readonly digest: Digest
  readonly clock: Clock
  readonly settings: SessionSettings
}

/** Where a person signed in, to recognise the session by; sealed in the row. */
export interface SignInPlace {
  readonly userAgent?: string
  readonly address?: string
  /** The browser, the process and the credentials that it came of: `SessionSource`. */
  readonly browser?: string
  readonly process?: string
  readonly credentials?: readonly string[]
  /** By which ways it was proved, for people to read. */
  readonly factors?: readonly string[]
}

/** A session that was read: its row, opened. */
export interface StoredSession {
  readonly row: SessionRow
  readonly payload: SessionPayload
  readonly place?: SignInPlace
}

export type Written =
  /** `ownsId`: the id in the caller's cookie is the one that is stored now. */
  | { readonly status: 'saved'; readonly session: StoredSession; readonly ownsId: boolean }
  | { readonly status: 'ended' }

export interface SessionRows {
  /** The living session under the id of a cookie; undefined when unknown, ended, idle for too long or past its absolute end. */
  byId(id: string): Promise<StoredSession | undefined>
  byUid(uid: string): Promise<StoredSession | undefined>
  /** The living sessions of an identity, all of them: whoever ends them must not leave one behind. */
  ofIdentity(identityId: string): Promise<readonly StoredSession[]>
  /**
   * Inserts, or merges a change into what is stored now; `base` is what the caller had read. Never revives an ended session.
   * `signIn` says that the person just proved themselves, and where: no id that was used before reaches the session from then on.
   */
  write(mine: SessionPayload, base?: StoredSession, signIn?: SignInPlace): Promise<Written>
  /** Applies `change` to the living session by compare-and-set; false when it is over. */
  change(uid: string, change: (session: StoredSession) => Omit<StoredSession, 'row'>): Promise<boolean>
  /** Leaves a tombstone. Answers the session as it was to exactly one caller, undefined to all others. */
  end(uid: string): Promise<StoredSession | undefined>
  /** Whoever proved themselves as this identity before now, and has no session yet, gets none. */
  voidSignIns(identityId: string): Promise<void>
  /** The same for what came of one process, as long as it is this identity's. */
  voidProcess(identityId: string, process: string): Promise<void>
  /** Counts as use; written at most once a minute. */
  touch(uid: string): Promise<void>
  /** The cookie's id finds the session no more; the session lives on. */
  unlink(id: string): Promise<void>
}

const purpose = 'session'
const formerPurpose = 'former-session'

/**
 * For this long the id before a rotation still finds the session, so that requests that left the browser together with the one that rotated it work.
 * Only when the rotation was not a sign-in or step-up: an id planted or stolen before one never reaches what was proved after it (session fixation).
 */
const formerIdLifetime = 10 * second

// Rows and tombstones outlive the session by more than a clock may jump: one that was seen to be over is not revived by a clock set back.
const kept = day

// Every racer but one reads again per round; far more racers than a browser has requests in flight means something is wrong.
const mostTries = 100

/** Stateless: processes and Provider instances share what is stored. */
export function createSessionRows(deps: SessionRowsDeps): SessionRows {
  const { vault, digest, clock, settings } = deps
  const { sessions, artifacts } = deps.store

  function open(row: SessionRow): StoredSession {
    return { row, ...(JSON.parse(vault.open(purpose, row.sealed, row.id)) as Omit<StoredSession, 'row'>) }
  }

  function made(session: Omit<StoredSession, 'row'>, before?: SessionRow, used = true): StoredSession {
    const { uid, jti, accountId } = session.payload
    const id = digest(uid)
    const now = clock()
    const signsIn = accountId !== undefined && before?.identityId !== accountId
    const startedAt = before === undefined || signsIn ? now : before.startedAt
    const end = absoluteEnd(session.payload, startedAt, settings)
    const payload = { ...session.payload, exp: Math.floor(end / second) }
    const content = { payload, ...placeOf(session.place) }
    const row: SessionRow = {
      id,
      version: before?.version ?? 0,
      alias: digest(jti),
      sealed: vault.seal(purpose, JSON.stringify(content), id),
      ...(accountId === undefined ? {} : { identityId: accountId }),
      startedAt,
      lastSeenAt: before === undefined ? now : used ? Math.max(now, before.lastSeenAt) : before.lastSeenAt,
      absoluteEnd: end,
      expiresAt: end + kept,
    }
    return { ...content, row }
  }

  async function store(session: StoredSession): Promise<StoredSession | undefined> {
    if (!(await sessions.replace(session.row))) return undefined
    return { ...session, row: { ...session.row, version: session.row.version + 1 } }
  }

  /** A session that was once found to be over stays over when the clock goes back: seeing it writes the tombstone. */
  async function living(row: SessionRow | undefined): Promise<StoredSession | undefined> {
    if (row === undefined || row.endedAt !== undefined) return undefined
    const session = open(row)
    const now = clock()
    const unused = now - row.lastSeenAt
    if (unused < idleLimit(session.payload, settings) && now < row.absoluteEnd) return session
    await sessions.replace(tombstone(row, now))
    return undefined
  }

  async function current(uid: string): Promise<StoredSession | undefined> {
    return living(await sessions.get(digest(uid)))
  }

  async function byFormerId(id: string): Promise<StoredSession | undefined> {
    const key = formerKey(id)
    const former = await artifacts.get(key)
    if (former === undefined) return undefined
    const { uid, successor } = JSON.parse(vault.open(formerPurpose, former.sealed, key))
    const session = await current(uid)
    return session?.row.alias === successor ? session : undefined
  }

  const formerKey = (id: string) => `FormerSession:${digest(id)}`

  async function keepFormer({ jti, uid }: SessionPayload, successor: string): Promise<void> {
    const key = formerKey(jti)
    const sealed = vault.seal(formerPurpose, JSON.stringify({ uid, successor: digest(successor) }), key)
    await artifacts.put({ id: key, sealed, expiresAt: clock() + formerIdLifetime })
  }

  async function insert(payload: SessionPayload, place?: SignInPlace): Promise<Written> {
    const session = made({ payload, ...placeOf(place) })
    await sessions.insert(session.row)
    return { status: 'saved', session: { ...session, row: { ...session.row, version: 1 } }, ownsId: true }
  }

  async function merge(mine: SessionPayload, base: StoredSession, signIn?: SignInPlace): Promise<Written> {
    const signsIn = signIn !== undefined
    let before: StoredSession | undefined = base
    for (let tries = 0; tries < mostTries; tries++) {
      if (before === undefined) return { status: 'ended' }
      const merged = mergeSession(base.payload, mine, before.payload)
      const payload = { ...merged, jti: idOf(mine, base.payload, before.payload, signsIn) }
      const ownsId = payload.jti === mine.jti
      if (recentlySeen(before) && isDeepStrictEqual(payload, before.payload)) {
        return { status: 'saved', session: before, ownsId }
      }
      if (payload.jti !== before.payload.jti && !signsIn) await keepFormer(before.payload, payload.jti)
      // Where and with what somebody proved themselves belongs to the sign-in that counts, ours or a later one.
      const place = signsIn && payload.loginTs === mine.loginTs ? signIn : before.place
      const session = await store(made({ payload, ...placeOf(place) }, before.row))
      if (session !== undefined) return { status: 'saved', session, ownsId }
      before = await current(base.payload.uid)
    }
    throw new Problem('busy', { retryAfter: 1 })
  }

  function recentlySeen({ row, payload }: StoredSession): boolean {
    return clock() - row.lastSeenAt < touchPause(idleLimit(payload, settings))
  }

  async function change(uid: string, make: (session: StoredSession) => Omit<StoredSession, 'row'>) {
    for (let tries = 0; tries < mostTries; tries++) {
      const session = await current(uid)
      if (session === undefined) return false
      if (await store(made(make(session), session.row, false))) return true
    }
    throw new Problem('busy', { retryAfter: 1 })
  }

  async function end(uid: string): Promise<StoredSession | undefined> {
    for (;;) {
      const row = await sessions.get(digest(uid))
      if (row === undefined || row.endedAt !== undefined) return undefined
      if (await sessions.replace(tombstone(row, clock()))) return open(row)
    }
  }

  const voidKey = (whose: string) => `SignOut:${digest(whose)}`

  async function markVoid(whose: string): Promise<void> {
    const expiresAt = clock() + kept
    await artifacts.put({ id: voidKey(whose), sealed: '', consumedAt: clock(), expiresAt })
  }

  /** Looked up after the session was stored: "sign out everywhere" writes first and lists then, so one of the two sees the other. */
  async function unlessVoid(
    written: Extract<Written, { status: 'saved' }>,
    { process }: SignInPlace,
  ): Promise<Written> {
    const { uid, accountId = '', loginTs = 0 } = written.session.payload
    const [mark, ofProcess] = await Promise.all([
      artifacts.get(voidKey(accountId)),
      process === undefined ? undefined : artifacts.get(voidKey(`${accountId} ${process}`)),
    ])
    // `loginTs` is cut to seconds; a sign-in of the same second counts as the later one.
    const before = mark?.consumedAt !== undefined && (loginTs + 1) * second <= mark.consumedAt
    if (!before && ofProcess === undefined) return written
    await end(uid)
    return { status: 'ended' }
  }

  return {
    async byId(id) {
      const [row] = await sessions.findBy('alias', digest(id))
      return row === undefined ? byFormerId(id) : living(row)
    },
    byUid: current,
    async ofIdentity(identityId) {
      const query = { where: { index: 'identityId', value: identityId }, limit: 1_000 }
      const found: (StoredSession | undefined)[] = []
      for (let after: string | undefined; ; ) {
        const page = await sessions.page(after === undefined ? query : { ...query, after })
        found.push(...(await Promise.all(page.items.map(living))))
        if (page.next === undefined) return found.filter((session) => session !== undefined)
        after = page.next
      }
    },
    async write(mine, base, signIn) {
      const written = base === undefined ? await insert(mine, signIn) : await merge(mine, base, signIn)
      return written.status === 'saved' && signIn !== undefined ? unlessVoid(written, signIn) : written
    },
    change,
    end,
    voidSignIns: markVoid,
    voidProcess: (identityId, process) => markVoid(`${identityId} ${process}`),
    async touch(uid) {
      const session = await current(uid)
      if (session === undefined || recentlySeen(session)) return
      // Losing this race means that somebody else wrote, which counts as use as well.
      await sessions.replace({ ...session.row, lastSeenAt: clock() })
    },
    async unlink(id) {
      const [row] = await sessions.findBy('alias', digest(id))
      if (row === undefined || row.endedAt !== undefined) return
      await sessions.replace({ ...row, alias: '' })
    },
  }
}

/** Whose id the merged session carries: ours when we rotated it first or signed in, else the one stored meanwhile. */
function idOf(mine: SessionPayload, base: SessionPayload, stored: SessionPayload, signsIn: boolean): string {
  const rotated = mine.jti !== base.jti
  return rotated && (signsIn || stored.jti === base.jti) ? mine.jti : stored.jti
}

/** Nothing of the person stays in it; the store drops it at the absolute end, after which no request can still hold the session. */
function tombstone(row: SessionRow, now: Instant): SessionRow {
  const { id, version, startedAt, lastSeenAt, absoluteEnd: end, expiresAt } = row
  return {
    id,
    version,
    alias: '',
    sealed: '',
    startedAt,
    lastSeenAt,
    absoluteEnd: end,
    endedAt: now,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  }
}

function touchPause(idle: Duration): Duration {
  return Math.min(minute, idle / 10)
}

function placeOf(place: SignInPlace | undefined): { place?: SignInPlace } {
  return place === undefined ? {} : { place }
}
