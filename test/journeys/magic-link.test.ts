/** People who sign in with a link by mail, without script: in the same browser, on another device, and as somebody whom a stranger wants to trick. */
import { expect, it } from 'vitest'
import type { House } from '../../src/house/index.ts'
import { addPerson, allow, password } from '../support/person.ts'
import { browser, type RelyingParty, register } from '../support/relying-party.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor, words } from '../support/visitor.ts'

const ana = 'ana@example.com'
const byLink = { name: 'factor', value: 'magic-link' }
const deny = { name: 'decision', value: 'deny' }

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  /** Somebody without a password: the link is their only way. */
  async function addAna({ identities }: House): Promise<void> {
    const draft = {
      identifiers: [{ kind: 'email', written: ana, verified: true }],
      claims: { name: 'Ana Ruiz' },
      state: 'active',
    } as const
    await identities.create(draft, { kind: 'operator', id: 'test' })
  }

  async function wait(visitor: Visitor, party: RelyingParty, identifier = ana): Promise<Page> {
    const identify = await visitor.get((await party.begin()).url)
    return visitor.submit(await visitor.submit(identify, { identifier }), {}, byLink)
  }

  const numberOn = (page: Page) => page.document.querySelector('.match-number')?.textContent.trim() ?? ''

  async function linkFor(signet: Signet): Promise<string> {
    const [link = ''] = (await signet.mail(ana)).links
    expect(link.startsWith(`${signet.issuer}/answer?key=`)).toBe(true)
    return link
  }

  async function arrives(visitor: Visitor, page: Page): Promise<boolean> {
    return (await visitor.submit(page, {}, allow)).url.searchParams.has('code')
  }

  it('S33: opened in the same browser: GET only shows a button, the button signs in right there', async () => {
    const signet = await open()
    await addAna(signet.house)
    const party = await register(signet)
    const visitor = browser()
    const waiting = await wait(visitor, party)
    expect(waiting.body).toContain(
      `<noscript><meta http-equiv="refresh" content="5; url=${waiting.url.pathname}"></noscript>`,
    )
    const link = await linkFor(signet)
    // A program that reads mail opens it before she does, and presses nothing.
    expect((await createVisitor().get(link)).status).toBe(200)
    const question = await visitor.get(link)
    expect(words(question)).toContain('Orchard')
    expect(words(question)).toContain('127.0.0.1')
    expect(question.document.querySelector('input[name="number"]')).toBeNull()
    const consent = await visitor.press(question, '/answer')
    expect(words(consent)).toContain('wants to know')
    expect(await arrives(visitor, consent)).toBe(true)
    const again = await visitor.get(link)
    expect([again.status, words(again).includes('no longer works')]).toEqual([410, true])
  })

  it('S33: opened on another device: the number of the first page is asked for, and the first page goes on when it is loaded again', async () => {
    const signet = await open()
    await addAna(signet.house)
    const party = await register(signet)
    const [laptop, phone] = [browser(), createVisitor()]
    const waiting = await wait(laptop, party)
    const number = numberOn(waiting)
    const state = async () => (await laptop.send(`${waiting.url}/waiting`)).json()
    expect(await state()).toEqual({ state: 'waiting' })
    const question = await phone.get(await linkFor(signet))
    expect(question.body).not.toContain(`>${number}<`)
    const wrong = await phone.submit(question, { number: number === '10' ? '11' : '10' })
    expect([wrong.status, words(wrong).includes('You have 2 more tries')]).toEqual([422, true])
    expect(numberOn(await laptop.get(waiting.url))).toBe(number)
    const done = await phone.submit(wrong, { number })
    expect(done.url.pathname).toBe('/answer/done')
    expect(await state()).toEqual({ state: 'answered' })
    expect(await arrives(laptop, await laptop.get(waiting.url))).toBe(true)
    // The device that only confirmed is not signed in.
    const account = await phone.get(`${signet.issuer}/account`)
    expect(account.document.querySelector('input[name="identifier"]')).not.toBeNull()
  })

  it('the button of the first page does the same, for whoever does not wait', async () => {
    const signet = await open()
    await addAna(signet.house)
    const party = await register(signet)
    const [laptop, phone] = [browser(), createVisitor()]
    const waiting = await wait(laptop, party)
    const still = await laptop.press(waiting, `${waiting.url.pathname}/prove/magic-link`)
    expect(numberOn(still)).toBe(numberOn(waiting))
    await phone.submit(await phone.get(await linkFor(signet)), { number: numberOn(waiting) })
    const consent = await laptop.press(still, `${waiting.url.pathname}/prove/magic-link`)
    expect(await arrives(laptop, consent)).toBe(true)
  })

  it('S33: whoever is sent the link of a stranger’s sign-in cannot confirm it unseen, and can stop it', async () => {
    const signet = await open()
    await addAna(signet.house)
    const party = await register(signet)
    const [stranger, owner] = [browser(), createVisitor()]
    const waiting = await wait(stranger, party)
    const question = await owner.get(await linkFor(signet))
    const unseen = await owner.submit(question, {})
    expect([unseen.status, unseen.url.pathname]).toEqual([422, '/answer'])
    const stopped = await owner.submit(question, {}, deny)
    expect(stopped.url.pathname).toBe('/answer/stopped')
    const refused = await stranger.get(waiting.url)
    expect([refused.status, words(refused).includes('no longer works')]).toEqual([422, true])
    expect(await signet.house.inbox?.messages({ to: ana })).toHaveLength(1)
    expect(await arrivesNowhere(stranger, waiting)).toBe(true)
  })

  async function arrivesNowhere(visitor: Visitor, waiting: Page): Promise<boolean> {
    const page = await visitor.press(waiting, `${waiting.url.pathname}/prove/magic-link`)
    return page.url.pathname === waiting.url.pathname
  }

  it('S36: answering needs the form of our own page', async () => {
    const signet = await open()
    await addAna(signet.house)
    const visitor = browser()
    await wait(visitor, await register(signet))
    const key = new URL(await linkFor(signet)).searchParams.get('key') ?? ''
    const body = new URLSearchParams({ key })
    const foreign = { origin: 'https://evil.example.com', 'sec-fetch-site': 'cross-site' }
    for (const headers of [foreign, {}] as Record<string, string>[]) {
      const answer = await visitor.send(`${signet.issuer}/answer`, { method: 'POST', body, headers })
      expect(answer.status).toBe(403)
    }
  })

  it('S32: for somebody who does not exist the page waits the same way', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const party = await register(signet)
    const look = async (identifier: string) => {
      const page = await wait(browser(), party, identifier)
      return words(page)
        .replaceAll(identifier, '…')
        .replace(numberOn(page), '00')
        .replace(/in \d+ seconds/, 'in …')
    }
    expect(await look('nobody@example.com')).toBe(await look(ana))
  })

  it('S33 S44: never skips the second factor that is demanded, nor is it one beside the mail', async () => {
    const signet = await open({ env: { SIGNET_POLICY__LEVEL: 'two-factor' } })
    await addPerson(signet.house)
    const party = await register(signet)
    const visitor = browser()
    await wait(visitor, party)
    const next = await visitor.press(await visitor.get(await linkFor(signet)), '/answer')
    expect(next.document.querySelector('input[autocomplete="current-password"]')).not.toBeNull()
    expect(next.document.querySelector('button[value="email-code"]')).toBeNull()
    expect(await arrives(visitor, await visitor.submit(next, { password }))).toBe(true)
  })
})
