import { describe, expect, it } from 'vitest'
import { emailCode } from '../../src/factors/email-code.ts'
import { smsCode } from '../../src/factors/sms-code.ts'
import {
  asker,
  createHouse,
  type HouseOptions,
  hour,
  identified,
  minute,
  operator,
  second,
  secret,
  visit,
} from '../authentication/house.ts'
import { parallel } from '../identities/world.ts'
import { eachStore } from '../support/stores.ts'
import { asked, budgetOn, delivered, lastCode, sendingHouse } from './sent.ts'

const sent = { enabled: true, digits: 6, lifetime: 10 * minute, tries: 5, per_hour: 5 }
const settings = { ...sent, first: false, per_number_per_month: 60, per_month: 10_000 }
const name = 'sms-code'
const ana = 'ana@example.com'
const number = '+4915112345678'

describe('a code by SMS', () => {
  eachStore((_store, open) => {
    async function withAna(options: HouseOptions = {}, more: Partial<typeof settings> = {}) {
      const house = await sendingHouse(
        open,
        (budget) => [
          smsCode({ budget, settings: { ...settings, ...more } }),
          emailCode({ budget, settings: sent }),
        ],
        options,
      )
      return { ...house, id: await somebody(house, ana, number) }
    }

    async function somebody(
      { identities, enrolments }: Pick<Awaited<ReturnType<typeof sendingHouse>>, 'identities' | 'enrolments'>,
      email: string,
      phone: string,
      verified = true,
    ): Promise<string> {
      const created = await identities.create(
        {
          identifiers: [
            { kind: 'email', written: email, verified: true },
            { kind: 'phone', written: phone, verified },
          ],
          state: 'active',
        },
        operator,
      )
      if (created.status !== 'created') throw new Error(created.status)
      await enrolments.finish(created.identity.id, 'password', { password: secret }, visit())
      return created.identity.id
    }

    /** After the password, where two factors are wanted. */
    async function halfway(house: Awaited<ReturnType<typeof withAna>>, email = ana, at = visit()) {
      const who = asker()
      await house.engine.open(who, { requirement: { level: 'two-factor', essential: true } })
      await house.engine.identify(who, at, email)
      await house.engine.prove(who, at, 'password', { password: secret })
      return who
    }

    it('is a second step: not offered first, then sent to the proved number, which is shown in part', async () => {
      const house = await withAna()
      const first = await identified(house, ana)
      expect((await house.engine.current(first, visit()))?.step).toMatchObject({
        oneOf: ['password', 'email-code'],
      })
      const who = await halfway(house)
      const now = await house.engine.current(who, visit())
      expect(now).toMatchObject({ step: { chosen: name, why: 'level' }, show: { to: '+49•••78' } })
      expect(delivered(house).map(({ to }) => to.written)).toEqual([number])
      expect(await house.engine.prove(who, visit(), name, { code: '0' })).toEqual({ status: 'refused' })
      expect(await house.engine.prove(who, visit(), name, { code: lastCode(house) })).toMatchObject({
        step: { kind: 'done' },
      })
      expect(await house.engine.redeem(who)).toMatchObject({
        level: 'two-factor',
        amr: ['mfa', 'otp', 'pwd', 'sms'],
      })
    })

    it('is nobody’s who did not prove their number', async () => {
      const house = await withAna()
      await somebody(house, 'ben@example.com', '+4915100000001', false)
      const who = await halfway(house, 'ben@example.com')
      expect((await house.engine.current(who, visit()))?.step).toMatchObject({ oneOf: ['email-code'] })
      expect(delivered(house).every(({ to }) => to.kind === 'email')).toBe(true)
    })

    it('S32: as a first step it sends nothing to nobody, and shows the same', async () => {
      const house = await withAna({}, { first: true })
      const shown = []
      for (const text of [number, ana, '+4915199999999', 'nobody']) {
        const who = await asked(house, text, name)
        const { show, step } = (await house.engine.current(who, visit())) ?? {}
        shown.push({ show, step, refused: await house.engine.prove(who, visit(), name, { code: 'x' }) })
      }
      expect(new Set(shown.map((each) => JSON.stringify(each))).size).toBe(1)
      expect(Object.keys(shown[0]?.show ?? {})).toEqual(['againAt'])
      expect(house.sent).toHaveLength(4)
      expect(delivered(house)).toHaveLength(2)
    })

    it('S28: expires, is looked at a few times, works once, and only in its own browser', async () => {
      const house = await withAna({ throttle: { free_tries: 1_000 } })
      const late = await halfway(house)
      house.clock.advance(10 * minute)
      expect(await house.engine.prove(late, visit(), name, { code: lastCode(house) })).toMatchObject({
        reason: 'challenge-expired',
      })
      const careless = await halfway(house)
      const code = lastCode(house)
      await parallel(5, () => house.engine.prove(careless, visit(), name, { code: 'slip' }))
      house.clock.advance(hour)
      const who = await halfway(house)
      expect(await house.engine.prove({ ...who, browser: 'b'.repeat(43) }, visit(), name, { code })).toEqual({
        status: 'lost',
      })
      const fresh = lastCode(house)
      if (code !== fresh)
        expect(await house.engine.prove(who, visit(), name, { code })).toEqual({ status: 'refused' })
      expect(await house.engine.prove(who, visit(), name, { code: fresh })).toMatchObject({
        step: { kind: 'done' },
      })
      const next = await halfway(house)
      if (lastCode(house) !== fresh)
        expect(await house.engine.prove(next, visit(), name, { code: fresh })).toEqual({ status: 'refused' })
    })

    it('S26: wrong codes pause the person’s SMS codes, over all sign-ins', async () => {
      const house = await withAna({}, { per_hour: 100 })
      for (let round = 0; round < 5; round += 1)
        await house.engine.prove(await halfway(house), visit(), name, { code: 'wrong' })
      const who = await halfway(house)
      expect(await house.engine.prove(who, visit(), name, { code: lastCode(house) })).toMatchObject({
        status: 'throttled',
      })
    })

    it('against pumping: a number gets five an hour and no more than its share of a month', async () => {
      const house = await withAna({}, { per_number_per_month: 7 })
      const count = () => delivered(house).filter(({ to }) => to.kind === 'phone').length
      for (let round = 0; round < 8; round += 1) await halfway(house)
      expect(count()).toBe(5)
      for (let later = 0; later < 3; later += 1) {
        house.clock.advance(hour)
        for (let round = 0; round < 3; round += 1) await halfway(house)
      }
      expect(count()).toBe(7)
      house.clock.advance(31 * 24 * hour)
      await halfway(house)
      expect(count()).toBe(8)
    })

    it('against pumping: all numbers together get what the operator pays for, also when all ask at once; nobody costs nothing', async () => {
      const house = await withAna({}, { per_month: 3, first: true })
      for (let round = 0; round < 8; round += 1) await asked(house, `+491519999999${round}`, name)
      const others = ['+4915100000001', '+4915100000002', '+4915100000003', '+4915100000004']
      for (const [index, phone] of others.entries()) await somebody(house, `p${index}@example.com`, phone)
      await parallel(others.length, (index) => asked(house, others[index] ?? '', name))
      expect(delivered(house)).toHaveLength(3)
      const other = await asked(house, number, name)
      expect((await house.engine.current(other, visit()))?.show).toEqual({
        againAt: house.clock.now() + 30 * second,
      })
      expect(delivered(house)).toHaveLength(3)
    })

    it('S44: beside a code by mail it makes no two factors: both are something that one has', async () => {
      const house = await withAna()
      const who = asker()
      await house.engine.open(who, { requirement: { level: 'two-factor', essential: true } })
      await house.engine.identify(who, visit(), ana)
      await house.engine.choose(who, visit(), 'email-code')
      const step = await house.engine.prove(who, visit(), 'email-code', { code: lastCode(house) })
      expect(step).toMatchObject({ step: { kind: 'prove', oneOf: ['password'] } })
    })

    it('lost with the phone: another way is offered beside it', async () => {
      const house = await withAna()
      const who = await halfway(house)
      expect((await house.engine.current(who, visit()))?.step).toMatchObject({ oneOf: [name, 'email-code'] })
      await house.engine.choose(who, visit(), 'email-code')
      expect(await house.engine.prove(who, visit(), 'email-code', { code: lastCode(house) })).toMatchObject({
        step: { kind: 'done' },
      })
    })

    it('two processes share one budget', async () => {
      const house = await withAna()
      const other = createHouse(house.store, {
        clock: house.clock,
        factors: [smsCode({ budget: budgetOn(house.store, house.clock), settings })],
      })
      for (let round = 0; round < 4; round += 1) await halfway(house)
      for (let round = 0; round < 4; round += 1) await halfway({ ...other, id: house.id })
      expect(delivered(house).length + delivered(other).length).toBe(5)
    })
  })
})
