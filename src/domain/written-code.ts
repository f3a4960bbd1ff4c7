/** Codes that people write down: 75 random bits, said and typed without confusion. Whoever has one holds something, and nobody guesses one. */

/** Crockford's base 32: no I, L, O, U. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const groups = 3
const groupLength = 5

/** `7KQ4X-M2P9R-TBH3W`: the five low bits of each random byte, all 32 values of which are equally likely. `random` answers base64url. */
export function createWrittenCode(random: (bytes: number) => string): string {
  const letters = [...Buffer.from(random(groups * groupLength), 'base64url')].map(
    (byte) => alphabet[byte & 31],
  )
  return Array.from({ length: groups }, (_, group) =>
    letters.slice(group * groupLength, (group + 1) * groupLength).join(''),
  ).join('-')
}

/** What was meant by what was typed: letter case, spaces, dashes and look-alikes do not matter. */
export function canonicalCode(typed: string): string {
  return typed
    .normalize('NFKC')
    .toUpperCase()
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1')
    .replace(/U/g, 'V')
    .replace(/[^0-9A-Z]/g, '')
}

/** Whether it can be one at all. */
export function isWrittenCode(canonical: string): boolean {
  return canonical.length === groups * groupLength
}
