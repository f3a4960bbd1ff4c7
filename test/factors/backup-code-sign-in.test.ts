import { describe, expect, it } from 'vitest'
import { asker, hour, identified, plain, secret, visit } from '../authentication/house.ts'
import { parallel } from '../identities/world.ts'
import { eachStore } from '../support/stores.ts'
import { codeOf } from './authenticator.ts'
import { backups, codesIn } from './backup-world.ts'

describe('signing in with a backup code', () => {
  eachStore((_store, open) => {
    const { house, makeCodes, equipped, halfway } = backups(open)

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
