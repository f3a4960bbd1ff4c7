import { describe, expect, it } from 'vitest'
import { parallel } from '../identities/world.ts'
import { createClock } from '../support/clock.ts'
import { eachStore } from '../support/stores.ts'
import { countedCode, mailedCode, spokenWord } from './factors.ts'
import {
  asker,
  attempt,
  createHouse,
  type HouseOptions,
  identified,
  minute,
  operator,
  plain,
  secret,
  visit,
} from './house.ts'

const other = 'another one that is long enough'

describe('enrolment', () => {
  eachStore((_name, open) => {
    const house = async (factors = [spokenWord, countedCode] as HouseOptions['factors']) => {
      const clock = createClock()
      return createHouse(await open(clock.now), { clock, ...(factors === undefined ? {} : { factors }) })
    }

    it('replaces what there may be one of, and says what happened', async () => {
      const { enrolments, person, audit, engine, ...here } = await house()
      const id = await person('ana@example.com')
      expect(await enrolments.finish(id, 'password', { password: other }, visit())).toMatchObject({
        status: 'enrolled',
      })
      expect(await enrolments.list(id)).toHaveLength(1)
      expect(await attempt({ engine }, 'ana@example.com', secret)).toEqual({ status: 'refused' })
      expect(await attempt({ engine }, 'ana@example.com', other)).toMatchObject({ status: 'moved' })
      const { items } = await audit.list({ identityId: id, action: 'credential.changed', limit: 10 })
      expect(items).toMatchObject([
        { result: 'success', details: { factor: 'password' }, traceId: 'trace-1' },
      ])
      expect(JSON.stringify(await here.store.credentials.findBy('identityId', id))).not.toContain('argon2')
    })

    it('F3: of 2, 8 and 32 that enrol at once one does, and the others change nothing', async () => {
      const { enrolments, person, engine } = await house()
      for (const racers of [2, 8, 32]) {
        const email = `ana${racers}@example.com`
        const id = await person(email, { password: null })
        for (const round of ['first', 'second']) {
          const prepared = await parallel(racers, (index) =>
            enrolments.prepare(id, 'password', { password: `${round} choice of racer ${index}` }, visit()),
          )
          const finished = await Promise.all(
            prepared.map((one) => (one.status === 'prepared' ? one.commit() : one)),
          )
          const winners = finished.flatMap(({ status }, index) => (status === 'enrolled' ? [index] : []))
          expect(winners).toHaveLength(1)
          expect(await enrolments.list(id)).toHaveLength(1)
          const chosen = `${round} choice of racer ${winners[0]}`
          expect(await attempt({ engine }, email, chosen)).toMatchObject({ status: 'moved' })
        }
      }
    })

    it('leaves everything as it was when the form is refused', async () => {
      const { enrolments, person, engine } = await house()
      const id = await person('ana@example.com')
      expect(await enrolments.finish(id, 'password', { password: 'too short' }, visit())).toEqual({
        status: 'refused',
        reason: 'too-short',
        values: { min: 15 },
      })
      expect(await attempt({ engine }, 'ana@example.com', secret)).toMatchObject({ status: 'moved' })
    })

    it('F3: answers a question once, however many hand it in, and only for whom and what it was asked', async () => {
      const { enrolments, person, clock } = await house()
      const id = await person('ana@example.com')
      const eve = await person('eve@example.com')
      for (const racers of [2, 8, 32]) {
        const { ticket = '', show } = await enrolments.begin(id, 'spoken-word', visit())
        const form = { said: String(show?.word), ticket }
        expect(await enrolments.finish(eve, 'spoken-word', form, visit())).toMatchObject({
          reason: 'challenge-expired',
        })
        const finished = await parallel(racers, () => enrolments.finish(id, 'spoken-word', form, visit()))
        expect(finished.filter(({ status }) => status === 'enrolled')).toHaveLength(1)
        // Even if the clock is set back.
        clock.advance(-minute)
        expect(await enrolments.finish(id, 'spoken-word', form, visit())).toMatchObject({ status: 'refused' })
        clock.advance(2 * minute)
      }
      const { ticket = '', show } = await enrolments.begin(id, 'spoken-word', visit())
      clock.advance(minute)
      expect(
        await enrolments.finish(id, 'spoken-word', { said: String(show?.word), ticket }, visit()),
      ).toMatchObject({
        reason: 'challenge-expired',
      })
      expect(await enrolments.finish(id, 'spoken-word', { said: String(show?.word) }, visit())).toMatchObject(
        {
          reason: 'challenge-expired',
        },
      )
    })

    it('S26: guesses at the question of an enrolment are counted', async () => {
      const { enrolments, person } = await house()
      const id = await person('ana@example.com')
      const { ticket = '', show } = await enrolments.begin(id, 'spoken-word', visit())
      const tries = await parallel(50, () =>
        enrolments.finish(id, 'spoken-word', { said: 'guess', ticket }, visit()),
      )
      const reasons = tries.map((tried) => (tried.status === 'refused' ? tried.reason : ''))
      expect(reasons.filter((reason) => reason === 'misheard')).toHaveLength(5)
      expect(reasons.filter((reason) => reason === 'throttled')).toHaveLength(45)
      expect(
        await enrolments.finish(id, 'spoken-word', { said: String(show?.word), ticket }, visit()),
      ).toMatchObject({
        reason: 'throttled',
      })
    })

    it('keeps the last way in', async () => {
      const { enrolments, person } = await house()
      const id = await person('ana@example.com')
      await enrolments.finish(id, 'counted-code', {}, visit())
      const by = { kind: 'identity', id } as const
      const [first, second] = (await enrolments.list(id)).toSorted((a, b) => b.factor.localeCompare(a.factor))
      expect(first?.factor).toBe('password')
      expect(await enrolments.remove(id, first?.id ?? '', by)).toEqual({
        status: 'refused',
        reason: 'last-way',
      })
      expect(await enrolments.remove(await person('eve@example.com'), second?.id ?? '', by)).toMatchObject({
        reason: 'unknown',
      })
      expect(await enrolments.remove(id, second?.id ?? '', by)).toEqual({ status: 'removed' })
      expect(await enrolments.remove(id, second?.id ?? '', by)).toMatchObject({ reason: 'unknown' })
    })

    it('takes over a hash of another system, and nothing that it does not understand', async () => {
      const { enrolments, person, engine } = await house()
      const { hash } = await import('argon2')
      const id = await person('ana@example.com', { password: null })
      for (const phc of [
        '',
        'plain text',
        '$2b$10$abcdefghijklmnopqrstuv',
        '$argon2id$v=19$m=99999999,t=3,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo',
      ])
        expect(await enrolments.adopt(id, 'password', { phc }, operator)).toMatchObject({ reason: 'unknown' })
      const phc = await hash('grandfathered', { memoryCost: 256, timeCost: 2 })
      expect(await enrolments.adopt(id, 'password', { phc }, operator)).toMatchObject({ status: 'enrolled' })
      expect(await enrolments.adopt(id, 'password', { phc }, operator)).toMatchObject({ reason: 'conflict' })
      expect(await attempt({ engine }, 'ana@example.com', 'grandfathered')).toMatchObject({
        step: { kind: 'done' },
      })
    })

    it('S33: a link resets what is resettable and never adds another factor', async () => {
      const { enrolments, person } = await house()
      const id = await person('ana@example.com')
      expect(await enrolments.prepare(id, 'counted-code', {}, visit(), { channel: 'email' })).toMatchObject({
        status: 'refused',
      })
      const prepared = await enrolments.prepare(id, 'password', { password: other }, visit(), {
        channel: 'email',
      })
      if (prepared.status !== 'prepared') throw new Error(prepared.reason)
      expect(await prepared.commit()).toMatchObject({ credential: { channel: 'email' } })
      // Nor does a later change by its owner make it more than it is.
      const changed = await enrolments.finish(id, 'password', { password: `${other} still` }, visit())
      expect(changed).toMatchObject({ credential: { channel: 'email' } })
    })

    it('S44: an address that was proved and a password chosen on the strength of it are one factor', async () => {
      const { engine, person } = await house([mailedCode])
      const id = await person('ana@example.com', { password: null })
      const who = asker()
      await engine.open(who, { requirement: plain, clientId: 'app' })
      const proof = {
        factor: 'registered',
        categories: ['possession'],
        amr: ['otp'],
        channel: 'email',
        at: Date.now(),
      } as const
      const vouched = await engine.vouch(who, visit(), { identityId: id, proof })
      // What comes with the address is no way of one's own.
      expect(vouched).toMatchObject({ status: 'moved', step: { kind: 'enrol', oneOf: ['password'] } })
      expect(await engine.enrol(who, visit(), 'password', { password: other })).toMatchObject({
        step: { kind: 'done' },
      })
      expect(await engine.redeem(who)).toMatchObject({
        identityId: id,
        level: 'single-factor',
        amr: ['otp', 'pwd'],
      })
    })

    it('asks whoever was vouched for to choose a way back in', async () => {
      const { engine, person, enrolments } = await house()
      const id = await person('ana@example.com', { password: null })
      const who = asker()
      await engine.open(who, { requirement: plain, clientId: 'app' })
      const proof = {
        factor: 'registered',
        categories: ['possession'],
        amr: ['otp'],
        channel: 'email',
        at: Date.now(),
      } as const
      expect(await engine.vouch(who, visit(), { identityId: id, proof })).toMatchObject({
        step: { kind: 'enrol', oneOf: ['password'], chosen: 'password', why: 'nothing-enrolled' },
      })
      expect(await engine.redeem(who)).toBeUndefined()
      expect(await engine.enrol(who, visit(), 'password', { password: 'short' })).toMatchObject({
        reason: 'too-short',
      })
      expect(await engine.enrol(who, visit(), 'password', { password: other })).toMatchObject({
        status: 'moved',
        step: { kind: 'done' },
      })
      expect(await engine.redeem(who)).toMatchObject({
        identityId: id,
        level: 'single-factor',
        amr: ['otp', 'pwd'],
      })
      expect((await enrolments.list(id))[0]).toMatchObject({ channel: 'email' })
    })

    it('a voucher unlocks its owner, changes nobody else’s process, and counts once', async () => {
      const { engine, person, ...here } = await house()
      const id = await person('ana@example.com')
      const eve = await person('eve@example.com', { password: other })
      const who = await identified({ engine }, 'eve@example.com')
      await engine.prove(who, visit(), 'password', { password: other })
      const proof = {
        factor: 'registered',
        categories: ['possession'],
        amr: ['otp'],
        channel: 'email',
        at: here.clock.now(),
      } as const
      await engine.vouch(who, visit(), { identityId: id, proof })
      expect(await engine.redeem(who)).toMatchObject({ identityId: eve, amr: ['pwd'] })

      await parallel(10, () => attempt({ engine }, 'ana@example.com', 'wrong all along'))
      expect(await attempt({ engine }, 'ana@example.com', secret)).toMatchObject({ status: 'throttled' })
      const vouched = asker()
      await engine.open(vouched, { requirement: plain })
      await parallel(4, () => engine.vouch(vouched, visit(), { identityId: id, proof }))
      expect(await engine.redeem(vouched)).toMatchObject({ identityId: id, amr: ['otp'] })
      expect(await attempt({ engine }, 'ana@example.com', secret)).toMatchObject({ status: 'moved' })
    })
  })
})
