import { describe, expect, it } from 'vitest'
import { addressSubject } from '../../src/authentication/addresses.ts'
import { parseIdentifier } from '../../src/domain/identifier.ts'
import { parallel } from '../identities/world.ts'
import { eachStore } from '../support/stores.ts'
import { attempt, day, guess, identified, second, secret, visit } from './house.ts'
import { device, stranger, throttled } from './throttled.ts'

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
  eachStore((_store, open) => {
    const { house, wrong, budget, subject } = throttled(open)

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
  })
})
