import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { claimId, masked, parseAs, parseIdentifier } from '../../src/domain/identifier.ts'

describe('an e-mail address', () => {
  it.each([
    ['ana@example.com', 'ana@example.com', 'ana@example.com'],
    ['  Ana.Lima+news@Example.COM ', 'ana.lima+news@example.com', 'Ana.Lima+news@example.com'],
    ['ana@bücher.example', 'ana@xn--bcher-kva.example', 'ana@xn--bcher-kva.example'],
    ['ana@localhost', 'ana@localhost', 'ana@localhost'],
    ["o'hara@example.com", "o'hara@example.com", "o'hara@example.com"],
  ])('reads %j', (text, value, written) => {
    expect(parseAs('email', text)).toEqual({ kind: 'email', value, written })
  })

  it.each([
    '',
    '@example.com',
    'ana@',
    'ana@@example.com',
    'ana@example..com',
    'ana b@example.com',
    'ana@example.com\r\nBcc: eve@example.com',
    'ana\u0000@example.com',
    'ana\u202e@example.com',
    'ana@exam\u00adple.com',
    'Ana <ana@example.com>',
    'ana@example.com,eve@example.com',
    'ana@127.0.0.1',
    'ana@2130706433',
    'ana@[127.0.0.1]',
    'ana\ufe6beve.example@example.com',
    `${'a'.repeat(65)}@example.com`,
    `ana@${'a'.repeat(250)}.com`,
    '\ud800@example.com',
  ])('refuses %j', (text) => {
    expect(parseAs('email', text)).toBeUndefined()
  })

  it('is mailed where it is claimed: a look-alike that folds into another address folds before anything is sent', () => {
    const fullWidth = parseAs('email', 'ａｎａ＠ｅxample.com')
    expect(fullWidth).toEqual({ kind: 'email', value: 'ana@example.com', written: 'ana@example.com' })
  })
})

describe('a phone number', () => {
  it.each(['+49 (170) 123-4567', '0049 170 1234567', '+491701234567'])('reads %j as one number', (text) => {
    expect(parseIdentifier(text)).toEqual({ kind: 'phone', value: '+491701234567', written: '+491701234567' })
  })

  it.each(['+0170', '+49', '170 1234567', '+49abc1234567', '+4917012345678901234'])('refuses %j', (text) => {
    expect(parseAs('phone', text)).toBeUndefined()
  })
})

describe('a username', () => {
  it('is compared without regard to case, and keeps the spelling that was chosen', () => {
    expect(parseIdentifier('Ana.Lima')).toEqual({ kind: 'username', value: 'ana.lima', written: 'Ana.Lima' })
  })

  it.each(['00bond', '.ana', 'ana.', 'ana lima', 'an<a', 'аna', ''])('refuses %j', (text) => {
    expect(parseAs('username', text)).toBeUndefined()
  })

  it.each([
    ['a joiner of marks', 'ana\u034f'],
    ['a choice of form', 'ana\ufe0f'],
    ['a rarer choice of form', 'ana\u{e0100}'],
    ['letters that fill a gap', '\u3164'],
    ['the same among others', 'an\u1160a'],
    ['a Cherokee letter', '\u13aana'],
    ['an Armenian letter', 'ana\u0585'],
  ])('refuses one that looks like another name: %s', (_, text) => {
    expect(parseAs('username', text)).toBeUndefined()
  })

  it.each(['Ana山田', 'やまだ', 'Łukasz', 'Анна', 'Ελένη', 'José', 'สมชาย'])('takes %s', (text) => {
    expect(parseAs('username', text)).toMatchObject({ written: text })
  })
})

describe('any identifier', () => {
  it('reads its own normalised value again as the same', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      fc.emailAddress(),
      fc
        .tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), fc.domain())
        .map((parts) => parts.join('@')),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const identifier = parseIdentifier(text)
        if (identifier === undefined) return
        expect(parseIdentifier(identifier.value)?.value).toBe(identifier.value)
        expect(parseIdentifier(identifier.written)).toEqual(identifier)
        expect(claimId(identifier).isWellFormed()).toBe(true)
        expect(claimId(identifier)).not.toMatch(/[\s\p{C}]/u)
      }),
      { numRuns: 2_000 },
    )
  })

  it('hides the middle of what it shows before a proof', () => {
    expect(masked({ kind: 'email', written: 'ana@example.com' })).toBe('a•••@example.com')
    expect(masked({ kind: 'phone', written: '+491701234567' })).toBe('+49•••67')
    expect(masked({ kind: 'username', written: 'ana' })).toBe('a•••')
  })
})
