import { timingSafeEqual } from 'node:crypto'
import type { Random } from '../ports/clock.ts'

export const codeDigits = 8

/** Evenly distributed: 32-bit draws beyond the last whole multiple are thrown away instead of folded in. */
export function createCode(random: Random, digits: number = codeDigits): string {
  const codes = 10 ** digits
  const fair = 2 ** 32 - (2 ** 32 % codes)
  for (;;) {
    const draw = Buffer.from(random(4), 'base64url').readUInt32BE()
    if (draw < fair) return String(draw % codes).padStart(digits, '0')
  }
}

/** As typed or pasted: without the gaps that people and mail programs put in. */
export function normalisedCode(text: string): string {
  return text.normalize('NFKC').replace(/[\s-]/g, '')
}

/** Compares two keyed hashes in constant time. */
export function sameHash(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
