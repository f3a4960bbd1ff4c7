import { describe, expect, it } from 'vitest'
import { emailCode } from '../../src/factors/email-code.ts'
import {
  type House,
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
import { asked, delivered, lastCode, sendingHouse } from './sent.ts'

const settings = { enabled: true, digits: 6, lifetime: 10 * minute, tries: 5, per_hour: 6 }
const name = 'email-code'
const ana = 'ana@example.com'

const wrongCode = (house: House) => (lastCode(house) === '000000' ? '000001' : '000000')

describe('a code by mail', () => {
  eachStore((_store, open) => {
    const open_ = (options: HouseOptions = {}, more: Partial<typeof settings> = {}) =>
      sendingHouse(open, (budget) => [emailCode({ budget, settings: { ...settings, ...more } })], options)

    async function withAna(options: HouseOptions = {}, more: Partial<typeof settings> = {}) {
      const house = await open_(options, more)
      const id = await house.person(ana)
      return { ...house, id }
    }

    it('S28: signs in with six digits that are stored as a keyed hash, and says who asked from where', async () => {
      const house = await withAna()
      const who = await asked(house, 'Ana@Example.com', name, visit({ application: 'Orchard' }))
      const [message] = delivered(house)
      expect(message).toMatchObject({
        template: 'factor-code',
        to: { kind: 'email', written: ana },
        values: {
          code: expect.stringMatching(/^\d{6}$/),
          minutes: 10,
          application: 'Orchard',
          address: '203.0.113.7',
          device: 'Test browser',
        },
      })
      const stored = JSON.stringify(await house.store.authentications.page({ limit: 10 }))
      expect(stored).not.toContain(lastCode(house))
      const code = ` ${lastCode(house).slice(0, 3)}-${lastCode(house).slice(3)}`
      expect(await house.engine.prove(who, visit(), name, { code })).toMatchObject({ step: { kind: 'done' } })
      expect(await house.engine.redeem(who)).toMatchObject({
        identityId: house.id,
        level: 'single-factor',
        amr: ['otp'],
      })
    })

    it('is the only way of somebody without a password, who is not made to choose one', async () => {
      const house = await open_()
      await house.person('ben@example.com', { password: null })
      const who = await asked(house, 'ben@example.com', name)
      expect(await house.engine.prove(who, visit(), name, { code: lastCode(house) })).toMatchObject({
        step: { kind: 'done' },
      })
    })

    it('goes to the proved address that was typed, not to the first one', async () => {
      const house = await open_()
      const written = 'ana@home.example.com'
      const addresses = [ana, written, 'unproved@example.com']
      const identifiers = addresses.map(
        (address, at) => ({ kind: 'email', written: address, verified: at < 2 }) as const,
      )
      await house.identities.create({ identifiers, state: 'active' }, operator)
      for (const typed of [written, ana, 'unproved@example.com']) await asked(house, typed, name)
      expect(delivered(house).map(({ to }) => to.written)).toEqual([written, ana, ana])
    })

    it('S28: is not looked at after ten minutes', async () => {
      const house = await withAna()
      const who = await asked(house, ana, name)
      const code = lastCode(house)
      house.clock.advance(10 * minute)
      expect(await house.engine.prove(who, visit(), name, { code })).toEqual({
        status: 'refused',
        reason: 'challenge-expired',
      })
    })

    it('S28: is looked at five times at most, also when all come at once, and works once', async () => {
      const house = await withAna({ throttle: { free_tries: 1_000, free_tries_per_address: 1_000 } })
      const who = await asked(house, ana, name)
      const code = wrongCode(house)
      const ends = await parallel(50, () => house.engine.prove(who, visit(), name, { code }))
      const looked = ends.filter((end) => end.status === 'refused' && end.reason === undefined)
      expect(looked).toHaveLength(5)
      const right = { code: lastCode(house) }
      expect(await house.engine.prove(who, visit(), name, right)).toMatchObject({
        reason: 'challenge-expired',
      })

      const again = await asked(house, ana, name)
      const good = { code: lastCode(house) }
      expect(await house.engine.prove(again, visit(), name, good)).toMatchObject({ step: { kind: 'done' } })
      const other = await asked(house, ana, name)
      expect(await house.engine.prove(other, visit(), name, good)).toEqual({ status: 'refused' })
    })

    it('S26: wrong codes are counted over all sign-ins, and the password stays free of them', async () => {
      const house = await withAna({}, { per_hour: 100 })
      for (let round = 0; round < 5; round += 1) {
        const who = await asked(house, ana, name)
        expect(await house.engine.prove(who, visit(), name, { code: wrongCode(house) })).toEqual({
          status: 'refused',
        })
      }
      const last = await asked(house, ana, name)
      expect(await house.engine.prove(last, visit(), name, { code: lastCode(house) })).toMatchObject({
        status: 'throttled',
      })
      const elsewhere = visit({ address: '198.51.100.9' })
      const who = await identified(house, ana, elsewhere)
      expect(await house.engine.prove(who, elsewhere, 'password', { password: secret })).toMatchObject({
        step: { kind: 'done' },
      })
    })

    it('is not good in another browser, or for another sign-in', async () => {
      const house = await withAna()
      const who = await asked(house, ana, name)
      const code = lastCode(house)
      const thief = { ...who, browser: `other-browser-${'y'.repeat(30)}` }
      expect(await house.engine.prove(thief, visit(), name, { code })).toEqual({ status: 'lost' })
      const mine = await asked(house, ana, name)
      expect(await house.engine.prove(mine, visit(), name, { code })).toEqual({ status: 'refused' })
    })

    it('is sent anew after half a minute and not before; then only the newest one works', async () => {
      const house = await withAna()
      const who = await asked(house, ana, name)
      const first = lastCode(house)
      const { againAt } = (await house.engine.current(who, visit()))?.show ?? {}
      expect(againAt).toBe(house.clock.now() + 30 * second)
      house.clock.advance(29 * second)
      await house.engine.choose(who, visit(), name)
      expect(delivered(house)).toHaveLength(1)
      expect((await house.engine.current(who, visit()))?.show).toEqual({ againAt })
      house.clock.advance(second)
      await house.engine.choose(who, visit(), name)
      expect(delivered(house)).toHaveLength(2)
      if (first !== lastCode(house))
        expect(await house.engine.prove(who, visit(), name, { code: first })).toEqual({ status: 'refused' })
      expect(await house.engine.prove(who, visit(), name, { code: lastCode(house) })).toMatchObject({
        step: { kind: 'done' },
      })
    })

    it('asked again too early, it keeps its tries and its end', async () => {
      const house = await withAna({}, { tries: 2, lifetime: minute })
      const who = await asked(house, ana, name)
      await house.engine.prove(who, visit(), name, { code: wrongCode(house) })
      house.clock.advance(29 * second)
      await house.engine.choose(who, visit(), name)
      await house.engine.prove(who, visit(), name, { code: wrongCode(house) })
      expect(await house.engine.prove(who, visit(), name, { code: lastCode(house) })).toMatchObject({
        reason: 'challenge-expired',
      })
    })

    it('S26 S32: a mailbox gets six an hour however many ask; what is over looks the same, and the last code stays good', async () => {
      const house = await withAna()
      await house.person('ben@example.com')
      const who = await asked(house, ana, name)
      for (let round = 0; round < 5; round += 1)
        await asked(house, ana, name, visit({ address: '198.51.100.9' }))
      expect(delivered(house)).toHaveLength(6)
      const mine = house.sent.find(({ to }) => to.kind === 'email')?.values.code
      const before = await house.engine.current(who, visit())
      house.clock.advance(40 * second)
      const late = await house.engine.choose(who, visit(), name)
      expect(delivered(house)).toHaveLength(6)
      const after = await house.engine.current(who, visit())
      expect(after?.show).toEqual({ againAt: house.clock.now() + 30 * second })
      expect({ ...after, show: undefined }).toEqual({ ...before, show: undefined })
      expect(late).toMatchObject({ status: 'moved', step: { chosen: name } })
      await asked(house, 'ben@example.com', name)
      expect(delivered(house)).toHaveLength(7)
      expect(await house.engine.prove(who, visit(), name, { code: String(mine) })).toMatchObject({
        step: { kind: 'done' },
      })
      house.clock.advance(hour)
      await asked(house, ana, name)
      expect(delivered(house)).toHaveLength(8)
    })

    it('S26: whoever uses up the budget of a mailbox does not keep out its owner where they signed in before', async () => {
      const house = await withAna()
      const home = visit({ device: 'd'.repeat(43) })
      const first = await identified(house, ana, home)
      await house.engine.prove(first, home, 'password', { password: secret })
      for (let round = 0; round < 8; round += 1)
        await asked(house, ana, name, visit({ address: '198.51.100.9' }))
      expect(delivered(house)).toHaveLength(6)
      const who = await asked(house, ana, name, home)
      expect(delivered(house)).toHaveLength(7)
      expect(await house.engine.prove(who, home, name, { code: lastCode(house) })).toMatchObject({
        step: { kind: 'done' },
      })
    })

    it('S26: of 32 requests at the same moment no more go out than the mailbox may get', async () => {
      const house = await withAna()
      await parallel(32, () => asked(house, ana, name))
      expect(delivered(house)).toHaveLength(6)
    })

    it('S32: does the same work and shows the same for people who do not exist', async () => {
      const house = await withAna()
      const look = async (text: string) => {
        const before = house.sent.length
        const who = await asked(house, text, name)
        const shown = await house.engine.current(who, visit())
        const refused = await house.engine.prove(who, visit(), name, { code: 'x' })
        house.clock.advance(31 * second)
        const again = await house.engine.choose(who, visit(), name)
        return {
          sent: house.sent.length - before,
          shown: { ...shown, identifier: '', show: Object.keys(shown?.show ?? {}) },
          refused,
          again,
        }
      }
      const known = await look(ana)
      expect(await look('nobody@example.com')).toEqual(known)
      expect(known.shown.show).toEqual(['againAt'])
      expect(house.sent.filter(({ to }) => to.kind === 'username')).toHaveLength(2)
    })

    it('shows where the code went once something was proved', async () => {
      const house = await withAna({ level: 'two-factor' })
      const who = await identified(house, ana)
      await house.engine.prove(who, visit(), 'password', { password: secret })
      expect(await house.engine.current(who, visit())).toMatchObject({
        step: { chosen: name, why: 'level' },
        show: { to: 'a•••@example.com' },
      })
      expect(await house.engine.prove(who, visit(), name, { code: lastCode(house) })).toMatchObject({
        step: { kind: 'done' },
      })
      expect(await house.engine.redeem(who)).toMatchObject({
        level: 'two-factor',
        amr: ['mfa', 'otp', 'pwd'],
      })
    })

    it('S44: a code by mail is no second factor beside a password that came by mail', async () => {
      const house = await open_({ level: 'two-factor' })
      const id = await house.person(ana, { password: null })
      await house.enrolments.finish(id, 'password', { password: secret }, visit(), { channel: 'email' })
      const who = await identified(house, ana)
      const step = await house.engine.prove(who, visit(), 'password', { password: secret })
      expect(step).toMatchObject({ step: { kind: 'refused', reason: 'unreachable' } })
      expect(delivered(house)).toEqual([])
    })

    it('is recorded by its name', async () => {
      const house = await withAna()
      const who = await asked(house, ana, name)
      await house.engine.prove(who, visit(), name, { code: lastCode(house) })
      const { items } = await house.audit.list({ action: 'authentication.proved', limit: 10 })
      expect(items).toMatchObject([{ identityId: house.id, details: { factor: name } }])
    })
  })
})
