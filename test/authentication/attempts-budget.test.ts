import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Subject } from '../../src/authentication/attempts.ts'
import type { Visit } from '../../src/authentication/index.ts'
import { parallel } from '../identities/world.ts'
import { createClock } from '../support/clock.ts'
import { eachStore, onSqlite } from '../support/stores.ts'
import { attempt, createHouse, day, hour, minute, second, secret, visit } from './house.ts'
import { stranger, throttled } from './throttled.ts'

describe('the throttle', () => {
  eachStore((_store, open) => {
    const { house, wrong, budget, subject } = throttled(open)

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
