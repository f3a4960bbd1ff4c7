import { describe, expect, it } from 'vitest'
import type { Credential } from '../../src/domain/credential.ts'
import { totp } from '../../src/factors/totp.ts'
import type { Context } from '../../src/ports/factor.ts'
import { random } from '../../src/vault/vault.ts'
import {
  asker,
  createHouse,
  type House,
  hour,
  identified,
  minute,
  operator,
  plain,
  second,
  secret,
  visit,
} from '../authentication/fixture.ts'
import { parallel } from '../identities/world.ts'
import { createClock } from '../support/clock.ts'
import { eachStore } from '../support/stores.ts'
import { codeOf } from './authenticator.ts'

const settings = { enabled: true, algorithm: 'SHA-1', digits: 6, period: 30 * second, window: 1 } as const
const make = (more: Partial<Parameters<typeof totp>[0]['settings']> = {}, serviceName = 'Signet') =>
  totp({ serviceName, settings: { ...settings, ...more } })

const context = (now: number): Context =>
  ({ now, address: '203.0.113.7', language: 'en', mac: (value: string) => value, random }) as Context

const row = <Data>(data: Data): Credential<Data> => ({
  id: 'one',
  version: 1,
  identityId: 'ana',
  factor: 'totp',
  data,
  createdAt: 0,
})

