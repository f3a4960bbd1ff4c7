import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createVault, digest, random } from '../../src/vault/vault.ts'

const vault = createVault(randomBytes(32))

describe('a sealed value', () => {
  test('opens with the purpose and context it was sealed for, whatever it says', () => {
    const text = fc.string({ unit: 'grapheme' })
    fc.assert(
      fc.property(text, text, text, (purpose, plaintext, context) => {
        expect(vault.open(purpose, vault.seal(purpose, plaintext, context), context)).toBe(plaintext)
      }),
    )
  })

  test('does not open for another purpose, another context or under another root key', () => {
    const sealed = vault.seal('artifacts', 'secret', 'Session:1')
    expect(() => vault.open('audit', sealed, 'Session:1')).toThrow()
    expect(() => vault.open('artifacts', sealed, 'Session:2')).toThrow()
    expect(() => createVault(randomBytes(32)).open('artifacts', sealed, 'Session:1')).toThrow()
  })

  test('keeps purpose and context apart where their texts run together', () => {
    const sealed = vault.seal('a', 'secret', 'bc')
    expect(() => vault.open('ab', sealed, 'c')).toThrow()
  })

  test('does not open when any byte of it was changed, or when it was cut', () => {
    const sealed = vault.seal('p', 'secret', 'c')
    const bytes = Buffer.from(sealed.slice(2), 'base64url')
    for (let at = 0; at < bytes.length; at += 1) {
      const altered = Buffer.from(bytes)
      altered.writeUInt8(bytes.readUInt8(at) ^ 1, at)
      expect(() => vault.open('p', `1.${altered.toString('base64url')}`, 'c')).toThrow()
      expect(() => vault.open('p', `1.${bytes.subarray(0, at).toString('base64url')}`, 'c')).toThrow()
    }
    expect(() => vault.open('p', `2.${sealed.slice(2)}`, 'c')).toThrow('unknown version')
  })

  test('never looks the same twice, and never shows what it holds', () => {
    const seen = new Set(Array.from({ length: 2_000 }, () => vault.seal('p', 'the secret', 'c')))
    expect(seen.size).toBe(2_000)
    for (const sealed of seen) expect(sealed).toMatch(/^1\.[\w-]+$/)
    expect([...seen].join()).not.toContain(Buffer.from('the secret').toString('base64url').slice(0, 8))
  })
})

test('a keyed hash depends on the purpose, the value and the root key, and is no key for sealing', () => {
  const code = vault.mac('codes', '123456')
  expect(code).toBe(vault.mac('codes', '123456'))
  expect(code).toMatch(/^[\w-]{43}$/)
  expect(vault.mac('codes', '123457')).not.toBe(code)
  expect(vault.mac('addresses', '123456')).not.toBe(code)
  expect(createVault(randomBytes(32)).mac('codes', '123456')).not.toBe(code)
})

test('more purposes than are remembered still open', () => {
  const sealed = vault.seal('purpose 0', 'secret', '')
  for (let number = 0; number < 2_500; number += 1) vault.mac(`purpose ${number}`, '')
  expect(vault.open('purpose 0', sealed, '')).toBe('secret')
})

test('a root key of fewer than 32 bytes is refused', () => {
  expect(() => createVault(randomBytes(31))).toThrow('fewer than 32 bytes')
})

test('digest is SHA-256 as base64url, random values differ and have the asked length', () => {
  expect(digest('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')
  expect(random(16)).toHaveLength(22)
  expect(random(16)).not.toBe(random(16))
})
