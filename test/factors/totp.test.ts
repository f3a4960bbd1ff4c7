import { describe, expect, it } from 'vitest'
import { second } from '../authentication/house.ts'
import { codeOf } from './authenticator.ts'
import { ascii, base32, context, make, row, start } from './totp-world.ts'

describe('a code of an authenticator app', () => {
  it.each([
    ['SHA-1', 20, ['94287082', '07081804', '14050471', '89005924', '69279037', '65353130']],
    ['SHA-256', 32, ['46119246', '68084774', '67062674', '91819424', '90698825', '77737706']],
    ['SHA-512', 64, ['90693936', '25091201', '99943326', '93441116', '38618901', '47863826']],
  ])('is what RFC 6238 says, with %s', async (totp_algorithm, length, codes) => {
    const factor = make({ window: 0 })
    const data = factor.enrolment.adopt({
      totp_secret: base32(ascii(length)),
      totp_algorithm,
      totp_digits: '8',
    })
    if (data === undefined) throw new Error('not adopted')
    const times = [59, 1_111_111_109, 1_111_111_111, 1_234_567_890, 2_000_000_000, 20_000_000_000]
    for (const [index, at] of times.entries()) {
      const verdict = await factor.verify(context(at * second), row(data), undefined, {
        code: codes[index] ?? '',
      })
      expect(verdict).toMatchObject({ status: 'proved', credential: { lastStep: Math.floor(at / 30) } })
    }
  })

  it.each([0, 1, 2])('S27: is taken %i steps around the present one, and not one more', async (window) => {
    const factor = make({ window })
    const data = factor.enrolment.adopt({ totp_secret: base32(ascii(20)) })
    if (data === undefined) throw new Error('not adopted')
    for (let step = -4; step <= 4; step += 1) {
      const code = codeOf(data.secret, start + step * 30 * second)
      const { status } = await factor.verify(context(start), row(data), undefined, { code })
      expect([step, status]).toEqual([step, Math.abs(step) <= window ? 'proved' : 'refused'])
    }
  })

  it('S27 F8: never counts twice, wherever the clock jumps', async () => {
    const factor = make()
    const adopted = factor.enrolment.adopt({ totp_secret: base32(ascii(20)) })
    if (adopted === undefined) throw new Error('not adopted')
    let data = adopted
    const used = new Set<string>()
    const jumps = [0, 10, -10, 60, -60, 3_600, -3_600, 30, -7_200, 7_230, 0]
    let now = start
    for (const jump of jumps) {
      now += jump * second
      for (const step of [-1, 0, 1]) {
        const code = codeOf(data.secret, now + step * 30 * second)
        const verdict = await factor.verify(context(now), row(data), undefined, { code })
        if (verdict.status !== 'proved') continue
        expect(used).not.toContain(code)
        used.add(code)
        data = verdict.credential ?? data
        expect(await factor.verify(context(now), row(data), undefined, { code })).toEqual({
          status: 'refused',
          reason: 'used',
        })
      }
    }
    expect(used.size).toBeGreaterThan(5)
  })

  it('may be typed in groups; anything else that is no code is refused without a fault', async () => {
    const factor = make()
    const data = factor.enrolment.adopt({ totp_secret: base32(ascii(20)) })
    if (data === undefined) throw new Error('not adopted')
    const code = codeOf(data.secret, start)
    const answer = (typed: string) => factor.verify(context(start), row(data), undefined, { code: typed })
    expect(await answer(` ${code.slice(0, 3)} ${code.slice(3)} `)).toMatchObject({ status: 'proved' })
    for (const typed of [
      '',
      ' ',
      '12345',
      '1234567',
      `${code}0`,
      '１２３４５６',
      '-12345',
      '1e5000',
      'x'.repeat(10_000),
    ])
      expect(await answer(typed)).toEqual({ status: 'refused' })
    expect(await factor.verify(context(start), row(factor.decoy), undefined, {})).toEqual({
      status: 'refused',
    })
  })
})

describe('the key of an authenticator app', () => {
  it.each([
    ['SHA-1', 20],
    ['SHA-256', 32],
    ['SHA-512', 64],
  ] as const)('is as long as the digest of %s, and new each time', async (algorithm, bytes) => {
    const factor = make({ algorithm, digits: 8, period: 60 * second }, 'Example: the best')
    const begun = await factor.enrolment.begin(context(start), [])
    const { secret: key } = begun.challenge
    expect(key).toMatch(/^[A-Z2-7]+$/)
    expect(Math.floor((key.length * 5) / 8)).toBe(bytes)
    expect((await factor.enrolment.begin(context(start), [])).challenge.secret).not.toBe(key)
    // Whoever goes on with a question is asked the same one.
    expect(await factor.enrolment.begin(context(start), [], begun.challenge)).toEqual(begun)
    const link = new URL(String(begun.show.link))
    expect([link.protocol, link.host, Object.fromEntries(link.searchParams)]).toEqual([
      'otpauth:',
      'totp',
      {
        secret: key,
        issuer: 'Example  the best',
        // What apps assume needs not be said.
        ...(algorithm === 'SHA-1' ? {} : { algorithm: algorithm.replace('-', '') }),
        digits: '8',
        period: '60',
      },
    ])
    const code = codeOf(key, start, { algorithm, digits: 8, period: 60 })
    expect(
      await factor.enrolment.finish(context(start), begun.challenge, { code, label: ' Phone ' }),
    ).toEqual({
      status: 'enrolled',
      label: 'Phone',
      data: { secret: key, algorithm, digits: 8, period: 60_000, lastStep: Math.floor(start / 60_000) },
    })
  })

  it('is taken over from another system, if it is one', () => {
    const { adopt } = make().enrolment
    const totp_secret = 'jbsw y3dp ehpk 3pxp'
    expect(adopt({ totp_secret })).toEqual({
      secret: 'JBSWY3DPEHPK3PXP',
      algorithm: 'SHA-1',
      digits: 6,
      period: 30_000,
      lastStep: 0,
    })
    expect(adopt({ totp_secret, totp_algorithm: 'HmacSHA256', totp_period: '60' })).toMatchObject({
      algorithm: 'SHA-256',
      period: 60_000,
    })
    const wrong = [
      {},
      { phc: 'x' },
      { totp_secret: '' },
      { totp_secret: 'JBSWY3DP' },
      { totp_secret: 'not base 32!' },
      { totp_secret, totp_digits: '4' },
      { totp_secret, totp_period: '0' },
      { totp_secret, totp_algorithm: 'MD5' },
    ]
    for (const material of wrong) expect(adopt(material as Record<string, string>)).toBeUndefined()
  })
})