const start = 1_800_000_000 * second
// RFC 6238 appendix B: the text 1234567890… as long as each digest.
const ascii = (length: number) => '1234567890'.repeat(7).slice(0, length)
const base32 = (text: string) => {
  const bits = [...Buffer.from(text)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const letters = bits.match(/.{1,5}/g) ?? []
  return letters
    .map((five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(five.padEnd(5, '0'), 2)])
    .join('')
}

const keyIn = (show: Readonly<Record<string, unknown>> = {}) => (show.groups as string[]).join('')

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

describe('signing in with a password and an authenticator app', () => {
  eachStore((_name, open) => {
    async function house(): Promise<House> {
      const clock = createClock(start)
      return createHouse(await open(clock.now), { clock, factors: [make()] })
    }

    /** Enrols as people do; answers the key. */
    async function enrol({ enrolments, clock }: House, id: string, label = 'Phone'): Promise<string> {
      const { ticket = '', show } = await enrolments.begin(id, 'totp', visit())
      const key = keyIn(show)
      const form = { code: codeOf(key, clock.now()), label, ticket }
      expect(await enrolments.finish(id, 'totp', form, visit())).toMatchObject({ status: 'enrolled' })
      // What confirmed it is spent: on to the next code.
      clock.advance(30 * second)
      return key
    }

    async function halfway(here: House) {
      const who = await identified(here, 'ana@example.com')
      const moved = await here.engine.prove(who, visit(), 'password', { password: secret })
      expect(moved).toMatchObject({ step: { kind: 'prove', oneOf: ['totp'], why: 'level' } })
      return who
    }

    it('asks for the code after the password, and reaches two factors', async () => {
      const here = await house()
      const id = await here.person('ana@example.com')
      const key = await enrol(here, id)
      const who = await halfway(here)
      expect(await here.engine.redeem(who)).toBeUndefined()
      const code = codeOf(key, here.clock.now())
      expect(await here.engine.prove(who, visit(), 'totp', { code })).toMatchObject({
        step: { kind: 'done' },
      })
      expect(await here.engine.redeem(who)).toMatchObject({
        identityId: id,
        level: 'two-factor',
        amr: ['mfa', 'otp', 'pwd'],
      })
      expect(JSON.stringify(await here.store.credentials.findBy('identityId', id))).not.toContain(key)
    })

    it('S32: is not offered before the password, and no code is looked at there', async () => {
      const here = await house()
      const key = await enrol(here, await here.person('ana@example.com'))
      const who = await identified(here, 'ana@example.com')
      const code = codeOf(key, here.clock.now())
      expect(await here.engine.prove(who, visit(), 'totp', { code })).toMatchObject({
        step: { kind: 'prove', oneOf: ['password'] },
      })
      expect(await here.engine.redeem(who)).toBeUndefined()
    })

    it('refuses a wrong code, an old one and one that was used, and says which it was', async () => {
      const here = await house()
      const key = await enrol(here, await here.person('ana@example.com'))
      const first = await halfway(here)
      const code = codeOf(key, here.clock.now())
      const wrong = code === '000000' ? '000001' : '000000'
      expect(await here.engine.prove(first, visit(), 'totp', { code: wrong })).toEqual({ status: 'refused' })
      const old = codeOf(key, here.clock.now() - 5 * minute)
      expect(await here.engine.prove(first, visit(), 'totp', { code: old })).toEqual({ status: 'refused' })
      expect(await here.engine.prove(first, visit(), 'totp', { code })).toMatchObject({
        step: { kind: 'done' },
      })
      const second_ = await halfway(here)
      const used = { status: 'refused', reason: 'used' }
      expect(await here.engine.prove(second_, visit(), 'totp', { code })).toEqual(used)
      // Nor an earlier one that was never used.
      const before = codeOf(key, here.clock.now() - 30 * second)
      expect(await here.engine.prove(second_, visit(), 'totp', { code: before })).toEqual(used)
    })

    it('S27: the code that confirmed the enrolment signs nobody in', async () => {
      const here = await house()
      const id = await here.person('ana@example.com')
      const key = await enrol(here, id)
      here.clock.advance(-30 * second)
      const who = await halfway(here)
      const code = codeOf(key, here.clock.now())
      expect(await here.engine.prove(who, visit(), 'totp', { code })).toMatchObject({ reason: 'used' })
    })

    it('another browser cannot go on where this one stands', async () => {
      const here = await house()
      const key = await enrol(here, await here.person('ana@example.com'))
      const who = await halfway(here)
      const thief = { ...who, browser: asker().browser }
      const code = codeOf(key, here.clock.now())
      expect(await here.engine.prove(thief, visit(), 'totp', { code })).toEqual({ status: 'lost' })
      expect(await here.engine.redeem(thief)).toBeUndefined()
      expect(await here.engine.prove(who, visit(), 'totp', { code })).toMatchObject({
        step: { kind: 'done' },
      })
    })

    it('has no second step once the process is over', async () => {
      const here = await house()
      const key = await enrol(here, await here.person('ana@example.com'))
      const who = await halfway(here)
      here.clock.advance(hour)
      const code = codeOf(key, here.clock.now())
      expect(await here.engine.prove(who, visit(), 'totp', { code })).toEqual({ status: 'lost' })
    })

    it('S26 S27: of fifty guesses at once five are looked at, and a new sign-in buys no more', async () => {
      const here = await house()
      const key = await enrol(here, await here.person('ana@example.com'))
      const who = await halfway(here)
      const good = codeOf(key, here.clock.now())
      const guesses = Array.from({ length: 50 }, (_, index) => String(index).padStart(6, '0'))
      const outcomes = await Promise.all(
        guesses
          .filter((code) => code !== good)
          .map((code) => here.engine.prove(who, visit(), 'totp', { code })),
      )
      expect(outcomes.filter(({ status }) => status === 'refused')).toHaveLength(5)
      expect(outcomes.filter(({ status }) => status === 'throttled').length).toBeGreaterThanOrEqual(44)
      expect(await here.engine.prove(who, visit(), 'totp', { code: good })).toMatchObject({
        status: 'throttled',
      })
      const again = await identified(here, 'ana@example.com')
      expect(await here.engine.prove(again, visit(), 'password', { password: secret })).toMatchObject({
        status: 'throttled',
      })
      here.clock.advance(31 * second)
      const later = await halfway(here)
      const next = codeOf(key, here.clock.now())
      expect(await here.engine.prove(later, visit(), 'totp', { code: next })).toMatchObject({
        step: { kind: 'done' },
      })
    })

    it('S27 F3: one code proves one of 2, 8 and 32 sign-ins at the same moment', async () => {
      const clock = createClock(start)
      const generous = { free_tries: 100, free_tries_per_address: 1_000 }
      const here = createHouse(await open(clock.now), { clock, factors: [make()], throttle: generous })
      const key = await enrol(here, await here.person('ana@example.com'))
      for (const racers of [2, 8, 32]) {
        const halves = await parallel(racers, () => halfway(here))
        const code = codeOf(key, clock.now())
        const outcomes = await Promise.all(
          halves.map((who) => here.engine.prove(who, visit(), 'totp', { code })),
        )
        expect(outcomes.filter(({ status }) => status === 'moved')).toHaveLength(1)
        clock.advance(30 * second)
      }
    })

    it('knows several apps of one person, each with its own codes and its own name', async () => {
      const here = await house()
      const id = await here.person('ana@example.com')
      const keys = [await enrol(here, id, 'Phone'), await enrol(here, id, 'Tablet')]
      expect((await here.enrolments.list(id)).map(({ label }) => label).sort()).toEqual(
        [undefined, 'Phone', 'Tablet'].sort(),
      )
      for (const key of keys) {
        const who = await halfway(here)
        const code = codeOf(key, here.clock.now())
        expect(await here.engine.prove(who, visit(), 'totp', { code })).toMatchObject({
          step: { kind: 'done' },
        })
        const replay = await halfway(here)
        expect(await here.engine.prove(replay, visit(), 'totp', { code })).toEqual({
          status: 'refused',
          reason: 'used',
        })
      }
    })

    it('a lost phone: its app is removed, its codes are worth nothing, the other one goes on', async () => {
      const here = await house()
      const id = await here.person('ana@example.com')
      const [lost, kept] = [await enrol(here, id, 'Lost'), await enrol(here, id, 'Kept')]
      const { id: credential = '' } =
        (await here.enrolments.list(id)).find(({ label }) => label === 'Lost') ?? {}
      const by = { kind: 'identity', id } as const
      expect(await here.enrolments.remove(id, credential, by)).toEqual({ status: 'removed' })
      const who = await halfway(here)
      const [gone, good] = [codeOf(lost, here.clock.now()), codeOf(kept, here.clock.now())]
      expect(await here.engine.prove(who, visit(), 'totp', { code: gone })).toEqual({ status: 'refused' })
      expect(await here.engine.prove(who, visit(), 'totp', { code: good })).toMatchObject({
        step: { kind: 'done' },
      })
      const { items } = await here.audit.list({ identityId: id, action: 'credential.removed', limit: 5 })
      expect(items).toMatchObject([{ details: { factor: 'totp' } }])
    })

    it('a mistyped code leaves the same key; a right one is good once', async () => {
      const here = await house()
      const id = await here.person('ana@example.com')
      const first = await here.enrolments.begin(id, 'totp', visit())
      const { ticket = '', show } = first
      const key = keyIn(show)
      const code = codeOf(key, here.clock.now())
      const wrong = code === '000000' ? '000001' : '000000'
      expect(await here.enrolments.finish(id, 'totp', { code: wrong, ticket }, visit())).toEqual({
        status: 'refused',
        reason: 'mismatch',
      })
      expect(await here.enrolments.begin(id, 'totp', visit(), ticket)).toEqual(first)
      const racers = await parallel(8, () => here.enrolments.finish(id, 'totp', { code, ticket }, visit()))
      expect(racers.filter(({ status }) => status === 'enrolled')).toHaveLength(1)
      // Nobody else can use what was asked here, and what is altered is asked anew.
      const eve = await here.person('eve@example.com')
      const hers = await here.enrolments.begin(eve, 'totp', visit(), ticket)
      expect(hers.ticket).not.toBe(ticket)
      expect(hers.show?.groups).not.toEqual(show?.groups)
    })

    it('is added at sign-in where two factors are demanded, with the same key until a code fits', async () => {
      const clock = createClock(start)
      const here = createHouse(await open(clock.now), { clock, factors: [make()], level: 'two-factor' })
      const id = await here.person('ana@example.com')
      const who = asker()
      await here.engine.open(who, { requirement: plain, clientId: 'app' })
      await here.engine.identify(who, visit(), 'ana@example.com')
      expect(await here.engine.prove(who, visit(), 'password', { password: secret })).toMatchObject({
        step: { kind: 'enrol', oneOf: ['totp'], why: 'level' },
      })
      const key = async () => keyIn((await here.engine.current(who, visit()))?.show)
      const first = await key()
      const code = codeOf(first, clock.now())
      const wrong = code === '000000' ? '000001' : '000000'
      expect(await here.engine.enrol(who, visit(), 'totp', { code: wrong })).toMatchObject({
        reason: 'mismatch',
      })
      expect(await key()).toBe(first)
      expect(await here.engine.enrol(who, visit(), 'totp', { code })).toMatchObject({
        step: { kind: 'done' },
      })
      expect(await here.engine.redeem(who)).toMatchObject({ identityId: id, level: 'two-factor' })
    })

    it('is taken over with its seed from another system', async () => {
      const here = await house()
      const id = await here.person('ana@example.com')
      const totp_secret = base32(ascii(32))
      const material = { totp_secret, totp_algorithm: 'SHA256', totp_digits: '8', totp_period: '60' }
      expect(await here.enrolments.adopt(id, 'totp', material, operator)).toMatchObject({
        status: 'enrolled',
      })
      const who = await halfway(here)
      const code = codeOf(totp_secret, here.clock.now(), { algorithm: 'SHA-256', digits: 8, period: 60 })
      expect(await here.engine.prove(who, visit(), 'totp', { code })).toMatchObject({
        step: { kind: 'done' },
      })
    })
  })
})
