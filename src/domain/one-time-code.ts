/** How many digits a code has unless a setting says otherwise. */
export const codeDigits = 8

/**
 * Evenly distributed digits: 32-bit draws beyond the last whole multiple are thrown away instead of folded in.
 * `random` answers that many random bytes as base64url.
 */
export function createCode(random: (bytes: number) => string, digits: number = codeDigits): string {
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
