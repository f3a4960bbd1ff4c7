import { describe, expect, it } from 'vitest'
import { push } from '../../src/factors/push.ts'
import { type House, issuer, minute, visit } from '../authentication/house.ts'
import { parallel } from '../identities/world.ts'
import { createPhone, type Phone } from '../support/phone.ts'
import { eachStore } from '../support/stores.ts'
import { ana, at, name, settings, subscription } from './push-town.ts'
import { sendingHouse } from './sent.ts'

describe('adding a phone', () => {
  eachStore((_store, open) => {
    async function withAna() {
      const waker = { publicKey: async () => 'key', wake: async () => {}, notify: async () => {} }
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
