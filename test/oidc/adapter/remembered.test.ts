import { expect, it } from 'vitest'
import { rememberOpened } from '../../../src/oidc/remembered.ts'
import type { Vault } from '../../../src/ports/vault.ts'
import { createVault, random } from '../../../src/vault/vault.ts'

/** A vault that counts what it opens. */
function counting() {
  const vault = createVault(Buffer.from(random(32), 'base64url'))
  const opened: string[] = []
  const open: Vault['open'] = (purpose, sealed, context) => {
    opened.push(context)
    return vault.open(purpose, sealed, context)
  }
  return { vault: { ...vault, open }, opened }
}

it('opens the same sealed text once', () => {
  const { vault, opened } = counting()
  const remembering = rememberOpened(vault)
  const sealed = vault.seal('artifact', 'text', 'a')
  expect(remembering.open('artifact', sealed, 'a')).toBe('text')
  expect(remembering.open('artifact', sealed, 'a')).toBe('text')
  expect(opened).toEqual(['a'])
  expect(remembering.open('artifact', remembering.seal('artifact', 'own', 'b'), 'b')).toBe('own')
  expect(opened).toEqual(['a'])
})

it('another text, place or purpose is opened, or refused, as ever', () => {
  const { vault } = counting()
  const remembering = rememberOpened(vault)
  const first = remembering.seal('artifact', 'first', 'a')
  const second = vault.seal('artifact', 'second', 'a')
  expect(remembering.open('artifact', first, 'a')).toBe('first')
  expect(remembering.open('artifact', second, 'a')).toBe('second')
  expect(remembering.open('artifact', first, 'a')).toBe('first')
  expect(() => remembering.open('artifact', first, 'b')).toThrow()
  expect(() => remembering.open('session', first, 'a')).toThrow()
})

it('forgets what was used longest ago', () => {
  const { vault, opened } = counting()
  const remembering = rememberOpened(vault)
  const kept = remembering.seal('artifact', 'kept', 'kept')
  const left = remembering.seal('artifact', 'left', 'left')
  for (let index = 0; index < 2_500; index++) {
    remembering.seal('artifact', '', `another ${index}`)
    remembering.open('artifact', kept, 'kept')
  }
  expect(opened).toEqual([])
  expect(remembering.open('artifact', left, 'left')).toBe('left')
  expect(opened).toEqual(['left'])
})
