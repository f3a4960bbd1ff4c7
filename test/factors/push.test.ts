import { describe, expect, it } from 'vitest'
import { push } from '../../src/factors/push.ts'
import { totp } from '../../src/factors/totp.ts'
import type { Ending } from '../../src/ports/factor.ts'
import type { Waker } from '../../src/ports/waker.ts'
import {
  type Asker,
  createHouse,
  type House,
  type HouseOptions,
  hour,
  identified,
  issuer,
  minute,
  operator,
  plain,
  second,
  secret,
  visit,
} from '../authentication/fixture.ts'
import { parallel } from '../identities/world.ts'
import { createPhone, type Phone } from '../support/phone.ts'
import { eachStore } from '../support/stores.ts'
import { sendingHouse } from './sent.ts'

const settings = { enabled: true, lifetime: 2 * minute, per_hour: 10 }
const name = 'push'
const ana = 'ana@example.com'
const subscription = {
  endpoint: 'https://push.example.net/send/1',
  p256dh: `B${'k'.repeat(86)}`,
  auth: 'a'.repeat(22),
}
const at = (path: string, text: string) => ({ text, purpose: { method: 'POST', url: issuer + path } })

describe('a request on the phone', () => {
  eachStore((_store, open) => {
    /** Ana, with a password and no phone yet. */
    async function withAna(options: HouseOptions = {}, more: Partial<typeof settings> = {}) {
      const woken: Parameters<Waker['wake']>[] = []
      const waker: Waker = {
        publicKey: async () => 'key',
        wake: async (...call) => void woken.push(call),
      }
      const house = await sendingHouse(
        open,
        (budget) => [
          push({ budget, waker, settings: { ...settings, ...more } }),
          totp({
            serviceName: 'Signet',
            settings: { enabled: true, algorithm: 'SHA-1', digits: 6, period: 30 * second, window: 1 },
          }),
        ],
        options,
      )
      return { ...house, woken, id: await house.person(ana) }
    }
    type Town = Awaited<ReturnType<typeof withAna>>

    const sign = (house: House, phone: Phone, path: string, form = {}, how = {}) =>
      phone.sign(path, form, { at: house.clock.now(), ...how }).then((text) => at(path, text))

    /** What the enrolling page shows, and its ticket. */
    async function invite(house: Town) {
      const { ticket = '', show } = await house.enrolments.begin(house.id, name, visit())
      const link = new URL(String(show?.link))
      return { ticket, show, invitation: link.hash.slice(1), link }
    }

    async function follow(house: House, phone: Phone, invitation: string, form = {}) {
      const all = { invitation, name: 'Blue phone', ...form }
      return house.engine.devices.follow(await sign(house, phone, '/approve/phones', all, { brings: true }))
    }

    async function addPhone(house: Town, form = {}): Promise<Phone> {
      const phone = await createPhone(issuer)
      const { ticket, invitation } = await invite(house)
      await follow(house, phone, invitation, form)
      const finished = await house.enrolments.finish(house.id, name, { ticket, guest: phone.id }, visit())
      expect(finished.status).toBe('enrolled')
      return phone
    }

    /** Halfway in: the page that shows the number. */
    async function asked(house: House, where = visit()): Promise<{ who: Asker; number: string }> {
      const who = await identified(house, ana, where)
      await house.engine.prove(who, where, 'password', { password: secret })
      return { who, number: await numberOf(house, who) }
    }

    const show = async (house: House, who: Asker) => (await house.engine.current(who, visit()))?.show
    const numberOf = async (house: House, who: Asker) => String((await show(house, who))?.number)
    const collect = (house: House, who: Asker) => house.engine.prove(who, visit(), name, {})
    const done = { status: 'moved', step: { kind: 'done' } }

    async function look(house: House, phone: Phone) {
      const heard = await house.engine.devices.look(await sign(house, phone, '/approve/requests'))
      return heard.status === 'heard' ? heard.question : heard.status
    }

    async function reply(house: House, phone: Phone, form: Record<string, string>) {
      const question = form.question ?? (await openTo(house, phone))
      const signed = await sign(house, phone, '/approve/answers', { question, ...form })
      return house.engine.devices.answer(signed, visit())
    }

    async function openTo(house: House, phone: Phone): Promise<string> {
      const question = await look(house, phone)
      return typeof question === 'object' ? question.id : ''
    }

    const other = (number: string) => (number === '10' ? '11' : '10')

    it('is approved with the number of the page that waits, and is the second factor', async () => {
      const house = await withAna()
      const phone = await addPhone(house, subscription)
      const { who, number } = await asked(house, visit({ application: 'Orchard' }))
      expect(number).toMatch(/^[1-9]\d$/)
      expect(await show(house, who)).toMatchObject({
        names: ['Blue phone'],
        waitsUntil: house.clock.now() + 2 * minute,
      })
      expect(await look(house, phone)).toEqual({
        id: expect.any(String),
        factor: name,
        application: 'Orchard',
        address: '203.0.113.7',
        userAgent: 'Test browser',
        at: house.clock.now(),
        until: house.clock.now() + 2 * minute,
      })
      const [credential] = (await house.enrolments.list(house.id)).filter(({ factor }) => factor === name)
      expect(house.woken).toEqual([[subscription, credential?.id, house.clock.now() + 2 * minute]])
      expect(await collect(house, who)).toEqual({ status: 'pending' })
      expect(await house.engine.waiting(who)).toBe('waiting')
      expect(await reply(house, phone, { decision: 'allow', number })).toEqual({ status: 'approved' })
      expect(await house.engine.waiting(who)).toBe('answered')
      expect(await look(house, phone)).toBeUndefined()
      expect(await collect(house, who)).toMatchObject(done)
      expect(await house.engine.redeem(who)).toMatchObject({
        level: 'two-factor',
        amr: ['mfa', 'pwd', 'swk', 'user'],
      })
    })

    it('without the right number is not approved; the third wrong one refuses', async () => {
      const house = await withAna()
      const phone = await addPhone(house)
      const { who, number } = await asked(house)
      const question = await openTo(house, phone)
      for (const wrong of ['', other(number)]) {
        const left = wrong === '' ? 2 : 1
        expect(await reply(house, phone, { decision: 'allow', number: wrong })).toEqual({
          status: 'mismatch',
          triesLeft: left,
        })
        expect(await collect(house, who)).toEqual({ status: 'pending' })
      }
      expect(await reply(house, phone, { decision: 'allow', number: other(number) })).toEqual({
        status: 'refused',
      })
      expect(await reply(house, phone, { question, decision: 'allow', number })).toEqual({ status: 'gone' })
      expect(await collect(house, who)).toEqual({ status: 'refused', reason: 'refused' })
    })

    it('that is refused says so on the page, which asks again only when it is told to', async () => {
      const house = await withAna()
      const phone = await addPhone(house, subscription)
      const { who, number } = await asked(house)
      const question = await openTo(house, phone)
      expect(await reply(house, phone, { decision: 'deny' })).toEqual({ status: 'refused' })
      expect(await collect(house, who)).toEqual({ status: 'refused', reason: 'refused' })
      expect(await show(house, who)).toEqual({ over: 'refused', againAt: house.clock.now() })
      expect(await house.engine.waiting(who)).toBe('moved')
      expect(house.woken).toHaveLength(1)
      await house.engine.choose(who, visit(), name)
      expect(house.woken).toHaveLength(2)
      expect(await reply(house, phone, { question, decision: 'allow', number })).toEqual({ status: 'gone' })
      expect(await reply(house, phone, { decision: 'allow', number: await numberOf(house, who) })).toEqual({
        status: 'approved',
      })
      expect(await collect(house, who)).toMatchObject(done)
    })

    it('that nobody answers expires, and nothing new goes out by itself', async () => {
      const house = await withAna()
      const phone = await addPhone(house, subscription)
      const { who, number } = await asked(house)
      const question = await openTo(house, phone)
      house.clock.advance(2 * minute)
      expect(await look(house, phone)).toBeUndefined()
      expect(await reply(house, phone, { question, decision: 'allow', number })).toEqual({ status: 'gone' })
      expect(await collect(house, who)).toEqual({ status: 'pending' })
      await house.engine.current(who, visit())
      expect(house.woken).toHaveLength(1)
    })

    it('is the newer one’s turn as soon as another is made: at most one is open', async () => {
      const house = await withAna()
      // Both of them are asked: what one is told of the question must not be lost on the other.
      const [phone] = [await addPhone(house), await addPhone(house)]
      const first = await asked(house)
      const old = await openTo(house, phone)
      const second = await asked(house)
      expect(await reply(house, phone, { question: old, decision: 'allow', number: first.number })).toEqual({
        status: 'gone',
      })
      expect(await house.engine.waiting(first.who)).toBe('answered')
      expect(await collect(house, first.who)).toEqual({ status: 'refused', reason: 'replaced' })
      expect(await reply(house, phone, { decision: 'allow', number: second.number })).toEqual({
        status: 'approved',
      })
      expect(await collect(house, first.who)).toEqual({ status: 'pending' })
      expect(await collect(house, second.who)).toMatchObject(done)
    })

    it('S26: comes ten times an hour and not more; the other ways stay, and a browser that is known counts by itself', async () => {
      const house = await withAna()
      const phone = await addPhone(house, subscription)
      await house.enrolments.adopt(
        house.id,
        'totp',
        { totp_secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' },
        operator,
      )
      const known = visit({ device: 'd'.repeat(43) })
      const mine = await asked(house, known)
      await reply(house, phone, { decision: 'allow', number: mine.number })
      expect(await house.engine.prove(mine.who, known, name, {})).toMatchObject(done)
      house.woken.length = 0
      // The first request from there came before the browser was known, and counted with the strangers'.
      for (let round = 0; round < 9; round += 1) await asked(house)
      expect(house.woken).toHaveLength(9)
      const { who } = await asked(house)
      expect(house.woken).toHaveLength(9)
      const now = await house.engine.current(who, visit())
      expect(now).toMatchObject({
        step: { chosen: name, oneOf: [name, 'totp'] },
        show: { over: 'budget', againAt: house.clock.now() + hour },
      })
      expect(await collect(house, who)).toEqual({ status: 'pending' })
      await asked(house, known)
      expect(house.woken).toHaveLength(10)
      house.clock.advance(hour)
      await asked(house)
      expect(house.woken).toHaveLength(11)
    })

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

describe('adding a phone', () => {
  eachStore((_store, open) => {
    async function withAna() {
      const waker = { publicKey: async () => 'key', wake: async () => {} }
      const house = await sendingHouse(open, (budget) => [push({ budget, waker, settings })])
      return { ...house, id: await house.person(ana) }
    }
    type Town = Awaited<ReturnType<typeof withAna>>

    const path = '/approve/phones'
    async function invite(house: Town) {
      const { ticket = '', show } = await house.enrolments.begin(house.id, name, visit())
      return { ticket, show, invitation: new URL(String(show?.link)).hash.slice(1) }
    }

    async function follow(house: House, phone: Phone, form: Record<string, string>, how = {}) {
      const all = { name: 'Blue phone', ...form }
      const text = await phone.sign(path, all, { brings: true, at: house.clock.now(), ...how })
      return house.engine.devices.follow(at(path, text))
    }

    const finish = (house: Town, form: Record<string, string>) =>
      house.enrolments.finish(house.id, name, form, visit())

    it('needs the person to say on the page that invited it that it is theirs', async () => {
      const house = await withAna()
      const { ticket, show, invitation } = await invite(house)
      expect(String(show?.link)).toMatch(/^https:\/\/id\.example\.com\/approve#[\w-]{43}$/)
      const { devices } = house.engine
      expect(await devices.invitation(invitation)).toEqual({ account: ana })
      expect(await devices.isFollowed(String(show?.waits))).toBe(false)
      expect(await finish(house, { ticket })).toEqual({ status: 'refused', reason: 'pending' })
      const phone = await createPhone(issuer)
      const followed = await follow(house, phone, { invitation })
      expect(followed).toEqual({ status: 'followed', number: expect.stringMatching(/^[1-9]\d$/) })
      expect(await devices.isFollowed(String(show?.waits))).toBe(true)
      const unconfirmed = await phone.sign('/approve/requests', {}, { at: house.clock.now() })
      expect(await devices.look(at('/approve/requests', unconfirmed))).toEqual({ status: 'unknown' })
      // Whoever presses on without having seen which one came adds nothing.
      expect(await finish(house, { ticket })).toEqual({ status: 'refused', reason: 'pending' })
      const again = await house.enrolments.begin(house.id, name, visit(), ticket)
      expect(again).toMatchObject({
        ticket,
        show: {
          guest: { label: 'Blue phone', handle: phone.id, number: 'number' in followed && followed.number },
        },
      })
      expect(await finish(house, { ticket, guest: phone.id })).toMatchObject({
        status: 'enrolled',
        credential: { label: 'Blue phone', handle: phone.id },
      })
      expect(await finish(house, { ticket, guest: phone.id })).toEqual({
        status: 'refused',
        reason: 'challenge-expired',
      })
    })

    it('is for one phone: whoever copied the code comes second, or is turned away', async () => {
      const house = await withAna()
      const { ticket, invitation } = await invite(house)
      const [thief, phone] = [await createPhone(issuer), await createPhone(issuer)]
      expect(await follow(house, thief, { invitation })).toMatchObject({ status: 'followed' })
      expect(await follow(house, phone, { invitation })).toEqual({ status: 'gone' })
      expect(await house.engine.devices.invitation(invitation)).toBeUndefined()
      expect(await finish(house, { ticket, guest: thief.id, confirm: 'no' })).toEqual({
        status: 'refused',
        reason: 'pending',
      })
      const fresh = await house.enrolments.begin(house.id, name, visit(), ticket)
      expect(fresh.ticket).not.toBe(ticket)
      expect(await finish(house, { ticket, guest: thief.id })).toEqual({
        status: 'refused',
        reason: 'pending',
      })
      expect(await house.enrolments.list(house.id)).toHaveLength(1)
      const next = new URL(String(fresh.show?.link)).hash.slice(1)
      expect(await follow(house, phone, { invitation: next })).toMatchObject({ status: 'followed' })
      expect(await finish(house, { ticket: fresh.ticket ?? '', guest: phone.id })).toMatchObject({
        status: 'enrolled',
      })
    })

    it('F3: of 8 phones that follow one invitation at the same moment one does', async () => {
      const house = await withAna()
      const { invitation } = await invite(house)
      const ends = await parallel(8, async () => follow(house, await createPhone(issuer), { invitation }))
      expect(ends.filter(({ status }) => status === 'followed')).toHaveLength(1)
    })

    it('fails with an old code, without the key, or with a key that is somebody’s already', async () => {
      const house = await withAna()
      const { ticket, invitation } = await invite(house)
      const phone = await createPhone(issuer)
      expect(await follow(house, phone, { invitation, name: ' ' })).toEqual({ status: 'wrong' })
      const [header, payload] = (await phone.sign(path, { invitation, name: 'x' }, { brings: true })).split(
        '.',
      )
      expect(await house.engine.devices.follow(at(path, `${header}.${payload}.AAAA`))).toEqual({
        status: 'wrong',
      })
      const coordinate = 'A'.repeat(43)
      for (const jwk of [
        { x: [coordinate], y: [coordinate] },
        { x: coordinate, y: coordinate },
        { x: 1, y: null },
        [],
        'x',
        null,
      ]) {
        const key = typeof jwk === 'object' && !Array.isArray(jwk) ? { kty: 'EC', crv: 'P-256', ...jwk } : jwk
        const strange = Buffer.from(JSON.stringify({ typ: 'x', alg: 'ES256', jwk: key })).toString(
          'base64url',
        )
        expect(await house.engine.devices.follow(at(path, `${strange}.${payload}.AAAA`))).toEqual({
          status: 'wrong',
        })
      }
      const unnamed = await phone.sign(path, { invitation, name: 'x' }, { at: house.clock.now() })
      expect(await house.engine.devices.follow(at(path, unnamed))).toEqual({ status: 'wrong' })
      await follow(house, phone, { invitation })
      await finish(house, { ticket, guest: phone.id })
      const eve = { ...house, id: await house.person('eve@example.com') }
      const theirs = await invite(eve)
      await follow(house, phone, { invitation: theirs.invitation })
      expect(await finish(eve, { ticket: theirs.ticket, guest: phone.id })).toMatchObject({ reason: 'taken' })
      house.clock.advance(1)
      const late = await invite(house)
      house.clock.advance(5 * minute)
      expect(await follow(house, await createPhone(issuer), { invitation: late.invitation })).toEqual({
        status: 'gone',
      })
      expect(await finish(house, { ticket: late.ticket, guest: 'x' })).toEqual({
        status: 'refused',
        reason: 'pending',
      })
    })

    it('S22: keeps an address to wake it at only over https, and forgets one that leads nowhere', async () => {
      const house = await withAna()
      const { ticket, invitation } = await invite(house)
      const phone = await createPhone(issuer)
      await follow(house, phone, { invitation, ...subscription, endpoint: 'http://169.254.169.254/latest' })
      await finish(house, { ticket, guest: phone.id })
      const { devices } = house.engine
      const about = async () =>
        (await house.enrolments.list(house.id)).find((one) => one.factor === name)?.about
      expect(await about()).toMatchObject({ warn: true })
      const tell = async (form: Record<string, string>) =>
        devices.reachable(
          at(
            '/approve/subscriptions',
            await phone.sign('/approve/subscriptions', form, { at: house.clock.now() }),
          ),
        )
      for (const bad of [
        { endpoint: 'ftp://push.example.net/' },
        { endpoint: 'nonsense' },
        { p256dh: 'x' },
        { auth: '' },
      ])
        expect(await tell({ ...subscription, ...bad })).toEqual({ status: 'refused' })
      expect(await tell(subscription)).toEqual({ status: 'kept' })
      expect(await about()).toMatchObject({ warn: false })
      const id = (await house.enrolments.list(house.id)).find((one) => one.factor === name)?.id ?? ''
      await devices.unreachable(id, 'https://push.example.net/send/older')
      expect(await about()).toMatchObject({ warn: false })
      await devices.unreachable(id, subscription.endpoint)
      expect(await about()).toMatchObject({ warn: true })
    })

    it('nothing of it can be read in the store', async () => {
      const house = await withAna()
      const { ticket, invitation } = await invite(house)
      const phone = await createPhone(issuer)
      await follow(house, phone, { invitation, ...subscription })
      await finish(house, { ticket, guest: phone.id })
      const rows = JSON.stringify([
        await house.store.approvals.page({ limit: 10 }),
        await house.store.credentials.page({ limit: 10 }),
      ])
      for (const text of [invitation, subscription.endpoint, subscription.auth])
        expect(rows).not.toContain(text)
    })
  })
})
