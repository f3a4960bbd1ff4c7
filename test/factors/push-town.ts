/** People with phones that approve: asked by a page, answered by hand. */

import { expect } from 'vitest'
import { push } from '../../src/factors/push.ts'
import { totp } from '../../src/factors/totp.ts'
import type { Waker } from '../../src/ports/waker.ts'
import {
  type Asker,
  type House,
  type HouseOptions,
  identified,
  issuer,
  minute,
  second,
  secret,
  visit,
} from '../authentication/house.ts'
import { createPhone, type Phone } from '../support/phone.ts'
import type { OpenStore } from '../support/stores.ts'
import { sendingHouse } from './sent.ts'

export const settings = { enabled: true, lifetime: 2 * minute, per_hour: 10 }
export const name = 'push'
export const ana = 'ana@example.com'
export const subscription = {
  endpoint: 'https://push.example.net/send/1',
  p256dh: `B${'k'.repeat(86)}`,
  auth: 'a'.repeat(22),
}
export const at = (path: string, text: string) => ({ text, purpose: { method: 'POST', url: issuer + path } })

export function town(open: OpenStore) {
  /** Ana, with a password and no phone yet. */
  async function withAna(options: HouseOptions = {}, more: Partial<typeof settings> = {}) {
    const woken: Parameters<Waker['wake']>[] = []
    const notified: Parameters<Waker['notify']>[] = []
    const waker: Waker = {
      publicKey: async () => 'key',
      wake: async (...call) => void woken.push(call),
      notify: async (...call) => void notified.push(call),
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
    return { ...house, woken, notified, id: await house.person(ana) }
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
  return { withAna, sign, addPhone, asked, show, numberOf, collect, done, look, reply, openTo, other }
}
