import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressSubject } from '../../src/authentication/addresses.ts'
import { createAttempts, type Subject } from '../../src/authentication/attempts.ts'
import type { Visit } from '../../src/authentication/index.ts'
import { parseIdentifier } from '../../src/domain/identifier.ts'
import { createVault } from '../../src/vault/vault.ts'
import { parallel } from '../identities/world.ts'
import { createClock } from '../support/clock.ts'
import { eachStore, onSqlite } from '../support/stores.ts'
import {
  attempt,
  createHouse,
  day,
  guess,
  hour,
  identified,
  minute,
  second,
  secret,
  throttle,
  visit,
} from './fixture.ts'

const device = 'd'.repeat(22)
const stranger = visit({ address: '198.51.100.9', userAgent: 'Somebody else' })

describe('an address', () => {
  it('S26: is itself for IPv4, also mapped into IPv6, and its /64 for IPv6', () => {
    const table = {
      '203.0.113.7': '203.0.113.7',
      '::ffff:203.0.113.7': '203.0.113.7',
      '::FFFF:cb00:7107': '203.0.113.7',
      '2001:db8:1:2:3:4:5:6': '2001:db8:1:2::/64',
      '2001:db8:1:2::1': '2001:db8:1:2::/64',
      '2001:0DB8:0001:0002:ffff::': '2001:db8:1:2::/64',
      'fe80::1%eth0': 'fe80:0:0:0::/64',
      'not an address': 'not an address',
    }
    for (const [address, subject] of Object.entries(table)) expect(addressSubject(address)).toBe(subject)
  })
})

