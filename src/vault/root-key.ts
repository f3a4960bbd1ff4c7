import { randomBytes } from 'node:crypto'
import { Problem } from '../domain/problem.ts'
import type { Collection } from '../ports/storage.ts'
import type { Setting } from '../ports/store.ts'
import { createVault } from './vault.ts'

const id = 'root-key'
const purpose = 'root-key'

/**
 * The root data key, 32 random bytes: made on the first start, stored sealed under the master key, the same for every process of a database
 * (of two that start at once, one's insert wins and the other reads it). Under a previous master key it is opened and sealed again under the current one.
 * Throws a `Problem` with one clear sentence when no given master key opens it.
 */
export async function openRootKey(options: {
  settings: Collection<Setting>
  masterKey: string
  previousMasterKeys: readonly string[]
}): Promise<Uint8Array> {
  const { settings, masterKey, previousMasterKeys } = options
  const stored = (await settings.get(id)) ?? (await makeRootKey(settings, masterKey))
  const current = unseal(stored.value, masterKey)
  if (current) return current
  for (const previous of previousMasterKeys) {
    const rootKey = unseal(stored.value, previous)
    if (!rootKey) continue
    // Losing this race is fine: whoever wrote instead sealed the same root key.
    await settings.replace({ ...stored, value: seal(rootKey, masterKey) })
    return rootKey
  }
  throw new Problem('internal', {
    detail:
      'The master key does not open this database: give the one it was set up with (SIGNET_MASTER_KEY), or list that one under previous_master_keys.',
  })
}

async function makeRootKey(settings: Collection<Setting>, masterKey: string): Promise<Setting> {
  await settings.insert({ id, value: seal(randomBytes(32), masterKey) })
  const stored = await settings.get(id)
  if (!stored) throw new Problem('storage-unavailable', { detail: 'The root data key could not be stored.' })
  return stored
}

function seal(rootKey: Uint8Array, masterKey: string): string {
  return underMasterKey(masterKey).seal(purpose, Buffer.from(rootKey).toString('base64url'), id)
}

function unseal(sealed: string, masterKey: string): Uint8Array | undefined {
  try {
    return Buffer.from(underMasterKey(masterKey).open(purpose, sealed, id), 'base64url')
  } catch {
    return undefined
  }
}

// HKDF extracts from the text as it is written: whichever encoding of 32 random bytes was chosen, it is at least that long.
function underMasterKey(masterKey: string) {
  return createVault(Buffer.from(masterKey))
}
