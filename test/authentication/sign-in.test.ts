import { describe, expect, it } from 'vitest'
import { parallel } from '../identities/world.ts'
import { createClock } from '../support/clock.ts'
import { eachStore } from '../support/stores.ts'
import { asker, createHouse, hour, identified, operator, plain, secret, visit } from './house.ts'

describe('a sign-in with one factor', () => {
  eachStore((_name, open) => {
    const house = async () => {
      const clock = createClock()
      return createHouse(await open(clock.now), { clock })
    }

    it('asks who, asks for a proof, and hands over one result', async () => {
      const { engine, person, clock } = await house()
      const id = await person('ana@example.com')
      const who = asker()
      await engine.open(who, { requirement: { ...plain, hint: 'ana@example.com' }, clientId: 'app' })
      expect(await engine.current(who, visit())).toMatchObject({
        step: { kind: 'identify', hint: 'ana@example.com' },
        enrolled: [],
      })
      const named = await engine.identify(who, visit(), ' Ana@Example.com ')
      expect(named).toMatchObject({
        status: 'moved',
        step: { kind: 'prove', oneOf: ['password'], chosen: 'password' },
      })
      expect(await engine.current(who, visit())).toMatchObject({
        identifier: 'Ana@example.com',
        enrolled: [],
      })
      expect(await engine.redeem(who)).toBeUndefined()

      clock.advance(1_000)
      const proved = await engine.prove(who, visit(), 'password', { password: secret })
      expect(proved).toMatchObject({ status: 'moved', step: { kind: 'done' } })
      expect(await engine.redeem(who)).toEqual({
        identityId: id,
        authTime: clock.now(),
        level: 'single-factor',
        acr: 'urn:signet:acr:single-factor',
        amr: ['pwd'],
        process: expect.any(String),
        credentials: [expect.any(String)],
        factors: ['password'],
      })
      expect(await engine.redeem(who)).toBeUndefined()
    })

    it('refuses a wrong answer without a reason and takes the right one afterwards', async () => {
      const { engine, person } = await house()
      await person('ana@example.com')
      const who = await identified({ engine }, 'ana@example.com')
      expect(await engine.prove(who, visit(), 'password', { password: 'not this one at all' })).toEqual({
        status: 'refused',
      })
      expect(await engine.prove(who, visit(), 'password', {})).toEqual({ status: 'refused' })
      expect(await engine.prove(who, visit(), 'password', { password: secret })).toMatchObject({
        step: { kind: 'done' },
      })
    })

    it('is lost to another browser, which can neither see, go on with, replace nor redeem it', async () => {
      const { engine, person } = await house()
      await person('ana@example.com')
      const who = await identified({ engine }, 'ana@example.com')
      const thief = { ...who, browser: 'another browser' }
      await engine.open(thief, { requirement: plain, clientId: 'app' })
      expect(await engine.current(thief, visit())).toBeUndefined()
      expect(await engine.prove(thief, visit(), 'password', { password: secret })).toEqual({ status: 'lost' })
      await engine.prove(who, visit(), 'password', { password: secret })
      await engine.restart(thief)
      expect(await engine.redeem(thief)).toBeUndefined()
      expect(await engine.redeem({ ...who, consumer: 'interaction:other' })).toBeUndefined()
      expect(await engine.redeem(who)).toBeDefined()
    })

    it('ignores a step that nobody asked for', async () => {
      const { engine, person, hasher } = await house()
      await person('ana@example.com')
      const who = asker()
      await engine.open(who, { requirement: plain })
      const { calls } = hasher as never as { calls: string[] }
      calls.length = 0
      const early = await engine.prove(who, visit(), 'password', { password: secret })
      expect(early).toMatchObject({ status: 'moved', step: { kind: 'identify' } })
      await engine.identify(who, visit(), 'ana@example.com')
      expect(await engine.prove(who, visit(), 'telepathy', { password: secret })).toMatchObject({
        step: { kind: 'prove' },
      })
      expect(
        await engine.enrol(who, visit(), 'password', { password: 'a whole new password' }),
      ).toMatchObject({
        step: { kind: 'prove' },
      })
      expect(calls).toEqual([])
    })

    it('refuses an identifier that cannot be one, whoever exists', async () => {
      const { engine } = await house()
      const who = asker()
      await engine.open(who, { requirement: plain })
      for (const text of ['', ' ', 'a b', `${'a'.repeat(300)}@example.com`, 'x\u0000y'])
        expect(await engine.identify(who, visit(), text)).toEqual({ status: 'refused', reason: 'malformed' })
    })

    it('starts over for a different account, and forgets what was proved', async () => {
      const { engine, person } = await house()
      await person('ana@example.com')
      const who = await identified({ engine }, 'ana@example.com')
      await engine.prove(who, visit(), 'password', { password: secret })
      await engine.restart(who)
      expect(await engine.current(who, visit())).toMatchObject({ step: { kind: 'identify' } })
      expect(await engine.redeem(who)).toBeUndefined()
    })

    it('does not go on for a name that was typed while the answer was on its way', async () => {
      const { engine, person } = await house()
      await person('ana@example.com')
      await person('eve@example.com', { password: 'the password of eve herself' })
      const who = await identified({ engine }, 'eve@example.com')
      const [proved] = await Promise.all([
        engine.prove(who, visit(), 'password', { password: 'the password of eve herself' }),
        engine.identify(who, visit(), 'ana@example.com'),
      ])
      const result = await engine.redeem(who)
      if (result === undefined) expect(proved).toMatchObject({ status: 'moved', step: { kind: 'prove' } })
      else expect((await engine.current(who, visit()))?.step.kind).toBe('refused')
    })

    it('asks only for a proof when the requirement names the person, and refuses anybody else', async () => {
      const { engine, person } = await house()
      const id = await person('ana@example.com')
      const who = asker()
      const requirement = { ...plain, identityId: id, hint: 'ana@example.com' }
      await engine.open(who, { requirement })
      expect(await engine.current(who, visit())).toMatchObject({
        step: { kind: 'prove', chosen: 'password' },
        identifier: 'ana@example.com',
      })
      // Naming somebody else is not possible here.
      await person('eve@example.com', { password: 'the password of eve herself' })
      await engine.identify(who, visit(), 'eve@example.com')
      expect(
        await engine.prove(who, visit(), 'password', { password: 'the password of eve herself' }),
      ).toEqual({
        status: 'refused',
      })
      expect(await engine.prove(who, visit(), 'password', { password: secret })).toMatchObject({
        step: { kind: 'done' },
      })
    })

    it('lets a suspended person prove who they are and goes no further', async () => {
      const { engine, person, identities, audit } = await house()
      const id = await person('ana@example.com')
      await identities.suspend(id, operator)
      const who = await identified({ engine }, 'ana@example.com')
      expect(await engine.prove(who, visit(), 'password', { password: 'not this one at all' })).toEqual({
        status: 'refused',
      })
      expect(await engine.prove(who, visit(), 'password', { password: secret })).toMatchObject({
        status: 'moved',
        step: { kind: 'refused', reason: 'not-allowed' },
      })
      expect(await engine.redeem(who)).toBeUndefined()
      const entries = await audit.list({ identityId: id, action: 'authentication.refused', limit: 10 })
      expect(entries.items[0]).toMatchObject({ result: 'failure', reason: 'not-allowed' })
    })

    it('does not honour a proof that was given before a suspension, or with a password that was changed since', async () => {
      const { engine, person, identities, enrolments, clock } = await house()
      const id = await person('ana@example.com')
      const before = await identified({ engine }, 'ana@example.com')
      await engine.prove(before, visit(), 'password', { password: secret })
      clock.advance(1_000)
      await identities.suspend(id, operator)
      await identities.restore(id, operator)
      expect(await engine.redeem(before)).toBeUndefined()

      const again = await identified({ engine }, 'ana@example.com')
      await engine.prove(again, visit(), 'password', { password: secret })
      clock.advance(1_000)
      await enrolments.finish(id, 'password', { password: 'an entirely new password' }, visit())
      expect(await engine.redeem(again)).toBeUndefined()
      expect((await engine.current(again, visit()))?.step).toMatchObject({
        kind: 'refused',
        reason: 'expired',
      })
    })

    it('renews a hash that was made with other parameters, and lets two tabs do so at once', async () => {
      const { engine, enrolments, identities, hasher } = await house()
      const created = await identities.create(
        { identifiers: [{ kind: 'email', written: 'old@example.com', verified: true }], state: 'active' },
        operator,
      )
      if (created.status !== 'created') throw new Error(created.status)
      const { hash } = await import('argon2')
      const phc = await hash(secret, { memoryCost: 128, timeCost: 2, parallelism: 1 })
      expect(hasher.outdated(phc)).toBe(true)
      expect(await enrolments.adopt(created.identity.id, 'password', { phc })).toMatchObject({
        status: 'enrolled',
      })
      const outcomes = await parallel(4, async () => {
        const who = await identified({ engine }, 'old@example.com')
        return engine.prove(who, visit(), 'password', { password: secret })
      })
      for (const outcome of outcomes)
        expect(outcome).toMatchObject({ status: 'moved', step: { kind: 'done' } })
      const { calls } = hasher as never as { calls: string[] }
      calls.length = 0
      const who = await identified({ engine }, 'old@example.com')
      await engine.prove(who, visit(), 'password', { password: secret })
      expect(calls).toEqual(['verify'])
    })

    it('F3: of 2, 8 and 32 racers one redeems the result', async () => {
      const { engine, person } = await house()
      await person('ana@example.com')
      for (const racers of [2, 8, 32]) {
        const who = await identified({ engine }, 'ana@example.com')
        await engine.prove(who, visit(), 'password', { password: secret })
        const results = await parallel(racers, () => engine.redeem(who))
        expect(results.filter((result) => result !== undefined)).toHaveLength(1)
      }
    })

    it('is idempotent to open, but a new question does not inherit the answers to an old one', async () => {
      const { engine, person } = await house()
      await person('ana@example.com')
      const who = await identified({ engine }, 'ana@example.com')
      await engine.prove(who, visit(), 'password', { password: secret })
      await engine.open(who, { requirement: plain, clientId: 'app' })
      expect((await engine.current(who, visit()))?.step).toMatchObject({ kind: 'done' })
      await engine.open(who, { requirement: { level: 'two-factor', essential: true }, clientId: 'app' })
      expect((await engine.current(who, visit()))?.step).toMatchObject({ kind: 'identify' })
    })

    it('F8: ends after its time, and a result that was handed over stays so when the clock is set back', async () => {
      const { engine, person, clock } = await house()
      await person('ana@example.com')
      const slow = await identified({ engine }, 'ana@example.com')
      const quick = await identified({ engine }, 'ana@example.com')
      await engine.prove(quick, visit(), 'password', { password: secret })
      expect(await engine.redeem(quick)).toBeDefined()
      for (const jump of [10_000, -10_000, 60_000, -60_000, -hour, hour]) {
        clock.advance(jump)
        expect(await engine.redeem(quick)).toBeUndefined()
      }
      clock.advance(hour + 1)
      expect(await engine.prove(slow, visit(), 'password', { password: secret })).toEqual({ status: 'lost' })
      expect(await engine.current(slow, visit())).toBeUndefined()
    })

    it('records each step with its trace, and nothing secret', async () => {
      const { engine, person, audit } = await house()
      const id = await person('ana@example.com')
      const who = await identified({ engine }, 'ana@example.com')
      await engine.prove(who, visit(), 'password', { password: 'not this one at all' })
      await engine.prove(who, visit(), 'password', { password: secret })
      await engine.settle()
      const { items } = await audit.list({ identityId: id, limit: 100 })
      const actions = items
        .map((entry) => entry.action)
        .filter((action) => action.startsWith('authentication'))
      expect(actions.sort()).toEqual([
        'authentication.completed',
        'authentication.identified',
        'authentication.proved',
        'authentication.refused',
      ])
      const proved = items.find((entry) => entry.action === 'authentication.proved')
      expect(proved).toMatchObject({
        actor: { kind: 'identity', id },
        clientId: 'app',
        traceId: 'trace-1',
        details: { factor: 'password' },
        personal: { address: '203.0.113.7', identifier: 'ana@example.com', userAgent: 'Test browser' },
      })
      expect(items.find((entry) => entry.action === 'authentication.identified')?.actor.id).toBeUndefined()
      expect(JSON.stringify(items)).not.toContain(secret)
    })
  })
})
