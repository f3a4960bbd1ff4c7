/** People and their phones over HTTP, as the app on the phone does it. */
import { expect } from 'vitest'
import { proved } from '../recovery/recovery-world.ts'
import { addPerson, prove } from './person.ts'
import { createPhone, type Phone } from './phone.ts'
import { browser, type RelyingParty, register } from './relying-party.ts'
import { type Signet, useSignet } from './signet.ts'
import { type Page, type Visitor, words } from './visitor.ts'

export const ana = 'ana@example.com'
export const portal = '/account/security/push'

export function usePush(fresh: Parameters<typeof useSignet>[0]) {
  const open = useSignet(fresh)

  /** What the phone sends, and what it is told. */
  async function tell(signet: Signet, phone: Phone, path: string, form = {}, how = {}) {
    const at = signet.house.clock()
    return send(signet, path, { signed: await phone.sign(path, form, { at, ...how }) })
  }

  async function send(signet: Signet, path: string, body: object) {
    const response = await fetch(signet.issuer + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return (await response.json()) as {
      status?: string
      number?: string
      request?: { id: string; application: string }
      recovery?: { id: string; state: string; due: number }
    }
  }

  const invitationOn = (page: Page) =>
    new URL(page.document.querySelector('code.secret')?.textContent.trim() ?? 'none:').hash.slice(1)
  const numberOn = (page: Page) => page.document.querySelector('.match-number')?.textContent.trim() ?? ''
  const confirm = (visitor: Visitor, page: Page) => visitor.submit(page, { guest: guestOn(page) })
  const guestOn = (page: Page) => page.document.querySelector('[name="guest"]')?.getAttribute('value') ?? ''

  async function followTo(
    signet: Signet,
    page: Page,
    name = 'Blue phone',
  ): Promise<{ phone: Phone; number: string }> {
    const phone = await createPhone(signet.issuer)
    const form = { invitation: invitationOn(page), name }
    const { number = '' } = await tell(signet, phone, '/approve/phones', form, { brings: true })
    return { phone, number }
  }

  async function town(setting: Parameters<typeof open>[0] = {}) {
    const signet = await open(setting)
    await addPerson(signet.house)
    return { signet, party: await register(signet, { firstParty: true }) }
  }

  /** Adds a phone from the portal, without script. */
  async function withPhone(setting: Parameters<typeof open>[0] = {}) {
    const world = await town(setting)
    const { signet } = world
    const visitor = browser()
    const page = await prove(visitor, await visitor.get(signet.issuer + portal))
    const { phone, number } = await followTo(signet, page)
    const asked = await visitor.press(page, portal)
    expect([words(asked).includes('Blue phone'), numberOn(asked)]).toEqual([true, number])
    const done = await confirm(visitor, asked)
    expect(done.url.search).toBe('?done=changed')
    return { ...world, phone, visitor }
  }

  /** Somebody proved enough to get back into the account, and waits. */
  async function recover({ house }: Signet) {
    const id = (await house.identities.findByIdentifier('email', ana))?.id ?? ''
    const visit = { address: '198.51.100.9', language: 'en', userAgent: 'test' }
    const recovery = await house.recoveries.begin(id, { result: proved(id), lost: [] }, visit)
    if (recovery.status !== 'waiting') throw new Error(recovery.status)
    return { id, recovery }
  }

  /** A sign-in of another browser, up to the page that shows the number. */
  async function wait(party: RelyingParty, visitor = browser()): Promise<{ visitor: Visitor; page: Page }> {
    return { visitor, page: await prove(visitor, await visitor.get((await party.begin()).url)) }
  }

  async function answer(signet: Signet, phone: Phone, decision: string, number = '') {
    const { request } = await tell(signet, phone, '/approve/requests')
    return tell(signet, phone, '/approve/answers', { question: request?.id ?? '', decision, number })
  }

  const arrived = (page: Page) => page.url.searchParams.has('code')

  return {
    tell,
    send,
    invitationOn,
    numberOn,
    confirm,
    guestOn,
    followTo,
    town,
    withPhone,
    recover,
    wait,
    answer,
    arrived,
  }
}
