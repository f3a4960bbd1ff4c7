import { describe, expect, it } from 'vitest'
import {
  asker,
  createHouse,
  hour,
  identified,
  minute,
  operator,
  plain,
  second,
  secret,
  visit,
} from '../authentication/house.ts'
import { parallel } from '../identities/world.ts'
import { createClock } from '../support/clock.ts'
import { eachStore } from '../support/stores.ts'
import { codeOf } from './authenticator.ts'
import { ascii, base32, keyIn, make, start, world } from './totp-world.ts'

describe('signing in with a password and an authenticator app', () => {
  eachStore((_store, open) => {
    const { house, enrol, halfway } = world(open)

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
