import type { Duration } from '../domain/time.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { Store } from '../ports/store.ts'
import type { Vault } from '../ports/vault.ts'

export interface PersonalKeysTools {
  readonly store: Pick<Store, 'identityKeys'>
  readonly vault: Vault
  readonly clock: Clock
  readonly random: Random
}

/** One random key per identity, kept sealed. What it sealed is unreadable once it is destroyed. */
export interface PersonalKeys {
  /**
   * The owner's key; undefined when it was destroyed, or (without `create`) never made. Racing processes agree on one. `always` reads it from the
   * store even if it is remembered.
   */
  of(
    owner: string,
    options?: { readonly create?: boolean; readonly always?: boolean },
  ): Promise<string | undefined>
  /** For ever: no new key is made for this owner. Other processes may hold the old one in memory for `memory` longer. */
  destroy(owner: string): Promise<void>
}

const memory: Duration = 60_000
const remembered = 1_000
const purpose = 'audit-identity-key'
const destroyed = ''

export function createPersonalKeys({ store, vault, clock, random }: PersonalKeysTools): PersonalKeys {
  const cache = new Map<string, { readonly key: string; readonly until: number }>()

  function remember(owner: string, key: string): string {
    cache.delete(owner)
    cache.set(owner, { key, until: clock() + memory })
    const [oldest] = cache.keys()
    if (cache.size > remembered && oldest !== undefined) cache.delete(oldest)
    return key
  }

  async function stored(owner: string): Promise<string | undefined> {
    const row = await store.identityKeys.get(owner)
    if (row === undefined || row.sealed === destroyed) return undefined
    return remember(owner, vault.open(purpose, row.sealed, owner))
  }

  async function made(owner: string): Promise<string | undefined> {
    const key = random(32)
    const won = await store.identityKeys.insert({ id: owner, sealed: vault.seal(purpose, key, owner) })
    return won ? remember(owner, key) : stored(owner)
  }

  return {
    async of(owner, { create = false, always = false } = {}) {
      const known = always ? undefined : cache.get(owner)
      if (known !== undefined && known.until > clock()) return known.key
      return (await stored(owner)) ?? (create ? made(owner) : undefined)
    },
    async destroy(owner) {
      await store.identityKeys.put({ id: owner, sealed: destroyed })
      cache.delete(owner)
    },
  }
}
