// Owns the keys that sign: made on first use, sealed at rest, shared by all processes, rotated by schedule or by hand without a restart.
// Everything is opened once and kept; requests read what is prepared. Not here: building the Provider from them (provider.ts).
import { createHash } from 'node:crypto'
import type { JWK } from 'jose'
import type { Duration, Instant } from '../domain/time.ts'
import { second } from '../domain/time.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Store, StoredKey } from '../ports/store.ts'
import type { Vault } from '../ports/vault.ts'
import { makeKey, openKey } from './key-material.ts'
import {
  type Algorithm,
  dueAt,
  generationOf,
  type KeyState,
  type ScheduledKey,
  type ScheduleSettings,
  schedule,
} from './key-schedule.ts'

export interface KeyRingDeps {
  readonly store: Pick<Store, 'keys'>
  readonly vault: Vault
  readonly clock: Clock
  readonly log: Logger
  /** Told about scheduled rotations; whoever calls `rotate` records that themselves. */
  readonly audit?: Pick<AuditLog, 'record'>
  /** `Config['keys']` */
  readonly settings: {
    readonly algorithms: readonly Algorithm[]
    readonly rotate_every: Duration
    readonly jwks_max_age: Duration
    readonly poll: Duration
  }
  /** `Config['lifetimes']`: what a retired key may still have to verify. */
  readonly lifetimes: Readonly<
    Record<'id_token' | 'access_token_jwt' | 'session_absolute' | 'session_remembered', Duration>
  >
}

export interface KeyDescription {
  readonly kid: string
  readonly alg: string
  readonly state: KeyState
  readonly createdAt: Instant
  readonly signsFrom: Instant
  /** When a key that signs no more is forgotten. */
  readonly until?: Instant
}

/** The document at `jwks_uri`, ready to be sent. */
export interface PublishedKeys {
  readonly body: Buffer
  readonly etag: string
  /** Seconds, for Cache-Control. */
  readonly maxAge: number
}

export interface KeyRing {
  /** For `new Provider`: private keys, per algorithm (in configured order) the one that signs first; all others may only verify. */
  signingJwks(): { keys: JWK[] }
  publicJwks(): PublishedKeys
  /** Changes whenever `signingJwks` does. */
  version(): string
  list(): Promise<readonly KeyDescription[]>
  /** A new key for each algorithm: announced first, or with `now` signing at once while all others are withdrawn (a compromise). */
  rotate(options?: { readonly now?: boolean }): Promise<void>
  /** Calls back after each change, here or by another process, once it is in force. Answers how to stop. */
  onChange(callback: () => void): () => void
  /** Reads what is stored and does what is due; runs by itself every `poll`. Throws as the store does. */
  check(): Promise<void>
  /** Sign the library's cookies; the same for every process, and stable over key rotation. */
  readonly cookieKeys: readonly string[]
  /** 32 bytes; the same for every process. */
  readonly dpopSecret: Buffer
  close(): void
}

interface Ring {
  readonly version: string
  readonly scheduled: readonly ScheduledKey[]
  readonly signing: readonly JWK[]
  readonly published: PublishedKeys
}

