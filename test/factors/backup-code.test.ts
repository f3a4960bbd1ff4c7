import { describe, expect, it } from 'vitest'
import { cx, factor, made, row } from './backup-world.ts'

describe('backup codes', () => {
  it('S28: are ten of 75 random bits each, in letters that are not mistaken for others', async () => {
    const { codes } = await made()
    expect(codes).toHaveLength(10)
    const letters = '[0-9A-HJKMNP-TV-Z]{5}'
    for (const code of codes) expect(code).toMatch(new RegExp(`^${letters}-${letters}-${letters}$`))
    const many = (await Promise.all(Array.from({ length: 100 }, made))).flatMap((each) => each.codes)
    expect(new Set(many).size).toBe(1_000)
    // Every letter comes up about as often as every other.
    const counts = new Map<string, number>()
    for (const letter of many.join('').replaceAll('-', '')) counts.set(letter, (counts.get(letter) ?? 0) + 1)
    expect(counts.size).toBe(32)
    for (const count of counts.values()) expect(Math.abs(count - 15_000 / 32)).toBeLessThan(150)
  })

  it.each([
    ['as printed', (code: string) => code],
    ['in small letters', (code: string) => code.toLowerCase()],
    ['without dashes', (code: string) => code.replaceAll('-', '')],
    ['with spaces', (code: string) => ` ${code.replaceAll('-', ' ')} `],
    ['with dashes as a phone makes them', (code: string) => code.replaceAll('-', '–')],
    [
      'with O for 0, l for 1, u for V',
      (code: string) => code.replace(/0/g, 'O').replace(/1/g, 'l').replace(/V/g, 'u'),
    ],
    [
      'in full-width letters',
      (code: string) => code.replace(/[0-9A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0)),
    ],
  ])('may be typed %s', async (_how, typed) => {
    const { codes, data } = await made()
    for (const code of codes)
      expect(await factor.verify(cx, row(data), undefined, { code: typed(code) })).toMatchObject({
        status: 'proved',
      })
  })

  it('refuse what is none, without a fault', async () => {
    const { codes, data } = await made()
    for (const code of [
      '',
      ' ',
      '-',
      codes[0]?.slice(1) ?? '',
      `${codes[0]}0`,
      codes.join(''),
      'x'.repeat(100_000),
      '\u0000',
    ]) {
      expect(await factor.verify(cx, row(data), undefined, { code })).toEqual({ status: 'refused' })
      expect(await factor.verify(cx, row(factor.decoy), undefined, { code })).toEqual({ status: 'refused' })
    }
  })
})
