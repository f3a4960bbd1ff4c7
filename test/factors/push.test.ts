import { describe, expect, it } from 'vitest'
import { hour, minute, operator, visit } from '../authentication/house.ts'
import { eachStore } from '../support/stores.ts'
import { name, subscription, town } from './push-town.ts'

describe('a request on the phone', () => {
  eachStore((_store, open) => {
    const { withAna, sign, addPhone, asked, show, numberOf, collect, done, look, reply, openTo, other } =
      town(open)

    it('is approved with the number of the page that waits, and is the second factor', async () => {
      const house = await withAna()
      const phone = await addPhone(house, subscription)
      const { who, number } = await asked(house, visit({ application: 'Orchard' }))
      expect(number).toMatch(/^[1-9]\d$/)
      expect(await show(house, who)).toMatchObject({
        names: ['Blue phone'],
        waitsUntil: house.clock.now() + 2 * minute,
      })
      expect(await look(house, phone)).toEqual({
        id: expect.any(String),
        factor: name,
        application: 'Orchard',
        address: '203.0.113.7',
        userAgent: 'Test browser',
        at: house.clock.now(),
        until: house.clock.now() + 2 * minute,
      })
      const [credential] = (await house.enrolments.list(house.id)).filter(({ factor }) => factor === name)
      expect(house.woken).toEqual([[subscription, credential?.id, house.clock.now() + 2 * minute]])
      expect(await collect(house, who)).toEqual({ status: 'pending' })
      expect(await house.engine.waiting(who)).toBe('waiting')
      expect(await reply(house, phone, { decision: 'allow', number })).toEqual({ status: 'approved' })
      expect(await house.engine.waiting(who)).toBe('answered')
      expect(await look(house, phone)).toBeUndefined()
      expect(await collect(house, who)).toMatchObject(done)
      expect(await house.engine.redeem(who)).toMatchObject({
        level: 'two-factor',
        amr: ['mfa', 'pwd', 'swk', 'user'],
      })
    })

    it('is not needed to hear of news: each phone that can be woken is, and the app learns whose it is', async () => {
      const house = await withAna()
      const phone = await addPhone(house, subscription)
      await addPhone(house)
      const notice = { once: 'news', until: house.clock.now() + minute }
      await house.engine.devices.notify(house.id, notice)
      expect(house.notified).toMatchObject([[subscription, expect.any(String), notice]])
      const signed = await sign(house, phone, '/approve/objections', { recovery: 'r' })
      expect(await house.engine.devices.hear(signed)).toEqual({
        status: 'heard',
        identityId: house.id,
        form: { recovery: 'r' },
      })
      // A copy of it is nothing.
      expect(await house.engine.devices.hear(signed)).toEqual({ status: 'wrong' })
    })

    it('without the right number is not approved; the third wrong one refuses', async () => {
      const house = await withAna()
      const phone = await addPhone(house)
      const { who, number } = await asked(house)
      const question = await openTo(house, phone)
      for (const wrong of ['', other(number)]) {
        const left = wrong === '' ? 2 : 1
        expect(await reply(house, phone, { decision: 'allow', number: wrong })).toEqual({
          status: 'mismatch',
          triesLeft: left,
        })
        expect(await collect(house, who)).toEqual({ status: 'pending' })
      }
      expect(await reply(house, phone, { decision: 'allow', number: other(number) })).toEqual({
        status: 'refused',
      })
      expect(await reply(house, phone, { question, decision: 'allow', number })).toEqual({ status: 'gone' })
      expect(await collect(house, who)).toEqual({ status: 'refused', reason: 'refused' })
    })

    it('that is refused says so on the page, which asks again only when it is told to', async () => {
      const house = await withAna()
      const phone = await addPhone(house, subscription)
      const { who, number } = await asked(house)
      const question = await openTo(house, phone)
      expect(await reply(house, phone, { decision: 'deny' })).toEqual({ status: 'refused' })
      expect(await collect(house, who)).toEqual({ status: 'refused', reason: 'refused' })
      expect(await show(house, who)).toEqual({ over: 'refused', againAt: house.clock.now() })
      expect(await house.engine.waiting(who)).toBe('moved')
      expect(house.woken).toHaveLength(1)
      await house.engine.choose(who, visit(), name)
      expect(house.woken).toHaveLength(2)
      expect(await reply(house, phone, { question, decision: 'allow', number })).toEqual({ status: 'gone' })
      expect(await reply(house, phone, { decision: 'allow', number: await numberOf(house, who) })).toEqual({
        status: 'approved',
      })
      expect(await collect(house, who)).toMatchObject(done)
    })

    it('that nobody answers expires, and nothing new goes out by itself', async () => {
      const house = await withAna()
      const phone = await addPhone(house, subscription)
      const { who, number } = await asked(house)
      const question = await openTo(house, phone)
      house.clock.advance(2 * minute)
      expect(await look(house, phone)).toBeUndefined()
      expect(await reply(house, phone, { question, decision: 'allow', number })).toEqual({ status: 'gone' })
      expect(await collect(house, who)).toEqual({ status: 'pending' })
      await house.engine.current(who, visit())
      expect(house.woken).toHaveLength(1)
    })

    it('is the newer one’s turn as soon as another is made: at most one is open', async () => {
      const house = await withAna()
      // Both of them are asked: what one is told of the question must not be lost on the other.
      const [phone] = [await addPhone(house), await addPhone(house)]
      const first = await asked(house)
      const old = await openTo(house, phone)
      const second = await asked(house)
      expect(await reply(house, phone, { question: old, decision: 'allow', number: first.number })).toEqual({
        status: 'gone',
      })
      expect(await house.engine.waiting(first.who)).toBe('answered')
      expect(await collect(house, first.who)).toEqual({ status: 'refused', reason: 'replaced' })
      expect(await reply(house, phone, { decision: 'allow', number: second.number })).toEqual({
        status: 'approved',
      })
      expect(await collect(house, first.who)).toEqual({ status: 'pending' })
      expect(await collect(house, second.who)).toMatchObject(done)
    })

    it('S26: comes ten times an hour and not more; the other ways stay, and a browser that is known counts by itself', async () => {
      const house = await withAna()
      const phone = await addPhone(house, subscription)
      await house.enrolments.adopt(
        house.id,
        'totp',
        { totp_secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' },
        operator,
      )
      const known = visit({ device: 'd'.repeat(43) })
      const mine = await asked(house, known)
      await reply(house, phone, { decision: 'allow', number: mine.number })
      expect(await house.engine.prove(mine.who, known, name, {})).toMatchObject(done)
      house.woken.length = 0
      // The first request from there came before the browser was known, and counted with the strangers'.
      for (let round = 0; round < 9; round += 1) await asked(house)
      expect(house.woken).toHaveLength(9)
      const { who } = await asked(house)
      expect(house.woken).toHaveLength(9)
      const now = await house.engine.current(who, visit())
      expect(now).toMatchObject({
        step: { chosen: name, oneOf: [name, 'totp'] },
        show: { over: 'budget', againAt: house.clock.now() + hour },
      })
      expect(await collect(house, who)).toEqual({ status: 'pending' })
      await asked(house, known)
      expect(house.woken).toHaveLength(10)
      house.clock.advance(hour)
      await asked(house)
      expect(house.woken).toHaveLength(11)
    })
  })
})
