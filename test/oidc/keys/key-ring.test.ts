import { CompactSign, compactVerify, createLocalJWKSet, type JWK } from 'jose'
import { afterEach, expect, it } from 'vitest'
import { day, hour, minute, second } from '../../../src/domain/time.ts'
import { createKeyRing, type KeyRing, type KeyRingDeps } from '../../../src/oidc/keys.ts'
import type { Store } from '../../../src/ports/store.ts'
import { createVault } from '../../../src/vault/vault.ts'
import { createClock } from '../../support/clock.ts'
import { eachStore } from '../../support/stores.ts'
import { vault } from '../support/provider-server.ts'

const settings = {
  algorithms: ['ES256', 'EdDSA'] as const,
  rotate_every: 90 * day,
  jwks_max_age: 10 * minute,
  poll: 5 * second,
}
const lifetimes = {
  id_token: hour,
  access_token_jwt: 5 * minute,
  session_absolute: day,
  session_remembered: 30 * day,
}
const log = { debug() {}, info() {}, warn() {}, error() {} }

eachStore((_, open) => {
  const rings: KeyRing[] = []
  afterEach(() => {
    for (const ring of rings.splice(0)) ring.close()
  })

  async function ringOn(
    store: Store,
    clock: () => number,
    more: Partial<KeyRingDeps> = {},
  ): Promise<KeyRing> {
    const ring = await createKeyRing({ store, vault, clock, log, settings, lifetimes, ...more })
    rings.push(ring)
    return ring
  }

  async function begin(more: Partial<KeyRingDeps> = {}) {
    const clock = createClock()
    const store = await open(clock.now)
    return { clock, store, ring: await ringOn(store, clock.now, more) }
  }

  const publicKeys = (ring: KeyRing) => JSON.parse(ring.publicJwks().body.toString()) as { keys: JWK[] }
  const signerOf = (ring: KeyRing, alg = 'ES256') =>
    ring.signingJwks().keys.find((key) => key.alg === alg && key.key_ops === undefined)
  const kidsOf = (ring: KeyRing, alg = 'ES256') =>
    publicKeys(ring)
      .keys.filter((key) => key.alg === alg)
      .map(({ kid }) => kid)

  async function sign(ring: KeyRing): Promise<string> {
    const key = signerOf(ring)
    return new CompactSign(Buffer.from('{}'))
      .setProtectedHeader({ alg: 'ES256', kid: key?.kid ?? '' })
      .sign(key as JWK)
  }

  it('S24: makes one key per algorithm on first use, all of which sign and verify, also RSA', async () => {
    const { ring } = await begin({ settings: { ...settings, algorithms: ['RS256', 'ES256', 'EdDSA'] } })
    const signing = ring.signingJwks().keys
    expect(signing.map(({ alg }) => alg)).toEqual(['RS256', 'ES256', 'EdDSA'])
    for (const key of signing) {
      const alg = key.alg ?? ''
      const jws = await new CompactSign(Buffer.from('{}'))
        .setProtectedHeader({ alg, kid: key.kid ?? '' })
        .sign(key)
      const { protectedHeader } = await compactVerify(jws, createLocalJWKSet(publicKeys(ring)))
      expect(protectedHeader.kid).toBe(key.kid)
    }
  })

  it('S24: publishes no private half, and stores it sealed', async () => {
    const { ring, store } = await begin()
    const members = new Set(publicKeys(ring).keys.flatMap((key) => Object.keys(key)))
    expect([...members].sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
    const rows = JSON.stringify((await store.keys.page({ limit: 10 })).items)
    for (const { d } of ring.signingJwks().keys) expect(rows).not.toContain(d)
  })

  it('two processes that start at once agree on the keys', async () => {
    const clock = createClock()
    const store = await open(clock.now)
    const made = await Promise.all(Array.from({ length: 8 }, () => ringOn(store, clock.now)))
    expect(new Set(made.map((ring) => ring.publicJwks().etag)).size).toBe(1)
    expect(new Set(made.map((ring) => signerOf(ring)?.kid)).size).toBe(1)
    expect(made[0]?.cookieKeys).toEqual(made[1]?.cookieKeys)
    expect(made[0]?.dpopSecret).toHaveLength(32)
    expect(made[0]?.dpopSecret).toEqual(made[1]?.dpopSecret)
  })

  it('fails with another root key', async () => {
    const { store, clock } = await begin()
    const other = createVault(new Uint8Array(32).fill(9))
    await expect(
      createKeyRing({ store, vault: other, clock: clock.now, log, settings, lifetimes }),
    ).rejects.toThrow()
  })

  it('S24 F9: the next key is published for as long as key sets are cached before it signs', async () => {
    const { ring, clock } = await begin()
    const [first] = kidsOf(ring)
    await ring.rotate()
    const [, next] = kidsOf(ring)
    expect(next).toBeDefined()
    expect(signerOf(ring)?.kid).toBe(first)
    const cached = createLocalJWKSet(publicKeys(ring))
    clock.advance(settings.jwks_max_age + settings.poll)
    await ring.check()
    expect(signerOf(ring)?.kid).toBe(first)
    clock.advance(settings.poll)
    await ring.check()
    expect(signerOf(ring)?.kid).toBe(next)
    // A relying party that fetched when the key was announced never sees a key it does not know.
    await compactVerify(await sign(ring), cached)
  })

  it('F9: under rotation no relying party with a ten-minute cache fails', async () => {
    const { ring, clock, store } = await begin()
    const second_ = await ringOn(store, clock.now)
    let cached = createLocalJWKSet(publicKeys(ring))
    let fetchedAt = clock.now()
    const signers = new Set<string>()
    for (let step = 0; step < 400; step++) {
      if (step % 100 === 50) await ring.rotate()
      clock.advance(settings.poll)
      // The two processes poll in turns, so that one is always a little behind.
      await (step % 2 ? ring : second_).check()
      if (clock.now() - fetchedAt >= settings.jwks_max_age) {
        cached = createLocalJWKSet(publicKeys(step % 3 ? ring : second_))
        fetchedAt = clock.now()
      }
      const { protectedHeader } = await compactVerify(await sign(step % 2 ? second_ : ring), cached)
      signers.add(protectedHeader.kid ?? '')
    }
    expect(signers.size).toBeGreaterThan(2)
  })

  it('S24: a retired key verifies until the longest session is over, then it is gone', async () => {
    const { ring, clock, store } = await begin()
    const old = await sign(ring)
    await ring.rotate()
    clock.advance(settings.jwks_max_age + 2 * settings.poll)
    await ring.check()
    clock.advance(lifetimes.session_remembered - 1)
    await ring.check()
    await compactVerify(old, createLocalJWKSet(publicKeys(ring)))
    expect(
      ring.signingJwks().keys.filter(({ alg, key_ops }) => alg === 'ES256' && key_ops === undefined),
    ).toHaveLength(1)
    clock.advance(1)
    await ring.check()
    await expect(compactVerify(old, createLocalJWKSet(publicKeys(ring)))).rejects.toThrow()
    expect(await store.keys.count()).toBe(2)
  })

  it('S24: rotates by schedule, announced in time, and says so', async () => {
    const recorded: unknown[] = []
    const audit = { record: async (event: unknown) => void recorded.push(event) }
    const { ring, clock } = await begin({ audit })
    const first = signerOf(ring)?.kid
    clock.advance(settings.rotate_every - settings.jwks_max_age - 2 * settings.poll - 1)
    await ring.check()
    expect(kidsOf(ring)).toHaveLength(1)
    clock.advance(1)
    await ring.check()
    expect(kidsOf(ring)).toHaveLength(2)
    expect(recorded).toHaveLength(settings.algorithms.length)
    expect(recorded[0]).toMatchObject({ action: 'key.rotated', actor: { kind: 'system' } })
    await ring.check()
    expect(recorded).toHaveLength(settings.algorithms.length)
    expect(signerOf(ring)?.kid).toBe(first)
    clock.advance(settings.jwks_max_age + 2 * settings.poll)
    await ring.check()
    expect(signerOf(ring)?.kid).not.toBe(first)
  })

  it('S24: after a compromise new keys sign at once and the old ones are withdrawn everywhere', async () => {
    const { ring, clock, store } = await begin()
    const other = await ringOn(store, clock.now)
    const forged = await sign(ring)
    await ring.rotate()
    await ring.rotate({ now: true })
    await expect(compactVerify(forged, createLocalJWKSet(publicKeys(ring)))).rejects.toThrow()
    await compactVerify(await sign(ring), createLocalJWKSet(publicKeys(ring)))
    const changes: string[] = []
    other.onChange(() => changes.push(other.version()))
    await other.check()
    expect(changes).toEqual([ring.version()])
    expect(signerOf(other)?.kid).toBe(signerOf(ring)?.kid)
    const states = (await ring.list()).filter(({ alg }) => alg === 'ES256').map(({ state }) => state)
    expect(states).toEqual(['current', 'withdrawn', 'withdrawn'])
  })

  it('tells who listens once per change, and no more after they stopped', async () => {
    const { ring } = await begin()
    let changes = 0
    const stop = ring.onChange(() => changes++)
    await ring.check()
    expect(changes).toBe(0)
    await ring.rotate()
    expect(changes).toBe(1)
    stop()
    await ring.rotate({ now: true })
    expect(changes).toBe(1)
  })

  it('F8: goes on signing when the clock is set back before the first key', async () => {
    const { ring, clock } = await begin()
    clock.advance(-hour)
    await ring.check()
    expect(signerOf(ring)).toBeDefined()
  })

  it('prepares what it publishes', async () => {
    const { ring } = await begin()
    expect(ring.publicJwks()).toBe(ring.publicJwks())
    expect(ring.publicJwks().maxAge).toBe(600)
    expect(ring.publicJwks().etag).toMatch(/^"[\w-]{43}"$/)
  })
})