/** Makes the missing keys, then answers. Processes that start at once agree on the same ones. */
export async function createKeyRing(deps: KeyRingDeps): Promise<KeyRing> {
  const { store, vault, clock, log, settings } = deps
  const times = scheduleSettings(deps)
  const opened = new Map<string, JWK>()
  const listeners = new Set<() => void>()
  let ring = build([], clock())

  function open(key: StoredKey): JWK {
    const known = opened.get(key.id) ?? openKey(vault, key)
    opened.set(key.id, known)
    return known
  }

  function build(keys: readonly StoredKey[], now: Instant): Ring {
    const algorithms = new Set([...settings.algorithms, ...keys.map((key) => key.alg)])
    const scheduled = [...algorithms]
      .flatMap((alg) => schedule(ofAlgorithm(keys, alg), now, times))
      .filter(({ until }) => until === undefined || until > now)
    const trusted = signersFirst(scheduled.filter(({ state }) => state !== 'withdrawn'))
    return {
      version: trusted.map(({ key, state }) => `${key.id}=${state}`).join(' '),
      scheduled,
      signing: trusted.map(({ key, state }) => (signs(key, state) ? open(key) : verifyOnly(open(key)))),
      published: publish(trusted, settings.jwks_max_age),
    }
  }

  // A key of an algorithm that is no longer configured verifies, but signs nothing new.
  const signs = (key: StoredKey, state: KeyState) =>
    state === 'current' && settings.algorithms.some((algorithm) => algorithm === key.alg)

  async function stored(): Promise<readonly StoredKey[]> {
    return (await store.keys.page({ limit: 1_000 })).items
  }

  /** True when this process, and no other, made the key. */
  async function make(
    keys: readonly StoredKey[],
    algorithm: Algorithm,
    signsFrom: Instant,
  ): Promise<boolean> {
    const newest = Math.max(0, ...ofAlgorithm(keys, algorithm).map(({ id }) => generationOf(id)))
    return store.keys.insert(await makeKey(vault, algorithm, newest + 1, { createdAt: clock(), signsFrom }))
  }

  /** True when something was due: what is stored must be read again, another process may have been first. */
  async function makeDue(keys: readonly StoredKey[]): Promise<boolean> {
    const now = clock()
    const due = settings.algorithms.flatMap((algorithm) => {
      const at = dueAt(ofAlgorithm(keys, algorithm), now, times)
      return at === undefined ? [] : [{ algorithm, at }]
    })
    await Promise.all(
      due.map(async ({ algorithm, at }) => {
        const first = ofAlgorithm(keys, algorithm).length === 0
        if ((await make(keys, algorithm, at)) && !first) await recordRotation(algorithm)
      }),
    )
    return due.length > 0
  }

  async function recordRotation(algorithm: Algorithm): Promise<void> {
    const details = { algorithm, scheduled: true }
    log.info(details, 'the next signing key is announced')
    await deps.audit?.record({ action: 'key.rotated', result: 'success', actor: { kind: 'system' }, details })
  }

  function apply(keys: readonly StoredKey[]): void {
    const next = build(keys, clock())
    const changed = next.version !== ring.version
    ring = next
    if (changed) for (const listener of listeners) listener()
  }

  async function check(): Promise<void> {
    let keys = await stored()
    if (await makeDue(keys)) keys = await stored()
    apply(keys)
    const kept = new Set(ring.scheduled.map(({ key }) => key.id))
    await Promise.all(keys.filter(({ id }) => !kept.has(id)).map(({ id }) => store.keys.remove(id)))
  }

  async function withdraw(key: StoredKey): Promise<void> {
    let current: StoredKey | undefined = key
    while (current !== undefined && current.retiredAt === undefined) {
      if (await store.keys.replace({ ...current, retiredAt: clock() })) return
      current = await store.keys.get(key.id)
    }
  }

  async function rotate(options: { readonly now?: boolean } = {}): Promise<void> {
    const keys = await stored()
    const now = clock()
    for (const algorithm of settings.algorithms) {
      const announced = schedule(ofAlgorithm(keys, algorithm), now, times).some(
        ({ state }) => state === 'next',
      )
      if (options.now) await make(keys, algorithm, now)
      else if (!announced) await make(keys, algorithm, now + times.announcement)
    }
    // The new ones first: at no moment is there nothing to sign with.
    if (options.now) await Promise.all(keys.map(withdraw))
    apply(await stored())
  }

  await check()
  const stop = poll(check, deps)
  return {
    signingJwks: () => ({ keys: [...ring.signing] }),
    publicJwks: () => ring.published,
    version: () => ring.version,
    async list() {
      apply(await stored())
      return ring.scheduled.map(describe)
    },
    rotate,
    onChange(callback) {
      listeners.add(callback)
      return () => listeners.delete(callback)
    },
    check,
    cookieKeys: [vault.mac('cookie-signing', '1')],
    dpopSecret: Buffer.from(vault.mac('dpop-nonce', '1'), 'base64url'),
    close: stop,
  }
}

function scheduleSettings({ settings, lifetimes }: KeyRingDeps): ScheduleSettings {
  return {
    rotate_every: settings.rotate_every,
    // One poll until every process publishes it, one more until every process has it, and a relying party's cache in between.
    announcement: settings.jwks_max_age + 2 * settings.poll,
    verification: Math.max(
      lifetimes.id_token,
      lifetimes.access_token_jwt,
      lifetimes.session_absolute,
      lifetimes.session_remembered,
    ),
  }
}

function poll(check: () => Promise<void>, { log, settings }: KeyRingDeps): () => void {
  let running = false
  const timer = setInterval(async () => {
    if (running) return
    running = true
    // What was read last stays in force: a database that is gone must not stop verification (F5).
    await check().catch((error) => log.warn({ err: error }, 'the signing keys could not be read'))
    running = false
  }, settings.poll)
  timer.unref()
  return () => clearInterval(timer)
}

function ofAlgorithm(keys: readonly StoredKey[], algorithm: string): readonly StoredKey[] {
  return keys.filter((key) => key.alg === algorithm)
}

/** The library takes the first key that fits. */
function signersFirst(keys: readonly ScheduledKey[]): readonly ScheduledKey[] {
  const signers = keys.filter(({ state }) => state === 'current')
  return [...signers, ...keys.filter(({ state }) => state !== 'current')]
}

function verifyOnly(jwk: JWK): JWK {
  return { ...jwk, key_ops: ['verify'] }
}

function publish(keys: readonly ScheduledKey[], maxAge: Duration): PublishedKeys {
  const body = Buffer.from(JSON.stringify({ keys: keys.map(({ key }) => key.publicJwk) }))
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`
  return { body, etag, maxAge: Math.floor(maxAge / second) }
}

function describe({ key, state, until }: ScheduledKey): KeyDescription {
  const { alg, createdAt, signsFrom, publicJwk } = key
  const kid = String(publicJwk.kid)
  return { kid, alg, state, createdAt, signsFrom, ...(until === undefined ? {} : { until }) }
}
