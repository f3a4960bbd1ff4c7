import { describe, expect, it } from 'vitest'
import type { Ending } from '../../src/ports/factor.ts'
import {
  createHouse,
  identified,
  issuer,
  operator,
  plain,
  second,
  secret,
  visit,
} from '../authentication/house.ts'
import { parallel } from '../identities/world.ts'
import { createPhone } from '../support/phone.ts'
import { eachStore } from '../support/stores.ts'
import { ana, at, name, subscription, town } from './push-town.ts'

describe('a request on the phone', () => {
  eachStore((_store, open) => {
    const { withAna, sign, addPhone, asked, show, collect, done, look, reply, openTo, other } = town(open)

    it('that was not theirs stops the attempt at once, tells them by mail, and keeps further requests away', async () => {
      const house = await withAna()
      const phone = await addPhone(house, subscription)
      const { who } = await asked(house, visit({ application: 'Orchard', address: '198.51.100.9' }))
      expect(await reply(house, phone, { decision: 'disown' })).toEqual({ status: 'disowned' })
      // Before the stranger's page looks again.
      expect((await house.engine.current(who, visit()))?.step).toMatchObject({
        kind: 'refused',
        reason: 'stopped',
      })
      expect(await house.engine.waiting(who)).toBe('answered')
      await house.engine.restart(who)
      await house.engine.open(who, { requirement: plain, clientId: 'app' })
      await house.engine.identify(who, visit(), ana)
      expect(await house.engine.prove(who, visit(), 'password', { password: secret })).toMatchObject({
        step: { kind: 'refused', reason: 'stopped' },
      })
      expect(house.sent.at(-1)).toMatchObject({
        template: 'sign-in-disowned',
        to: { written: ana },
        values: { application: 'Orchard', address: '198.51.100.9', device: 'Test browser' },
      })
      const { items } = await house.audit.list({ identityId: house.id, limit: 50 })
      expect(items.map(({ action }) => action)).toContain('authentication.disowned')
      const next = await asked(house)
      expect(await show(house, next.who)).toMatchObject({ over: 'budget' })
      expect(house.woken).toHaveLength(1)
    })

    it('is answered by whichever phone is at hand; one that is lost is removed, and answers nothing more', async () => {
      const house = await withAna()
      const [lost, found] = [await addPhone(house), await addPhone(house)]
      for (const phone of [found, lost]) {
        const { who, number } = await asked(house)
        expect(await reply(house, phone, { decision: 'allow', number })).toEqual({ status: 'approved' })
        expect(await collect(house, who)).toMatchObject(done)
      }
      const { who, number } = await asked(house)
      const question = await openTo(house, lost)
      const own = await house.enrolments.list(house.id)
      const gone = own.find(({ handle }) => handle === lost.id)?.id ?? ''
      expect(await house.enrolments.remove(house.id, gone, operator)).toEqual({ status: 'removed' })
      expect(await look(house, lost)).toBe('unknown')
      expect(await reply(house, lost, { question, decision: 'allow', number })).toEqual({ status: 'unknown' })
      expect(await reply(house, found, { decision: 'allow', number })).toEqual({ status: 'approved' })
      expect(await collect(house, who)).toMatchObject(done)
    })

    it('that was approved by a phone that was removed since proves nothing', async () => {
      const house = await withAna()
      const [lost] = [await addPhone(house), await addPhone(house)]
      const { who, number } = await asked(house)
      await reply(house, lost, { decision: 'allow', number })
      const own = await house.enrolments.list(house.id)
      await house.enrolments.remove(
        house.id,
        own.find(({ handle }) => handle === lost.id)?.id ?? '',
        operator,
      )
      expect((await collect(house, who)).status).toBe('refused')
      expect((await house.engine.current(who, visit()))?.step.kind).toBe('prove')
    })

    it('is not shown while the person is suspended; afterwards the phone is still theirs', async () => {
      const house = await withAna()
      const phone = await addPhone(house)
      const { number } = await asked(house)
      const question = await openTo(house, phone)
      await house.identities.suspend(house.id, operator)
      // Not `unknown`: the app would throw its key away, and be missed once they are back.
      expect(await look(house, phone)).toBeUndefined()
      expect(await reply(house, phone, { question, decision: 'allow', number })).toEqual({ status: 'gone' })
      await house.identities.restore(house.id, operator)
      const next = await asked(house)
      expect(await reply(house, phone, { decision: 'allow', number: next.number })).toEqual({
        status: 'approved',
      })
      expect(await collect(house, next.who)).toMatchObject(done)
    })

    it('is not for the phones of others, nor for another browser to collect', async () => {
      const house = await withAna()
      await addPhone(house)
      const eve = { ...house, id: await house.person('eve@example.com') }
      const theirs = await addPhone(eve)
      const { who, number } = await asked(house)
      expect(await look(house, theirs)).toBeUndefined()
      const turn = (await house.store.approvals.page({ limit: 50 })).items
      for (const { id } of turn)
        expect(await reply(house, theirs, { question: id, decision: 'allow', number })).toEqual({
          status: 'gone',
        })
      expect(await collect(house, { ...who, browser: 'x'.repeat(43) })).toEqual({ status: 'lost' })
      // Nor with a link, though it lies where questions of links do.
      for (const { id } of turn) expect(await house.engine.elsewhere.look(id, who.browser)).toBeUndefined()
    })

    it('has to be signed: by the phone, for this server and address, now, and once', async () => {
      const house = await withAna()
      const phone = await addPhone(house)
      const { number } = await asked(house)
      const question = await openTo(house, phone)
      const form = { question, decision: 'allow', number }
      const path = '/approve/answers'
      const { devices } = house.engine
      const forged = await createPhone(issuer)
      const [header, payload, signature] = (await sign(house, phone, path, form)).text.split('.')
      const [, , strange] = (await sign(house, forged, path, form)).text.split('.')
      const wrong = [
        `${header}.${payload}.${strange}`,
        `${header}.${Buffer.from('{}').toString('base64url')}.${signature}`,
        `${Buffer.from(JSON.stringify({ typ: 'signet-device+jwt', alg: 'none', kid: phone.id })).toString('base64url')}.${payload}.`,
        (
          await sign(house, phone, path, form, {
            claims: { htu: 'https://evil.example.com/approve/answers' },
          })
        ).text,
        (await sign(house, phone, path, form, { claims: { htm: 'GET' } })).text,
        (await sign(house, phone, path, form, { claims: { jti: 'short' } })).text,
        (await sign(house, phone, path, form, { claims: { form: { number: { $ne: '' } } } })).text,
        // Signed to look, used to answer.
        (await sign(house, phone, '/approve/requests', form)).text,
      ]
      for (const text of wrong)
        expect(await devices.answer(at(path, text), visit())).toEqual({ status: 'wrong' })
      for (const text of ['', 'no.jws.here', (await sign(house, forged, path, form)).text])
        expect(await devices.answer(at(path, text), visit())).toEqual({ status: 'unknown' })
      for (const off of [-61 * second, 62 * second]) {
        const late = await sign(house, phone, path, form, { at: house.clock.now() + off })
        expect(await devices.answer(late, visit())).toEqual({ status: 'late' })
      }
      const copy = await sign(house, phone, path, { ...form, number: other(number) })
      expect(await devices.answer(copy, visit())).toMatchObject({ status: 'mismatch', triesLeft: 2 })
      expect(await devices.answer(copy, visit())).toEqual({ status: 'wrong' })
      expect(await devices.answer(await sign(house, phone, path, form), visit())).toEqual({
        status: 'approved',
      })
    })

    it('S33 F3: of 2, 8 and 32 answers at the same moment, over two processes, one counts, and is collected once', async () => {
      const house = await withAna({ throttle: { free_tries_per_address: 10_000 } }, { per_hour: 1_000 })
      const phone = await addPhone(house)
      const second = createHouse(house.store, { clock: house.clock, factors: house.factors.slice(1) })
      const engines = [house.engine, second.engine]
      const of = (racer: number) => engines[racer % 2] ?? house.engine
      for (const racers of [2, 8, 32]) {
        const { who, number } = await asked(house)
        const question = await openTo(house, phone)
        const endings = await parallel(racers, async (racer) => {
          const form = { question, number, decision: racer % 3 === 2 ? 'deny' : 'allow' }
          return of(racer).devices.answer(await sign(house, phone, '/approve/answers', form), visit())
        })
        const winners = endings.filter(({ status }) => !['gone', 'mismatch'].includes(status))
        expect(winners).toHaveLength(1)
        if (winners[0]?.status !== ('approved' satisfies Ending)) continue
        await parallel(racers, (racer) => of(racer).prove(who, visit(), name, {}))
        const results = await parallel(racers, (racer) => of(racer).redeem(who))
        expect(results.filter((result) => result !== undefined)).toHaveLength(1)
      }
    })

    it('S44: beside nothing but an e-mail or password it is one of two, and never two by itself', async () => {
      const house = await withAna()
      await addPhone(house)
      await addPhone(house)
      const who = await identified(house, ana)
      expect((await house.engine.current(who, visit()))?.step).toMatchObject({ oneOf: ['password'] })
    })
  })
})
