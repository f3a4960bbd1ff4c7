import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { password } from '../../src/factors/password.ts'
import { weaknessOf } from '../../src/factors/password-weakness.ts'
import { createPasswordHasher } from '../../src/vault/hash-pool.ts'
import {
  ana,
  calls,
  choose,
  chosen,
  context,
  hasher,
  hashing,
  log,
  make,
  pool,
  row,
  settings,
} from './password-tools.ts'

describe('choosing a password', () => {
  it('S25: takes 15 characters alone, 8 beside a second factor, and says which', async () => {
    expect(await choose('fourteen chars')).toEqual({
      status: 'refused',
      reason: 'too-short',
      values: { min: 15 },
    })
    expect(await choose('fifteen letters')).toMatchObject({ status: 'enrolled' })
    expect(await choose('kaputt8', { otherCategories: 1 })).toEqual({
      status: 'refused',
      reason: 'too-short',
      values: { min: 8 },
    })
    expect(await choose('kaputt84', { otherCategories: 1 })).toMatchObject({
      status: 'enrolled',
      needsCompanion: true,
    })
    expect(await choose('long enough by itself', { otherCategories: 1 })).not.toHaveProperty('needsCompanion')
    expect(await choose('')).toMatchObject({ reason: 'too-short' })
  })

  it('S25: takes 64 characters and more, refuses more than the limit clearly, and cuts nothing off', async () => {
    const long = 'correct horse battery staple '.repeat(9).slice(0, 256)
    for (const length of [64, 65, 255, 256])
      expect(await choose(long.slice(0, length))).toMatchObject({ status: 'enrolled' })
    expect(await choose(`${long}x`)).toEqual({ status: 'refused', reason: 'too-long', values: { max: 256 } })
    const factor = make()
    const credential = await chosen(long, factor)
    const last = await factor.verify(context(), credential, undefined, { password: `${long.slice(0, 255)}!` })
    expect(last).toEqual({ status: 'refused' })
    expect(await factor.verify(context(), credential, undefined, { password: long })).toEqual({
      status: 'proved',
    })
  })

  it('S25: asks for no composition and takes spaces and any script', async () => {
    for (const text of [
      'onlysmallletters',
      'ONLYBIGLETTERSZ',
      '              x ',
      'ключ от квартиры',
      '正確的馬電池釘書針還有十五個字',
      '🦄🐙🦀🐝🦋🐞🐢🦎🐍🦖🐳🐬🐟🐠🐡',
    ])
      expect(await choose(text), text).toMatchObject({ status: 'enrolled' })
  })

  it('S25: counts code points, and takes both spellings of one text for the same', async () => {
    expect(await choose('🦄'.repeat(7), { otherCategories: 1 })).toMatchObject({ reason: 'too-short' })
    const factor = make()
    const credential = await chosen('Zoë likes crème brûlée', factor)
    const decomposed = 'Zoë likes crème brûlée'.normalize('NFD')
    expect(await factor.verify(context(), credential, undefined, { password: decomposed })).toEqual({
      status: 'proved',
    })
    // Compatible is not the same: nothing but the spelling is folded.
    const other = await factor.verify(context(), credential, undefined, {
      password: 'Zoë likes crème brûleé',
    })
    expect(other).toEqual({ status: 'refused' })
  })

  it.each([
    ['123456789012345', 'common'],
    ['passwordpassword', 'common'],
    ['PasswordPassword', 'common'],
    ['password-password!', 'common'],
    ['monkey123456789', 'common'],
    ['qwertyuiopasdfghjkl', 'common'],
    ['aaaaaaaaaaaaaaaaaaaa', 'common'],
    ['!!!!!!!!!!!!!!!!!!', 'common'],
    ['abcdefghijklmnopqrstuvwxyz', 'common'],
    ['ana.lopez@example.com', 'personal'],
    ['AnaLópez AnaLópez', 'personal'],
    ['signet-2024-signet', 'personal'],
    ['Signet password 2024', 'personal'],
  ])('S25: %s is refused as %s', async (text, reason) => {
    expect(await choose(text, { identity: ana })).toEqual({ status: 'refused', reason })
  })

  it('S25: several common words together are fine', async () => {
    for (const text of ['correct horse battery staple', 'butterfly mountain', 'ana likes purple elephants'])
      expect(await choose(text, { identity: ana }), text).toMatchObject({ status: 'enrolled' })
  })

  it('judges any text in bounded time and without failing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.array(fc.string({ unit: 'grapheme' })),
        async (text, words) => {
          expect([undefined, 'common', 'personal']).toContain(await weaknessOf(text, words))
        },
      ),
    )
    // Random letters are no word of anybody's.
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 24, maxLength: 24 }), async (bytes) => {
        const text = Buffer.from(bytes).toString('base64url')
        fc.pre(new Set(bytes).size > 12)
        expect(await weaknessOf(text, [])).toBeUndefined()
      }),
    )
  })
})

