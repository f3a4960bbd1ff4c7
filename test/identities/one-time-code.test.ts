import { expect, it } from 'vitest'
import { createCode, normalisedCode } from '../../src/domain/one-time-code.ts'
import { sameHash } from '../../src/identities/one-time-code.ts'
import { random } from '../../src/vault/vault.ts'

it('S28: a code has eight digits, leading zeros included', () => {
  const draws = [0, 7, 99_999_999, 100_000_000, 4_199_999_999]
  const codes = draws.map((draw) => createCode(() => bytesOf(draw)))
  expect(codes).toEqual(['00000000', '00000007', '99999999', '00000000', '99999999'])
})

it('S28: a draw beyond the last whole multiple is thrown away, so that no code is likelier than another', () => {
  const draws = [4_200_000_000, 2 ** 32 - 1, 42]
  expect(createCode(() => bytesOf(draws.shift() ?? 0))).toBe('00000042')
  expect(draws).toEqual([])
})

it('S28: codes differ, and every digit comes at every place', () => {
  const codes = Array.from({ length: 2_000 }, () => createCode(random))
  expect(new Set(codes).size).toBeGreaterThan(1_995)
  for (let place = 0; place < 8; place += 1) expect(new Set(codes.map((code) => code[place])).size).toBe(10)
})

it('reads a code as it is pasted', () => {
  expect(normalisedCode(' 1234-5678\n')).toBe('12345678')
  expect(normalisedCode('１２３４ ５６７８')).toBe('12345678')
})

it('compares hashes of any length', () => {
  expect(sameHash('abc', 'abc')).toBe(true)
  expect(sameHash('abc', 'abd')).toBe(false)
  expect(sameHash('abc', 'abcd')).toBe(false)
})

function bytesOf(draw: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(draw)
  return bytes.toString('base64url')
}
