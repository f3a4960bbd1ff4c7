/** What every engine must do: each sentence of src/ports/storage.ts that one process can show. Races are in races.ts, kills in kill.ts. */
import { describe, expect, it } from 'vitest'
import type { OpenStore } from '../support/stores.ts'
import { readConformance } from './reads.ts'
import { valueConformance } from './values.ts'
import { writeConformance } from './writes.ts'

/** Describes the suite for one engine; `open` gives a store in an empty database, under the given clock. */
export function storageConformance(open: OpenStore): void {
  valueConformance(open)
  writeConformance(open)
  readConformance(open)

  describe('the engine', () => {
    it('keeps collections apart', async () => {
      const store = await open()
      await store.settings.insert({ id: 'a', value: '' })
      await store.identityKeys.insert({ id: 'a', sealed: '' })
      expect(await store.settings.remove('a')).toBe(true)
      expect(await store.identityKeys.count()).toBe(1)
    })

    it('answers pings, and after closing says that it is not there', async () => {
      const store = await open()
      await store.ping()
      await store.ping(1_000)
      await store.close()
      await store.close()
      await expect(store.ping()).rejects.toMatchObject({ code: 'storage-unavailable', retryAfter: 5 })
      await expect(store.settings.get('a')).rejects.toMatchObject({ code: 'storage-unavailable' })
      await expect(store.settings.insert({ id: 'a', value: '' })).rejects.toMatchObject({
        code: 'storage-unavailable',
      })
    })
  })
}