describe('answering with a password', () => {
  it('S32: costs one hash, whether right, wrong, empty, huge, or about nobody', async () => {
    const factor = make()
    const credential = await chosen('seven green bicycles sing', factor)
    await factor.verify(context(), credential, undefined, { password: 'x' })
    const answers = [
      'seven green bicycles sing',
      'wrong',
      '',
      'y'.repeat(1_000_000),
      '\u0000',
      '🦄'.repeat(300),
    ]
    for (const data of [credential, row('')]) {
      for (const answer of answers) {
        calls.length = 0
        await factor.verify(context(), data, undefined, { password: answer })
        expect(calls).toEqual(['verify'])
      }
    }
    calls.length = 0
    await factor.verify(context(), credential, undefined, {})
    expect(calls).toEqual(['verify'])
  })

  it('S32: the decoy costs what a real one costs, is made once, and is matched by nothing', async () => {
    const factor = make()
    calls.length = 0
    for (const answer of ['nobody has this one', 'not an answer', ''])
      expect(await factor.verify(context(), row(factor.decoy.phc), undefined, { password: answer })).toEqual({
        status: 'refused',
      })
    expect(calls).toEqual(['hash', 'verify', 'verify', 'verify'])
  })

  it('renews a hash that was made with other parameters, when it matches', async () => {
    const stronger = createPasswordHasher({ ...hashing, iterations: 2 })
    try {
      const old = await stronger.hash('seven green bicycles sing', 'x')
      const factor = make()
      const wrong = await factor.verify(context(), row(old), undefined, { password: 'wrong' })
      expect(wrong).toEqual({ status: 'refused' })
      const verdict = await factor.verify(context(), row(old), undefined, {
        password: 'seven green bicycles sing',
      })
      if (verdict.status !== 'proved' || verdict.credential === undefined) throw new Error('not renewed')
      expect(pool.outdated(old)).toBe(true)
      expect(pool.outdated(verdict.credential.phc)).toBe(false)
      expect(
        await factor.verify(context(), row(verdict.credential.phc), undefined, {
          password: 'seven green bicycles sing',
        }),
      ).toEqual({ status: 'proved' })
    } finally {
      await stronger.close()
    }
  })

  it('lets a full queue through as it is, and makes the decoy at the next try', async () => {
    let full = true
    const factor = password({
      hasher: {
        ...hasher,
        hash: (text, address) => (full ? Promise.reject(new Error('busy')) : pool.hash(text, address)),
      },
      log,
      fetch: globalThis.fetch,
      serviceName: 'Signet',
      settings,
    })
    await expect(factor.verify(context(), row(''), undefined, { password: 'x' })).rejects.toThrow('busy')
    full = false
    expect(await factor.verify(context(), row(''), undefined, { password: 'x' })).toEqual({
      status: 'refused',
    })
  })
})
