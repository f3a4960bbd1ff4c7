/** Friends who vouch, as a way to prove: in recoveries alone, beside another proof, and never worth two factors however many say yes. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assess, type Proof } from '../../src/domain/assurance.ts'
import type { Requirement } from '../../src/domain/authentication.ts'
import { emailCode } from '../../src/factors/email-code.ts'
import { trustedContacts } from '../../src/factors/trusted-contacts.ts'
import type { Factors } from '../../src/ports/factor.ts'
import type { Vouching } from '../../src/ports/vouching.ts'
import { type Asker, createHouse, identified, minute, secret, visit } from '../authentication/house.ts'
import { by, openContacts, settings } from '../recovery/contact-world.ts'
import { eachStore } from '../support/stores.ts'
import { budgetOn } from './sent.ts'

const name = 'trusted-contacts'
const wanting: Requirement = { level: 'two-factor', essential: true, recovery: true }
const drill: Requirement = { ...wanting, drill: true }
const ana = 'ana@example.com'

it('S44: contacts alone, or beside other things that one has, never reach two factors', () => {
  const { categories, amr, channel } = trustedContacts({ vouching: {} as Vouching, settings })
  const friends: Proof = { factor: name, categories, amr, channel, at: 1 }
  const possession = (factor: string, over?: 'email' | 'sms'): Proof => ({
    factor,
    categories: ['possession'],
    amr: ['otp'],
    at: 1,
    credentialId: factor,
    ...(over === undefined ? {} : { channel: over }),
  })
  const others = [
    possession('mail', 'email'),
    possession('text', 'sms'),
    possession('app'),
    possession('paper'),
  ]
  fc.assert(
    fc.property(fc.array(fc.constantFrom(friends, ...others), { minLength: 1 }), (given) => {
      expect(assess([friends, ...given]).level).toBe('single-factor')
    }),
  )
  const password: Proof = { factor: 'word', categories: ['knowledge'], amr: ['pwd'], at: 1 }
  expect(assess([friends, password])).toMatchObject({ level: 'two-factor' })
  // Set with what came by mail, it is what came by mail.
  expect(assess([friends, { ...password, channel: 'contacts' }])).toMatchObject({ level: 'single-factor' })
})

describe('friends who vouch', () => {
  eachStore((_name, open) => {
    /** Ana with a password, a mailbox, and three friends who count; somebody who knows the password wants back in. */
    async function house(more: Factors = []) {
      const world = await openContacts(open)
      const { store, clock, vouchings } = world
      const here = createHouse(store, {
        clock,
        factors: [...more, trustedContacts({ vouching: vouchings, settings })],
      })
      const id = await here.person(ana)
      const owner = await here.identities.get(id)
      if (owner === undefined) throw new Error('nobody')
      const friends = [await world.person('bob'), await world.person('eve'), await world.person('joe')]
      const ids: string[] = []
      for (const friend of friends) ids.push(await world.befriend(owner, friend))
      clock.advance(settings.waiting_time)
      world.messages.length = 0
      const proved = async (requirement = wanting, where = visit()): Promise<Asker> => {
        const who = await identified(here, ana, where, requirement)
        await here.engine.prove(who, where, 'password', { password: secret })
        return who
      }
      const current = async (who: Asker) => here.engine.current(who, visit())
      const chosen = async (who: Asker) => {
        await here.engine.choose(who, visit(), name)
        const now = await current(who)
        await world.work()
        return now
      }
      const collect = (who: Asker) => here.engine.prove(who, visit(), name, {})
      const answer = async (friend: number, approves = true) => {
        const whom = friends[friend]?.id ?? ''
        const [request] = await world.vouchings.requests(whom)
        return world.vouchings.answer(whom, request?.id ?? '', approves, visit(), by(whom))
      }
      return { ...world, ...here, world, id, friends, ids, proved, chosen, collect, answer, current }
    }

    it('are asked after the first proof and never before, and at no sign-in', async () => {
      const { engine, proved, collect, world, current } = await house()
      const signIn = await identified({ engine } as never, ana, visit())
      await engine.prove(signIn, visit(), 'password', { password: secret })
      expect((await current(signIn))?.step).toEqual(expect.objectContaining({ kind: 'done' }))
      const early = await identified({ engine } as never, ana, visit(), wanting)
      expect(await collect(early)).toMatchObject({ step: { why: 'first-proof' } })
      expect(world.messages).toEqual([])
      expect((await current(await proved()))?.step).toMatchObject({ oneOf: [name], why: 'level' })
    })

    it('two who say yes prove it beside a password, once they said so', async () => {
      const { proved, chosen, collect, answer, engine } = await house()
      const who = await proved()
      const now = await chosen(who)
      expect(now?.show).toMatchObject({ phrase: expect.any(Array), waitsUntil: expect.any(Number) })
      expect([await engine.waiting(who), await collect(who)]).toMatchObject([
        'waiting',
        { status: 'pending' },
      ])
      await answer(0)
      expect(await engine.waiting(who)).toBe('waiting')
      await answer(2)
      expect(await engine.waiting(who)).toBe('answered')
      expect(await collect(who)).toMatchObject({ step: { kind: 'done' } })
      expect(await engine.redeem(who)).toMatchObject({
        level: 'two-factor',
        amr: ['mfa', 'pwd'],
        recovery: { factors: ['password', name], own: 'single-factor' },
      })
    })

    it('S44: lead nowhere beside a code by mail, whoever reads the mailbox', async () => {
      const code = { enabled: true, digits: 6, lifetime: 10 * minute, tries: 3, per_hour: 10 }
      const world = await openContacts(open)
      const here = createHouse(world.store, {
        clock: world.clock,
        factors: [
          emailCode({ budget: budgetOn(world.store, world.clock), settings: code }),
          trustedContacts({ vouching: world.vouchings, settings }),
        ],
      })
      const id = await here.person(ana)
      const owner = await here.identities.get(id)
      for (const friend of ['bob', 'eve', 'joe'])
        await world.befriend(owner as never, await world.person(friend))
      world.clock.advance(settings.waiting_time)
      const who = await identified(here, ana, visit(), wanting)
      await here.engine.choose(who, visit(), 'email-code')
      await here.engine.current(who, visit())
      const typed = String(here.sent.at(-1)?.values.code)
      expect(await here.engine.prove(who, visit(), 'email-code', { code: typed })).toMatchObject({
        step: { kind: 'prove', oneOf: ['password'] },
      })
      expect(await here.engine.prove(who, visit(), name, {})).toMatchObject({ step: { oneOf: ['password'] } })
    })

    it('a contact who is removed takes along what they proved', async () => {
      const { proved, chosen, collect, answer, engine, contacts, id, ids, clock } = await house()
      const who = await proved()
      await chosen(who)
      await answer(0)
      await answer(1)
      expect(await collect(who)).toMatchObject({ step: { kind: 'done' } })
      clock.advance(1)
      await contacts.remove(id, ids[0] ?? '', by(id))
      expect(await engine.redeem(who)).toBeUndefined()
    })

    it('too few who are left say so once, and the page stops waiting', async () => {
      const { proved, chosen, collect, answer, engine, current } = await house()
      const who = await proved()
      await chosen(who)
      await answer(0, false)
      expect(await engine.waiting(who)).toBe('waiting')
      await answer(1, false)
      expect(await engine.waiting(who)).toBe('answered')
      expect(await collect(who)).toMatchObject({ status: 'refused', reason: 'refused' })
      expect((await current(who))?.show).toEqual({ over: 'refused' })
      expect(await engine.waiting(who)).not.toBe('answered')
      // Choosing it again asks nobody again.
      expect((await chosen(who))?.show).toEqual({ over: 'refused' })
    })

    it('S26: whoever had them asked too often is told so, and nobody is asked', async () => {
      const { proved, chosen, collect, world, current } = await house()
      for (const _ of [1, 2, 3]) await chosen(await proved())
      const before = world.messages.length
      const who = await proved()
      expect((await chosen(who))?.show).toEqual({ over: 'paused' })
      expect(await collect(who)).toMatchObject({ status: 'refused', reason: 'paused' })
      expect(world.messages).toHaveLength(before)
      expect((await current(who))?.show).toEqual({ over: 'paused' })
    })

    it('a page that is loaded again shows the same words, and two at once ask once', async () => {
      const { proved, chosen, world, current, clock } = await house()
      const who = await proved()
      const first = await chosen(who)
      const again = await Promise.all([current(who), current(who)])
      for (const { show } of again as { show: unknown }[]) expect(show).toEqual(first?.show)
      clock.advance(30 * minute)
      expect((await current(who))?.show).toEqual(first?.show)
      await world.work()
      expect(world.messages.filter(({ template }) => template === 'contact-asked')).toHaveLength(3)
    })

    it('a fire drill troubles nobody', async () => {
      const { proved, chosen, collect, world, engine } = await house()
      const who = await proved(drill)
      expect((await chosen(who))?.show).toEqual({ drill: true })
      expect(await collect(who)).toMatchObject({ step: { kind: 'done' } })
      expect(await engine.redeem(who)).toBeUndefined()
      expect(world.messages).toEqual([])
      expect(await world.store.vouchings.count()).toBe(0)
    })
  })
})
