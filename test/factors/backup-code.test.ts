import { describe, expect, it } from 'vitest'
import type { Credential } from '../../src/domain/credential.ts'
import { backupCode } from '../../src/factors/backup-code.ts'
import { totp } from '../../src/factors/totp.ts'
import type { Context } from '../../src/ports/factor.ts'
import { random } from '../../src/vault/vault.ts'
import {
  asker,
  createHouse,
  type House,
  hour,
  identified,
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

const settings = { enabled: true, count: 10 }
const factor = backupCode({ serviceName: 'Signet', settings })
const authenticator = totp({
  serviceName: 'Signet',
  settings: { enabled: true, algorithm: 'SHA-1', digits: 6, period: 30 * second, window: 1 },
})
const context = {
  mac: (value: string) => `mac of ${value}`,
  random,
  identity: { id: 'ana', identifiers: [] },
}
const cx = context as unknown as Context

type Data = (typeof factor)['decoy']
const row = (data: Data): Credential<Data> => ({
  id: 'one',
  version: 1,
  identityId: 'ana',
  factor: 'backup-code',
  data,
  createdAt: 0,
})

const codesIn = (show: Readonly<Record<string, unknown>> = {}) => show.codes as string[]

async function made() {
  const { challenge, show } = await factor.enrolment.begin(cx)
  const enrolled = await factor.enrolment.finish(cx, challenge)
  if (enrolled.status !== 'enrolled') throw new Error(enrolled.reason)
  return { codes: codesIn(show), data: enrolled.data as Data }
}

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

describe('signing in with a backup code', () => {
  eachStore((_name, open) => {
    async function house(options: Partial<Parameters<typeof createHouse>[1]> = {}): Promise<House> {
      const clock = createClock()
      return createHouse(await open(clock.now), { clock, factors: [authenticator, factor], ...options })
    }

    async function makeCodes({ enrolments }: House, id: string): Promise<string[]> {
      const { ticket = '', show } = await enrolments.begin(id, 'backup-code', visit())
      expect(await enrolments.finish(id, 'backup-code', { ticket }, visit())).toMatchObject({
        status: 'enrolled',
      })
      return codesIn(show)
    }

    /** Somebody with a password, an authenticator app and backup codes. */
    async function equipped(here: House) {
      const id = await here.person('ana@example.com')
      const totp_secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
      await here.enrolments.adopt(id, 'totp', { totp_secret }, operator)
      return { id, key: totp_secret, codes: await makeCodes(here, id) }
    }

    async function halfway(here: House) {
      const who = await identified(here, 'ana@example.com')
      await here.engine.prove(who, visit(), 'password', { password: secret })
      return who
    }

    it('S28: is another way after the password, counts once, and its owner is told', async () => {
      const here = await house()
      const { id, codes } = await equipped(here)
      const [code = ''] = codes
      const who = await identified(here, 'ana@example.com')
      expect(await here.engine.prove(who, visit(), 'password', { password: secret })).toMatchObject({
        step: { kind: 'prove', oneOf: ['totp', 'backup-code'], chosen: 'totp' },
      })
      await here.engine.choose(who, visit(), 'backup-code')
      expect(here.sent).toEqual([])
      const typed = code.toLowerCase().replaceAll('-', ' ')
      expect(await here.engine.prove(who, visit(), 'backup-code', { code: typed })).toMatchObject({
        step: { kind: 'done' },
      })
      expect(await here.engine.redeem(who)).toMatchObject({
        identityId: id,
        level: 'two-factor',
        amr: ['mfa', 'otp', 'pwd'],
      })
      expect(here.sent).toMatchObject([
        {
          template: 'backup-code-used',
          to: { written: 'ana@example.com' },
          values: { count: 9, device: 'Test browser' },
        },
      ])
      const again = await halfway(here)
      expect(await here.engine.prove(again, visit(), 'backup-code', { code })).toEqual({
        status: 'refused',
        reason: 'used',
      })
      expect(await here.engine.redeem(again)).toBeUndefined()
      expect(here.sent).toHaveLength(1)
      const stored = JSON.stringify(await here.store.credentials.findBy('identityId', id))
      for (const one of codes) expect(stored).not.toContain(one.replaceAll('-', ''))
      expect((await here.enrolments.list(id)).find((one) => one.factor === 'backup-code')?.about).toEqual({
        values: { count: 9, total: 10 },
        warn: false,
      })
    })

    it('S32: is not offered before the password, and alone lets nobody in', async () => {
      const here = await house()
      const { codes } = await equipped(here)
      const who = await identified(here, 'ana@example.com')
      expect(await here.engine.prove(who, visit(), 'backup-code', { code: codes[0] ?? '' })).toMatchObject({
        step: { kind: 'prove', oneOf: ['password'] },
      })
      expect(await here.engine.redeem(who)).toBeUndefined()
    })

    it('S44: beside an authenticator app it adds nothing: both are something one has', async () => {
      const here = await house()
      const { key, codes } = await equipped(here)
      const who = await halfway(here)
      await here.engine.prove(who, visit(), 'totp', { code: codeOf(key, here.clock.now()) })
      expect(await here.engine.prove(who, visit(), 'backup-code', { code: codes[0] ?? '' })).toMatchObject({
        step: { kind: 'done' },
      })
      // It was not looked at: it is still good.
      const later = await halfway(here)
      expect(await here.engine.prove(later, visit(), 'backup-code', { code: codes[0] ?? '' })).toMatchObject({
        step: { kind: 'done' },
      })
    })

    it('another browser cannot go on with it, and nobody once the process is over', async () => {
      const here = await house()
      const { codes } = await equipped(here)
      const who = await halfway(here)
      const thief = { ...who, browser: asker().browser }
      expect(await here.engine.prove(thief, visit(), 'backup-code', { code: codes[0] ?? '' })).toEqual({
        status: 'lost',
      })
      here.clock.advance(hour)
      expect(await here.engine.prove(who, visit(), 'backup-code', { code: codes[0] ?? '' })).toEqual({
        status: 'lost',
      })
      const later = await halfway(here)
      expect(await here.engine.prove(later, visit(), 'backup-code', { code: codes[0] ?? '' })).toMatchObject({
        step: { kind: 'done' },
      })
    })

    it('S26: a stranger who guesses takes no code away, and is slowed down by their address', async () => {
      const here = await house()
      const { codes } = await equipped(here)
      const who = await halfway(here)
      const wrong = await parallel(40, () =>
        here.engine.prove(who, visit(), 'backup-code', { code: 'AAAAA-AAAAA-AAAAA' }),
      )
      expect(wrong.filter(({ status }) => status === 'refused')).toHaveLength(25)
      expect(wrong.filter(({ status }) => status === 'throttled')).toHaveLength(15)
      const elsewhere = visit({ address: '198.51.100.9' })
      expect(await here.engine.prove(who, elsewhere, 'backup-code', { code: codes[0] ?? '' })).toMatchObject({
        step: { kind: 'done' },
      })
    })

    it('S28 F3: one code proves one of 2, 8 and 32 sign-ins at the same moment, and one message goes out', async () => {
      const here = await house({ throttle: { free_tries: 100, free_tries_per_address: 1_000 } })
      const { codes } = await equipped(here)
      for (const [round, racers] of [2, 8, 32].entries()) {
        const halves = await parallel(racers, () => halfway(here))
        const outcomes = await Promise.all(
          halves.map((who) => here.engine.prove(who, visit(), 'backup-code', { code: codes[round] ?? '' })),
        )
        expect(outcomes.filter(({ status }) => status === 'moved')).toHaveLength(1)
        expect(here.sent).toHaveLength(round + 1)
      }
    })

    it('two codes at the same moment both count, and both are spent', async () => {
      const here = await house()
      const { id, codes } = await equipped(here)
      const halves = await parallel(2, () => halfway(here))
      const outcomes = await Promise.all(
        halves.map((who, index) =>
          here.engine.prove(who, visit(), 'backup-code', { code: codes[index] ?? '' }),
        ),
      )
      expect(outcomes).toMatchObject([{ step: { kind: 'done' } }, { step: { kind: 'done' } }])
      expect(
        (await here.enrolments.list(id)).find((one) => one.factor === 'backup-code')?.about?.values.count,
      ).toBe(8)
    })

    it('new codes void the old ones, from the moment they are confirmed and not before', async () => {
      const here = await house()
      const { id, codes } = await equipped(here)
      const { ticket = '', show } = await here.enrolments.begin(id, 'backup-code', visit())
      const fresh = codesIn(show)
      const early = await halfway(here)
      expect(await here.engine.prove(early, visit(), 'backup-code', { code: fresh[0] ?? '' })).toEqual({
        status: 'refused',
      })
      expect(await here.engine.prove(early, visit(), 'backup-code', { code: codes[0] ?? '' })).toMatchObject({
        step: { kind: 'done' },
      })
      await here.enrolments.finish(id, 'backup-code', { ticket }, visit())
      const later = await halfway(here)
      expect(await here.engine.prove(later, visit(), 'backup-code', { code: codes[1] ?? '' })).toEqual({
        status: 'refused',
      })
      expect(await here.engine.prove(later, visit(), 'backup-code', { code: fresh[0] ?? '' })).toMatchObject({
        step: { kind: 'done' },
      })
      // Handed in twice, the form makes one set.
      expect(await here.enrolments.finish(id, 'backup-code', { ticket }, visit())).toMatchObject({
        reason: 'challenge-expired',
      })
    })

    it('warns when few are left and offers new ones to whoever uses one; used up, it is offered no more', async () => {
      const here = await house()
      const { id, codes } = await equipped(here)
      for (const [index, code] of codes.entries()) {
        const who = await halfway(here)
        const left = codes.length - index - 1
        const offer = { kind: 'enrol', why: 'running-out', oneOf: ['backup-code'], mayWait: {} }
        expect(await here.engine.prove(who, visit(), 'backup-code', { code })).toMatchObject({
          step: left > 3 ? { kind: 'done' } : offer,
        })
        if (left <= 3)
          expect(await here.engine.postpone(who, visit())).toMatchObject({ step: { kind: 'done' } })
        expect((await here.enrolments.list(id)).find((one) => one.factor === 'backup-code')?.about).toEqual({
          values: { count: left, total: 10 },
          warn: left <= 3,
        })
      }
      const who = await identified(here, 'ana@example.com')
      expect(await here.engine.prove(who, visit(), 'password', { password: secret })).toMatchObject({
        step: { kind: 'prove', oneOf: ['totp'] },
      })
    })

    it('with a password and nothing else nobody is asked for one, and S25: the password has to be a long one', async () => {
      const here = await house()
      const id = await here.person('ana@example.com')
      const codes = await makeCodes(here, id)
      const who = await identified(here, 'ana@example.com')
      expect(await here.engine.prove(who, visit(), 'password', { password: secret })).toMatchObject({
        step: { kind: 'done' },
      })
      expect(
        await here.enrolments.finish(id, 'password', { password: 'ten letters' }, visit()),
      ).toMatchObject({
        reason: 'too-short',
      })
      // Where two factors are demanded they are what the person has.
      const step = asker()
      await here.engine.open(step, { requirement: { level: 'two-factor', essential: true } })
      await here.engine.identify(step, visit(), 'ana@example.com')
      expect(await here.engine.prove(step, visit(), 'password', { password: secret })).toMatchObject({
        step: { kind: 'prove', oneOf: ['backup-code'] },
      })
      expect(await here.engine.prove(step, visit(), 'backup-code', { code: codes[0] ?? '' })).toMatchObject({
        step: { kind: 'done' },
      })
    })

    it('is never what somebody has to add at sign-in', async () => {
      const here = await house({ level: 'two-factor' })
      await here.person('ana@example.com')
      const who = asker()
      await here.engine.open(who, { requirement: plain })
      await here.engine.identify(who, visit(), 'ana@example.com')
      expect(await here.engine.prove(who, visit(), 'password', { password: secret })).toMatchObject({
        step: { kind: 'enrol', oneOf: ['totp'] },
      })
    })
  })
})
