import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  acrOf,
  assess,
  type Category,
  type Channel,
  levelOf,
  levels,
  type Proof,
  reaches,
  strongest,
} from '../../src/domain/assurance.ts'

const proof = (factor: string, categories: readonly Category[], more: Partial<Proof> = {}): Proof => ({
  factor,
  categories,
  amr: [factor],
  at: 0,
  ...more,
})
const password = proof('pwd', ['knowledge'])
const totp = proof('otp', ['possession'])
const mailedCode = proof('mail', ['possession'], { channel: 'email' })
const mailedLink = proof('link', ['possession'], { channel: 'email' })
const resetPassword = proof('pwd', ['knowledge'], { channel: 'email' })
const key = proof('hwk', ['possession'], { phishingResistant: true, hardwareBound: true })
const passkey = proof('swk', ['possession', 'inherence'], { phishingResistant: true })

/** Any proof that a factor could give, now or in years to come. */
export const anyProof: fc.Arbitrary<Proof> = fc
  .record({
    factor: fc.constantFrom('a', 'b', 'c', 'd'),
    categories: fc.uniqueArray(fc.constantFrom<Category>('knowledge', 'possession', 'inherence'), {
      minLength: 1,
      maxLength: 2,
    }),
    channel: fc.constantFrom<Channel | undefined>(undefined, 'email', 'sms', 'push'),
    credentialId: fc.constantFrom(undefined, '1', '2', '3'),
    phishingResistant: fc.boolean(),
    hardwareBound: fc.boolean(),
  })
  .map(({ channel, credentialId, ...rest }) => ({
    ...rest,
    amr: [rest.factor],
    at: 0,
    ...(channel === undefined ? {} : { channel }),
    ...(credentialId === undefined ? {} : { credentialId }),
  }))

const single = (proofs: readonly Proof[]) => proofs.every((one) => one.categories.length === 1)

describe('what proofs are worth together', () => {
  it.each([
    ['nothing', [], 'none', []],
    ['a password', [password], 'single-factor', ['pwd']],
    ['a password twice', [password, password], 'single-factor', ['pwd']],
    ['two possessions', [totp, mailedCode], 'single-factor', ['mail', 'otp']],
    ['a password and a one-time code', [password, totp], 'two-factor', ['mfa', 'otp', 'pwd']],
    ['a password and a mailed code', [password, mailedCode], 'two-factor', ['mail', 'mfa', 'pwd']],
    [
      'a password set by mail and a mailed code',
      [resetPassword, mailedCode],
      'single-factor',
      ['mail', 'pwd'],
    ],
    ['a mailed link and a mailed code', [mailedLink, mailedCode], 'single-factor', ['link', 'mail']],
    [
      'the same, with a one-time code',
      [resetPassword, mailedCode, totp],
      'two-factor',
      ['mail', 'mfa', 'otp', 'pwd'],
    ],
    ['a key alone', [key], 'single-factor', ['hwk']],
    ['a password and a key', [password, key], 'hardware-bound', ['hwk', 'mfa', 'pwd']],
    ['a passkey with user verification', [passkey], 'phishing-resistant', ['mfa', 'swk']],
    ['a passkey and a code', [passkey, totp], 'phishing-resistant', ['mfa', 'otp', 'swk']],
  ] as const)('S44: %s', (_name, proofs, level, amr) => {
    expect(assess(proofs)).toEqual({ level, acr: `urn:signet:acr:${level}`, amr })
  })

  it('S44: one category never makes two factors, whatever is given', () => {
    fc.assert(
      fc.property(
        fc.array(anyProof),
        fc.constantFrom<Category>('knowledge', 'possession', 'inherence'),
        (proofs, category) => {
          const alike = proofs.map((one) => ({ ...one, categories: [category] }))
          expect(reaches(assess(alike).level, 'two-factor')).toBe(false)
        },
      ),
    )
  })

  it('S44: proofs over one channel never make two factors, unless one of them is two by itself', () => {
    fc.assert(
      fc.property(fc.array(anyProof), fc.constantFrom<Channel>('email', 'sms', 'push'), (proofs, channel) => {
        const alike = proofs.filter((one) => one.categories.length === 1).map((one) => ({ ...one, channel }))
        expect(reaches(assess(alike).level, 'two-factor')).toBe(false)
      }),
    )
  })

  it('S44: one credential never makes two factors, unless it is two by itself', () => {
    fc.assert(
      fc.property(fc.array(anyProof), (proofs) => {
        const alike = proofs
          .filter((one) => one.categories.length === 1)
          .map((one) => ({ ...one, credentialId: 'same' }))
        expect(reaches(assess(alike).level, 'two-factor')).toBe(false)
      }),
    )
  })

  it('S44: two factors always come from two categories, over two ways, of two credentials', () => {
    fc.assert(
      fc.property(fc.array(anyProof), (proofs) => {
        if (!reaches(assess(proofs).level, 'two-factor') || !single(proofs)) return
        const pair = proofs.some((one) =>
          proofs.some(
            (other) =>
              one.categories[0] !== other.categories[0] &&
              (one.channel === undefined || one.channel !== other.channel) &&
              (one.credentialId === undefined || one.credentialId !== other.credentialId),
          ),
        )
        expect(pair).toBe(true)
      }),
    )
  })

  it('depends neither on the order of proofs nor on their repetition, and never falls when one is added', () => {
    fc.assert(
      fc.property(fc.array(anyProof), anyProof, (proofs, further) => {
        const once = assess(proofs)
        expect(assess(proofs.toReversed())).toEqual(once)
        expect(reaches(assess([...proofs, further]).level, once.level)).toBe(true)
        if (single(proofs)) expect(assess([...proofs, ...proofs])).toEqual(once)
      }),
    )
  })

  it('S31: nothing is phishing-resistant or hardware-bound without a proof that says so', () => {
    fc.assert(
      fc.property(fc.array(anyProof), (proofs) => {
        const { level } = assess(proofs)
        if (reaches(level, 'phishing-resistant'))
          expect(proofs.some((one) => one.phishingResistant)).toBe(true)
        if (level === 'hardware-bound')
          expect(proofs.some((one) => one.phishingResistant && one.hardwareBound)).toBe(true)
      }),
    )
  })
})

describe('levels', () => {
  it('rise, have one name each, and are found by it', () => {
    expect(strongest(levels)).toBe('hardware-bound')
    expect(strongest([])).toBe('none')
    for (const level of levels) {
      expect(reaches(level, level)).toBe(true)
      expect(levelOf(acrOf(level))).toBe(level === 'none' ? undefined : level)
    }
    expect(levelOf('urn:signet:acr:')).toBeUndefined()
    expect(levelOf('two-factor')).toBeUndefined()
  })
})
