import { browserText } from '../domain/device.ts'
import { Problem } from '../domain/problem.ts'
import { day, type Instant } from '../domain/time.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { Draft } from '../ports/storage.ts'
import type { Device, Store } from '../ports/store.ts'
import type { Digest } from '../ports/vault.ts'

export interface DevicesTools {
  readonly store: Pick<Store, 'devices'>
  readonly digest: Digest
  readonly clock: Clock
  readonly random: Random
}

/** What makes a known device a trusted one. */
export interface Trust {
  readonly identityId: string
  readonly userAgent: string
  readonly until: Instant
  /** With which ways to prove: with any other the trust is void. */
  readonly standing: string
}

/**
 * The browsers in which an identity signed in before. Being known they vouch for nothing: a stranger's guesses just do not count against them
 * (S26). What a trusted one is worth says trusted-devices.ts.
 */
export interface Devices {
  /** The device's row when the identity signed in there before. `secret` is what the browser keeps; nobody is an identity too. */
  find(secret: string | undefined, identityId: string | undefined): Promise<Device | undefined>
  of(identityId: string): Promise<readonly Device[]>
  /** After a completed sign-in. Neither gives nor renews trust. */
  remember(secret: string | undefined, identityId: string, userAgent: string): Promise<void>
  /**
   * Trusts the browser under a new secret, which is answered: whoever has a copy of the old one has nothing. Everybody else who signed in there
   * is still known under the new one.
   */
  trust(
    secret: string | undefined,
    trust: Trust,
  ): Promise<{ readonly secret: string; readonly device: string; readonly since: Instant }>
  /** From now on known and no more; false when it was not trusted (any more). */
  distrust(deviceId: string): Promise<boolean>
  forget(deviceId: string): Promise<void>
}

const lifetime = 365 * day
// 16 random bytes as base64url: anything shorter could be somebody's guess.
const shortestSecret = 22
const secretBytes = 32
const mostRounds = 50

export function createDevices({ store, digest, clock, random }: DevicesTools): Devices {
  const rows = store.devices
  const idOf = (secret: string, identityId: string) => digest(`${secret} ${identityId}`)
  const browserOf = (secret: string) => digest(browserText(secret))
  const usable = (secret: string | undefined): secret is string =>
    secret !== undefined && secret.length >= shortestSecret

  /** By compare-and-set, until nobody came between: a trust that is being taken back must not return. */
  async function write(id: string, next: (row: Device | undefined) => Draft<Device>): Promise<void> {
    for (let round = 0; round < mostRounds; round += 1) {
      const row = await rows.get(id)
      const draft = next(row)
      const written =
        row === undefined ? await rows.insert(draft) : await rows.replace({ ...draft, version: row.version })
      if (written) return
    }
    throw new Problem('busy', { retryAfter: 1 })
  }

  /** Taken, not copied: of two who rotate at once one carries each row over. */
  async function carryOver(old: string, secret: string, identityId: string): Promise<void> {
    for (const row of await rows.findBy('browser', browserOf(old))) {
      if (row.identityId === identityId) continue
      const taken = await rows.take(row.id)
      if (taken === undefined) continue
      const { version: _version, ...rest } = taken
      await rows.insert({ ...rest, id: idOf(secret, taken.identityId), browser: browserOf(secret) })
    }
  }

  return {
    async find(secret, identityId) {
      if (!usable(secret)) return undefined
      return rows.get(idOf(secret, identityId ?? 'nobody'))
    },
    of: (identityId) => rows.findBy('identityId', identityId),
    async remember(secret, identityId, userAgent) {
      if (!usable(secret)) return
      const id = idOf(secret, identityId)
      const now = clock()
      await write(id, (row) => ({
        firstSeenAt: now,
        ...row,
        id,
        identityId,
        browser: browserOf(secret),
        userAgent,
        lastSeenAt: now,
        expiresAt: now + lifetime,
      }))
    },
    async trust(old, { identityId, userAgent, until, standing }) {
      const now = clock()
      const secret = random(secretBytes)
      const before = usable(old) ? await rows.take(idOf(old, identityId)) : undefined
      if (usable(old)) await carryOver(old, secret, identityId)
      const device = idOf(secret, identityId)
      const since = before?.firstSeenAt ?? now
      await rows.insert({
        id: device,
        identityId,
        browser: browserOf(secret),
        userAgent,
        firstSeenAt: since,
        lastSeenAt: now,
        expiresAt: now + lifetime,
        trustedAt: now,
        trustedUntil: until,
        trustedFor: standing,
      })
      return { secret, device, since }
    },
    async distrust(deviceId) {
      for (let round = 0; round < mostRounds; round += 1) {
        const row = await rows.get(deviceId)
        if (row?.trustedUntil === undefined) return false
        const { trustedAt: _at, trustedUntil: _until, trustedFor: _for, ...known } = row
        if (await rows.replace(known)) return true
      }
      throw new Problem('busy', { retryAfter: 1 })
    },
    forget: async (deviceId) => {
      await rows.remove(deviceId)
    },
  }
}