describe('the throttle', () => {
  eachStore((_name, open) => {
    const house = async (options: Parameters<typeof createHouse>[1] = {}) => {
      const clock = createClock()
      return createHouse(await open(clock.now), { clock, ...options })
    }
    const wrong = 'not the right one at all'
    const budget = async (settings: Partial<typeof throttle> = {}) => {
      const clock = createClock()
      const store = await open(clock.now)
      const vault = createVault(new Uint8Array(32))
      return {
        clock,
        store,
        ...createAttempts({ store, vault, clock: clock.now, settings: { ...throttle, ...settings } }),
      }
    }
    const subject: Subject = { kind: 'identifier', value: 'email:ana@example.com' }

    it('S26: five tries are free, then pauses double from 30 seconds to an hour, whoever exists', async () => {
      const here = await house({ throttle: { free_tries_per_address: 1_000 } })
      await here.person('ana@example.com')
      for (const text of ['ana@example.com', 'nobody@example.com']) {
        for (let round = 0; round < 5; round += 1)
          expect(await attempt(here, text, wrong, stranger)).toEqual({ status: 'refused' })
        const pauses: number[] = []
        for (let round = 0; round < 9; round += 1) {
          const outcome = await attempt(here, text, wrong, stranger)
          if (outcome.status !== 'throttled') throw new Error(outcome.status)
          expect(outcome.locked).toBe(false)
          pauses.push((outcome.retryAt - here.clock.now()) / second)
          here.clock.advance(outcome.retryAt - here.clock.now() - 1)
          expect(await attempt(here, text, wrong, stranger)).toMatchObject({ status: 'throttled' })
          here.clock.advance(1)
          expect(await attempt(here, text, wrong, stranger)).toEqual({ status: 'refused' })
        }
        expect(pauses).toEqual([30, 60, 120, 240, 480, 960, 1920, 3600, 3600])
      }
    })

    it('S26: 50 guesses at once: no more than the free tries are looked at, and the owner is told once', async () => {
      const here = await house()
      await here.person('ana@example.com')
      const { calls } = here.hasher as never as { calls: string[] }
      const ready = await parallel(50, () => identified(here, 'ana@example.com', stranger))
      calls.length = 0
      const outcomes = await Promise.all(
        ready.map((who, index) =>
          here.engine.prove(who, stranger, 'password', { password: `guess number ${index} of many` }),
        ),
      )
      expect(calls.filter((call) => call === 'verify')).toHaveLength(5)
      expect(outcomes.filter(({ status }) => status === 'throttled')).toHaveLength(45)
      await here.engine.settle()
      expect(here.sent).toHaveLength(1)
      expect(here.sent[0]).toMatchObject({ template: 'guessing', to: { written: 'ana@example.com' } })
    })

    it('S26: 50 right answers among wrong ones do not get in beyond the limit either', async () => {
      const here = await house({ throttle: { free_tries_per_address: 1_000 } })
      await here.person('ana@example.com')
      await guess(here, 'ana@example.com', 4, stranger)
      const outcomes = await parallel(50, (index) =>
        attempt(here, 'ana@example.com', index === 49 ? secret : wrong, stranger),
      )
      expect(outcomes.filter(({ status }) => status !== 'throttled').length).toBeLessThanOrEqual(2)
    })

    it('S26: a new process, another spelling, and a restart do not give new tries', async () => {
      const here = await house()
      await here.person('ana@example.com')
      for (const text of [
        'ana@example.com',
        'ANA@example.com',
        ' Ana@EXAMPLE.com',
        'ana@example.com',
        'aNa@example.com',
      ])
        expect(await attempt(here, text, wrong)).toEqual({ status: 'refused' })
      const who = await identified(here, 'ana@example.com')
      expect(await here.engine.prove(who, visit(), 'password', { password: secret })).toMatchObject({
        status: 'throttled',
      })
      await here.engine.restart(who)
      await here.engine.identify(who, visit(), 'ana@example.com')
      expect(await here.engine.prove(who, visit(), 'password', { password: secret })).toMatchObject({
        status: 'throttled',
      })
    })

    it('S26: the right answer costs nothing and forgets the wrong ones before it', async () => {
      const here = await house()
      await here.person('ana@example.com')
      for (let round = 0; round < 4; round += 1) {
        for (let slip = 0; slip < 4; slip += 1) await attempt(here, 'ana@example.com', wrong)
        expect(await attempt(here, 'ana@example.com', secret)).toMatchObject({ status: 'moved' })
      }
    })

    it('S26: a stranger cannot lock out the device of the owner, which keeps its own small counter', async () => {
      const here = await house({ throttle: { lock_after: 20 } })
      await here.person('ana@example.com')
      const home = visit({ device })
      expect(await attempt(here, 'ana@example.com', secret, home)).toMatchObject({ status: 'moved' })
      await guess(here, 'ana@example.com', 20, stranger)
      expect(await attempt(here, 'ana@example.com', wrong, stranger)).toMatchObject({
        status: 'throttled',
        locked: true,
      })
      // Nor from the owner's own network.
      expect(
        await attempt(here, 'ana@example.com', secret, visit({ address: stranger.address, device })),
      ).toMatchObject({
        status: 'moved',
      })
      await guess(here, 'ana@example.com', 20, stranger)
      for (let slip = 0; slip < 5; slip += 1)
        expect(await attempt(here, 'ana@example.com', wrong, home)).toEqual({ status: 'refused' })
      expect(await attempt(here, 'ana@example.com', secret, home)).toMatchObject({
        status: 'throttled',
        locked: false,
      })
      here.clock.advance(30 * second)
      expect(await attempt(here, 'ana@example.com', secret, home)).toMatchObject({ status: 'moved' })
    })

    it('S26: a device is known to whoever signed in there, not to others; a stolen one is locked like any other in the end', async () => {
      const here = await house({ throttle: { lock_after: 10, free_tries_per_address: 1_000 } })
      await here.person('ana@example.com')
      await here.person('eve@example.com', { password: 'the password of eve herself' })
      await attempt(here, 'eve@example.com', 'the password of eve herself', visit({ device }))
      await guess(here, 'ana@example.com', 10, stranger)
      expect(await attempt(here, 'ana@example.com', secret, visit({ device }))).toMatchObject({
        status: 'throttled',
        locked: true,
      })

      await guess(here, 'eve@example.com', 10, visit({ device }))
      expect(await attempt(here, 'eve@example.com', wrong, visit({ device }))).toMatchObject({
        status: 'throttled',
        locked: true,
      })
      expect(await here.store.devices.findBy('identityId', 'x')).toEqual([])
      // Forgotten: from here it pays for the identifier.
      expect(await attempt(here, 'eve@example.com', wrong, visit({ device }))).toEqual({ status: 'refused' })
    })

    it('S26: after a hundred failures in a row only an e-mail proof helps an unknown device', {
      timeout: 120_000,
    }, async () => {
      const here = await house({ throttle: { free_tries_per_address: 1_000 } })
      const id = await here.person('ana@example.com')
      await guess(here, 'ana@example.com', 100, stranger)
      await guess(here, 'nobody@example.com', 100, stranger)
      for (const text of ['ana@example.com', 'nobody@example.com']) {
        expect(await attempt(here, text, secret)).toMatchObject({ status: 'throttled', locked: true })
      }
      here.clock.advance(60 * day)
      expect(await attempt(here, 'ana@example.com', secret)).toMatchObject({
        status: 'throttled',
        locked: true,
      })
      await here.engine.unlock(id)
      expect(await attempt(here, 'ana@example.com', secret)).toMatchObject({ status: 'moved' })
      await here.engine.settle()
      expect(here.sent.filter((message) => message.template === 'guessing')).toHaveLength(1)
    })

    it('S26: who comes back each day for the free tries meets the lock all the same', async () => {
      const { pay, clock } = await budget({ lock_after: 20 })
      for (let round = 0; round < 20; round += 1) {
        if (round % 5 === 0) clock.advance(day)
        expect(await pay([subject])).toMatchObject({ status: 'paid' })
      }
      clock.advance(day)
      expect(await pay([subject])).toMatchObject({ status: 'blocked', locked: true })
    })

    it('S26: an identifier that was unlocked by its address starts again', async () => {
      const { pay, unlock } = await budget({ lock_after: 5 })
      for (let round = 0; round < 5; round += 1) await pay([subject])
      expect(await pay([subject])).toMatchObject({ status: 'blocked', locked: true })
      const identifier = parseIdentifier('Ana@example.com')
      if (identifier === undefined) throw new Error('malformed')
      await unlock(identifier)
      expect(await pay([subject])).toMatchObject({ status: 'paid' })
    })

    it('S26: an address has a larger budget over all identifiers, which only time gives back', async () => {
      const here = await house()
      await here.person('ana@example.com')
      const from = (address: string): Visit => visit({ address })
      for (let round = 0; round < 25; round += 1)
        await attempt(here, `user${round}@example.com`, wrong, from(`2001:db8::${round.toString(16)}`))
      const blocked = await attempt(here, 'ana@example.com', secret, from('2001:db8::ffff'))
      expect(blocked).toMatchObject({ status: 'throttled', locked: false })
      // Their neighbour is not concerned, nor is the account.
      expect(await attempt(here, 'ana@example.com', secret, from('2001:db8:0:1::1'))).toMatchObject({
        status: 'moved',
      })
      here.clock.advance(30 * second)
      // A success clears the person's counters, not the address's.
      expect(await attempt(here, 'ana@example.com', secret, from('2001:db8::1'))).toMatchObject({
        status: 'moved',
      })
      await attempt(here, 'one-more@example.com', wrong, from('2001:db8::1'))
      expect(await attempt(here, 'ana@example.com', secret, from('2001:db8::1'))).toMatchObject({
        status: 'throttled',
      })
      here.clock.advance(day)
      for (let round = 0; round < 24; round += 1)
        expect(await attempt(here, `late${round}@example.com`, wrong, from('2001:db8::1'))).toEqual({
          status: 'refused',
        })
    })

    it('S26: an office where somebody mistypes each hour is never slowed down', async () => {
      const { pay, clock } = await budget()
      for (let round = 0; round < 200; round += 1) {
        clock.advance(hour)
        expect(await pay([{ kind: 'address', value: '203.0.113.7' }])).toMatchObject({ status: 'paid' })
      }
    })

    it('S26: who is turned away has paid nothing, and uses up nobody else’s tries', async () => {
      const { pay } = await budget()
      const address: Subject = { kind: 'address', value: '203.0.113.7' }
      for (let round = 0; round < 5; round += 1) await pay([subject])
      await parallel(50, () => pay([subject, address]))
      for (let round = 0; round < 25; round += 1)
        expect(await pay([address])).toMatchObject({ status: 'paid' })
      expect(await pay([{ ...subject, value: 'email:ben@example.com' }, address])).toMatchObject({
        status: 'blocked',
        subject: address,
      })
      for (let round = 0; round < 5; round += 1)
        expect(await pay([{ ...subject, value: 'email:ben@example.com' }])).toMatchObject({ status: 'paid' })
    })

    it('S26: what is given back is as if it had never been paid', async () => {
      const { pay, refund, clock } = await budget()
      await fc.assert(
        fc.asyncProperty(fc.uuid(), fc.array(fc.boolean(), { maxLength: 25 }), async (value, rights) => {
          let failures = 0
          for (const right of rights) {
            const payment = await pay([{ kind: 'identifier', value }])
            if (payment.status === 'blocked') {
              expect(failures).toBeGreaterThanOrEqual(5)
              clock.advance(payment.retryAt - clock.now())
              continue
            }
            if (right) await refund(payment.receipts)
            else failures += 1
          }
        }),
        { numRuns: 20 },
      )
    })

    it('S26 S32: two identifiers of one person do not show that they are, and share their tries', async () => {
      const here = await house({ throttle: { free_tries_per_address: 1_000 } })
      await here.person('ana@example.com', { username: 'ana' })
      for (let round = 0; round < 5; round += 1) await attempt(here, 'ana@example.com', wrong, stranger)
      const { calls } = here.hasher as never as { calls: string[] }
      for (const text of ['ana', 'nobody']) {
        for (let round = 0; round < 5; round += 1)
          expect(await attempt(here, text, round === 0 && text === 'ana' ? secret : wrong, stranger)).toEqual(
            { status: 'refused' },
          )
        expect(await attempt(here, text, wrong, stranger)).toMatchObject({ status: 'throttled' })
      }
      expect(calls.filter((call) => call === 'verify')).toHaveLength(15)
    })

    it('S26: shed load is not counted against anybody', async () => {
      const { Problem } = await import('../../src/domain/problem.ts')
      const busy = { busy: false }
      const { sharedHasher } = await import('./house.ts')
      const real = sharedHasher()
      const hasher = {
        ...real,
        verify: (phc: string, text: string, address: string) =>
          busy.busy
            ? Promise.reject(new Problem('busy', { retryAfter: 1 }))
            : real.verify(phc, text, address),
      }
      const here = await house({ hasher })
      await here.person('ana@example.com')
      busy.busy = true
      for (let round = 0; round < 10; round += 1)
        await expect(attempt(here, 'ana@example.com', wrong)).rejects.toMatchObject({ code: 'busy' })
      busy.busy = false
      for (let round = 0; round < 5; round += 1)
        expect(await attempt(here, 'ana@example.com', wrong)).toEqual({ status: 'refused' })
    })

    it('F16: whoever is turned away for want of room costs no write and no try', async () => {
      const { Problem } = await import('../../src/domain/problem.ts')
      const { sharedHasher } = await import('./house.ts')
      const real = sharedHasher()
      let full = false
      const admit = () => {
        if (full) throw new Problem('busy', { retryAfter: 1 })
      }
      const here = await house({ hasher: { ...real, admit } })
      await here.person('ana@example.com')
      full = true
      await expect(attempt(here, 'ana@example.com', wrong)).rejects.toMatchObject({ code: 'busy' })
      expect(await here.store.attempts.count()).toBe(0)
      expect(real.calls).not.toContain('verify')
    })

    it('S26: the audit names the pause once, not each try that it turned away', async () => {
      const here = await house()
      const id = await here.person('ana@example.com')
      await parallel(20, () => attempt(here, 'ana@example.com', wrong, stranger))
      await here.engine.settle()
      const { items } = await here.audit.list({ identityId: id, limit: 100 })
      expect(items.filter(({ action }) => action === 'authentication.refused')).toHaveLength(5)
      expect(items.filter(({ action }) => action === 'authentication.throttled')).toHaveLength(1)
    })

    it('F8: a clock that jumps ends a pause early or late, and never gives tries back', async () => {
      const { pay, clock } = await budget()
      for (let round = 0; round < 5; round += 1) await pay([subject])
      for (const jump of [-10 * second, -minute, -hour, second]) {
        clock.advance(jump)
        expect(await pay([subject])).toMatchObject({ status: 'blocked' })
      }
      clock.advance(2 * hour)
      expect(await pay([subject])).toMatchObject({ status: 'paid' })
      expect(await pay([subject])).toMatchObject({ status: 'blocked', retryAt: clock.now() + minute })
    })

    it('keeps no identifier or address in the clear', async () => {
      const { pay, store } = await budget()
      await pay([subject, { kind: 'address', value: '203.0.113.7' }])
      const { items } = await store.attempts.page({ limit: 10 })
      expect(items).toHaveLength(2)
      expect(JSON.stringify(items)).not.toMatch(/ana|203\.0/)
    })
  })
})

onSqlite((open) => {
  it('S26: limits are settings', async () => {
    const clock = createClock()
    const here = createHouse(await open(clock.now), {
      clock,
      throttle: { free_tries: 1, first_pause: minute },
    })
    await attempt(here, 'ana@example.com', 'x')
    expect(await attempt(here, 'ana@example.com', 'x')).toEqual({
      status: 'throttled',
      retryAt: clock.now() + minute,
      locked: false,
    })
  })
})
