import { describe, expect, it } from 'vitest'
import { magicLink } from '../../src/factors/magic-link.ts'
import { asker, createHouse, minute, secret, visit } from '../authentication/house.ts'
import { parallel } from '../identities/world.ts'
import { eachStore } from '../support/stores.ts'
import { ana, approve, keyOf, name, numberOf, phone, settings, withAna } from './magic-link-world.ts'
import { asked, budgetOn, delivered, lastCode } from './sent.ts'

describe('a link by mail', () => {
  eachStore((_store, open) => {
    it('S33: opened in the browser that waits it needs the button alone, and says who asked from where', async () => {
      const house = await withAna(open)
      const who = await asked(house, ana, name, visit({ application: 'Orchard' }))
      expect(delivered(house)[0]).toMatchObject({
        template: 'factor-link',
        to: { written: ana },
        values: { minutes: 15, application: 'Orchard', address: '203.0.113.7', device: 'Test browser' },
      })
      expect(await house.engine.prove(who, visit(), name, {})).toEqual({ status: 'pending' })
      expect(await house.engine.waiting(who)).toBe('waiting')
      const key = keyOf(house)
      const question = {
        factor: name,
        application: 'Orchard',
        address: '203.0.113.7',
        userAgent: 'Test browser',
        at: house.clock.now(),
        consumer: who.consumer,
      }
      // Looking, as programs that read mail do, takes nothing.
      for (let look = 0; look < 3; look += 1)
        expect(await house.engine.elsewhere.look(key, who.browser)).toEqual(question)
      expect(await approve(house, key, who.browser)).toEqual({ status: 'approved', question })
      expect(await house.engine.waiting(who)).toBe('answered')
      expect(await house.engine.prove(who, visit(), name, {})).toMatchObject({ step: { kind: 'done' } })
      expect(await house.engine.redeem(who)).toMatchObject({
        identityId: house.id,
        level: 'single-factor',
        amr: ['otp'],
      })
    })

    it('S33: opened elsewhere it needs the number of the page that waits, which alone goes on', async () => {
      const house = await withAna(open)
      const who = await asked(house, ana, name)
      const number = await numberOf(house, who)
      expect(number).toMatch(/^[1-9]\d$/)
      const key = keyOf(house)
      const seen = await house.engine.elsewhere.look(key, phone)
      expect(seen).not.toHaveProperty('consumer')
      expect(JSON.stringify(seen)).not.toContain(`"${number}"`)
      expect(await approve(house, key, phone)).toEqual({ status: 'mismatch', triesLeft: 2 })
      expect(await approve(house, key, phone, '00')).toEqual({ status: 'mismatch', triesLeft: 1 })
      expect(await house.engine.waiting(who)).toBe('waiting')
      expect(await approve(house, key, phone, ` ${number} `)).toMatchObject({ status: 'approved' })
      const thief = { ...who, browser: phone }
      expect(await house.engine.prove(thief, visit(), name, {})).toEqual({ status: 'lost' })
      expect(await house.engine.prove(who, visit(), name, {})).toMatchObject({ step: { kind: 'done' } })
    })

    it('ends with the third wrong number, and with a refusal', async () => {
      const house = await withAna(open)
      for (const end of ['guess', 'deny']) {
        const who = await asked(house, ana, name)
        const number = await numberOf(house, who)
        const key = keyOf(house)
        const guesses = [10, 11, 12, 13].map(String).filter((guess) => guess !== number)
        if (end === 'guess') for (const guess of guesses.slice(0, 3)) await approve(house, key, phone, guess)
        else
          expect(await house.engine.elsewhere.answer(key, phone, { approve: false })).toEqual({
            status: 'refused',
          })
        expect(await approve(house, key, phone, number)).toEqual({ status: 'gone' })
        expect(await approve(house, key, who.browser)).toEqual({ status: 'gone' })
        expect(await house.engine.prove(who, visit(), name, {})).toEqual({ status: 'refused' })
        // Nothing new goes out by itself to somebody who said no.
        const before = delivered(house).length
        await house.engine.current(who, visit())
        expect(await house.engine.prove(who, visit(), name, {})).toEqual({ status: 'pending' })
        expect(delivered(house)).toHaveLength(before)
      }
    })

    it('S33: is worth nothing after fifteen minutes, a second time, for another sign-in, or altered', async () => {
      const house = await withAna(open)
      const late = await asked(house, ana, name)
      const old = keyOf(house)
      house.clock.advance(15 * minute)
      expect(await house.engine.elsewhere.look(old, late.browser)).toBeUndefined()
      expect(await approve(house, old, late.browser)).toEqual({ status: 'gone' })

      const who = await asked(house, ana, name)
      const key = keyOf(house)
      expect(
        await approve(house, `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`, who.browser),
      ).toEqual({
        status: 'gone',
      })
      const other = await asked(house, ana, name)
      expect(await approve(house, key, who.browser)).toMatchObject({ status: 'approved' })
      expect(await approve(house, key, who.browser)).toEqual({ status: 'gone' })
      expect(await house.engine.prove(other, visit(), name, {})).toEqual({ status: 'pending' })
      expect(await house.engine.prove(who, visit(), name, {})).toMatchObject({ step: { kind: 'done' } })
      expect(await house.engine.waiting(who)).toBe('moved')
    })

    it('an answer that came before somebody else was named, or before a newer link, is not theirs', async () => {
      const house = await withAna(open)
      await house.person('eve@example.com', { password: null })
      const who = await asked(house, ana, name)
      const key = keyOf(house)
      expect(await approve(house, key, who.browser)).toMatchObject({ status: 'approved' })
      await house.engine.identify(who, visit(), 'eve@example.com')
      await house.engine.choose(who, visit(), name)
      expect(await house.engine.prove(who, visit(), name, {})).toEqual({ status: 'pending' })
    })

    it('S33 F3: of 2, 8 and 32 answers at the same moment, over two processes, one counts, and is collected once', async () => {
      const house = await withAna(open, { throttle: { free_tries_per_address: 10_000 } }, { per_hour: 1_000 })
      const other = createHouse(house.store, {
        clock: house.clock,
        factors: [magicLink({ budget: budgetOn(house.store, house.clock), settings })],
      })
      const engines = [house.engine, other.engine]
      const of = (racer: number) => engines[racer % 2] ?? house.engine
      for (const racers of [2, 8, 32]) {
        const who = await asked(house, ana, name)
        const key = keyOf(house)
        const replies = await parallel(racers, (racer) =>
          of(racer).elsewhere.answer(key, who.browser, { approve: racer % 3 !== 2 }),
        )
        const winners = replies.filter(({ status }) => status !== 'gone')
        expect(winners).toHaveLength(1)
        if (winners[0]?.status !== 'approved') continue
        await parallel(racers, (racer) => of(racer).prove(who, visit(), name, {}))
        const results = await parallel(racers, (racer) => of(racer).redeem(who))
        expect(results.filter((result) => result !== undefined)).toHaveLength(1)
      }
    })

    it('S44: a link, a code by mail, and a password that came by mail are one factor together', async () => {
      const house = await withAna(open)
      await house.enrolments.finish(house.id, 'password', { password: secret }, visit(), { channel: 'email' })
      const who = asker()
      await house.engine.open(who, { requirement: { level: 'two-factor', essential: true } })
      await house.engine.identify(who, visit(), ana)
      await house.engine.choose(who, visit(), name)
      await approve(house, keyOf(house), who.browser)
      expect(await house.engine.prove(who, visit(), name, {})).toMatchObject({
        step: { kind: 'refused', reason: 'unreachable' },
      })
      const mine = asker()
      await house.engine.open(mine, { requirement: { level: 'two-factor', essential: true } })
      await house.engine.identify(mine, visit(), ana)
      await house.engine.choose(mine, visit(), 'email-code')
      expect(await house.engine.prove(mine, visit(), 'email-code', { code: lastCode(house) })).toMatchObject({
        step: { kind: 'refused', reason: 'unreachable' },
      })
    })
  })
})
