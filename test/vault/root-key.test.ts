import { describe, expect, test } from 'vitest'
import { openRootKey } from '../../src/vault/root-key.ts'
import { random } from '../../src/vault/vault.ts'
import { eachStore } from '../support/stores.ts'

const none: readonly string[] = []

eachStore((name, openStore) => {
  describe(`the root data key on ${name}`, () => {
    test('is made once and stays the same, and is nowhere in the store in clear', async () => {
      const { settings } = await openStore()
      const masterKey = random(32)
      const made = await openRootKey({ settings, masterKey, previousMasterKeys: none })
      expect(made).toHaveLength(32)
      expect(await openRootKey({ settings, masterKey, previousMasterKeys: none })).toEqual(made)
      const stored = JSON.stringify(await settings.page({ limit: 10 }))
      for (const encoding of ['base64url', 'hex', 'base64'] as const) {
        expect(stored).not.toContain(Buffer.from(made).toString(encoding))
      }
    })

    test('is the same for everybody who starts at once', async () => {
      const { settings } = await openStore()
      const masterKey = random(32)
      const start = () => openRootKey({ settings, masterKey, previousMasterKeys: none })
      const keys = await Promise.all(Array.from({ length: 32 }, start))
      expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1)
    })

    test('another master key does not open it, says so in one sentence and changes nothing', async () => {
      const { settings } = await openStore()
      const masterKey = random(32)
      const made = await openRootKey({ settings, masterKey, previousMasterKeys: none })
      const wrong = openRootKey({ settings, masterKey: random(32), previousMasterKeys: [random(32)] })
      await expect(wrong).rejects.toThrow(/^The master key does not open this database[^\n]*$/)
      expect(await openRootKey({ settings, masterKey, previousMasterKeys: none })).toEqual(made)
    })

    test('a changed master key takes over while the previous one is listed, then that one opens nothing', async () => {
      const { settings } = await openStore()
      const previous = random(32)
      const masterKey = random(32)
      const made = await openRootKey({ settings, masterKey: previous, previousMasterKeys: none })
      const change = () => openRootKey({ settings, masterKey, previousMasterKeys: [random(32), previous] })
      for (const key of await Promise.all([change(), change(), change()])) expect(key).toEqual(made)
      expect(await openRootKey({ settings, masterKey, previousMasterKeys: none })).toEqual(made)
      const old = openRootKey({ settings, masterKey: previous, previousMasterKeys: none })
      await expect(old).rejects.toThrow('does not open')
    })
  })
})
