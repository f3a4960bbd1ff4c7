import { day } from '../domain/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { Device, Store } from '../ports/store.ts'
import type { Digest } from '../ports/vault.ts'

export interface DevicesTools {
  readonly store: Pick<Store, 'devices'>
  readonly digest: Digest
  readonly clock: Clock
}

/** The browsers in which an identity signed in before. They vouch for nothing; a stranger's guesses just do not count against them (S26). */
export interface Devices {
  /** The device's row when the identity signed in there before. `secret` is what the browser keeps; nobody is an identity too. */
  find(secret: string | undefined, identityId: string | undefined): Promise<Device | undefined>
  /** After a completed sign-in. */
  remember(secret: string | undefined, identityId: string, userAgent: string): Promise<void>
  forget(deviceId: string): Promise<void>
  /** All of an identity's; answers how many. */
  forgetAll(identityId: string): Promise<number>
}

const lifetime = 365 * day
// 16 random bytes as base64url: anything shorter could be somebody's guess.
const shortestSecret = 22

export function createDevices({ store, digest, clock }: DevicesTools): Devices {
  const idOf = (secret: string, identityId: string) => digest(`${secret} ${identityId}`)
  const usable = (secret: string | undefined): secret is string =>
    secret !== undefined && secret.length >= shortestSecret

  return {
    async find(secret, identityId) {
      if (!usable(secret)) return undefined
      return store.devices.get(idOf(secret, identityId ?? 'nobody'))
    },
    async remember(secret, identityId, userAgent) {
      if (!usable(secret)) return
      const id = idOf(secret, identityId)
      const now = clock()
      const firstSeenAt = (await store.devices.get(id))?.firstSeenAt ?? now
      const expiresAt = now + lifetime
      await store.devices.put({ id, identityId, userAgent, firstSeenAt, lastSeenAt: now, expiresAt })
    },
    forget: async (deviceId) => {
      await store.devices.remove(deviceId)
    },
    forgetAll: (identityId) => store.devices.removeBy('identityId', identityId),
  }
}
