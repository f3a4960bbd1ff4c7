/** The way that was used last stands first and is marked: in the browser in which it was used, whoever sits there. */
import { expect, it } from 'vitest'
import { addPerson } from '../support/person.ts'
import { browser, type RelyingParty, register } from '../support/relying-party.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor, words } from '../support/visitor.ts'

const ana = 'ana@example.com'
const byCode = { name: 'factor', value: 'email-code' }

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  const offered = (page: Page) =>
    page.document.querySelectorAll('button[name="factor"]').map((each) => each.getAttribute('value'))
  const marked = (page: Page) =>
    page.document
      .querySelectorAll('button[name="factor"]')
      .filter((each) => each.querySelector('.used-last') !== null)
      .map((each) => each.getAttribute('value'))

  async function ask(visitor: Visitor, party: RelyingParty, identifier: string): Promise<Page> {
    return visitor.submit(await visitor.get((await party.begin({ prompt: 'login' })).url), { identifier })
  }

  async function signInByCode(signet: Signet, visitor: Visitor, party: RelyingParty) {
    const asked = await visitor.submit(await ask(visitor, party, ana), {}, byCode)
    expect(cookieOf(visitor)).toBeUndefined()
    const { codes } = await signet.mail(ana)
    await visitor.submit(asked, { code: codes[0] === '000000' ? '000001' : '000000' })
    expect(cookieOf(visitor)).toBeUndefined()
    await visitor.submit(asked, { code: codes[0] })
  }

  const cookieOf = (visitor: Visitor) =>
    [...visitor.cookies].find(([key]) => key.endsWith(' signet-way'))?.[1]

  it('S32: the browser remembers it once it worked, for everybody who is asked there, known or not, and for nobody elsewhere', async () => {
    const signet = await open()
    await addPerson(signet.house)
    await addPerson(signet.house, 'eve@example.com')
    const party = await register(signet)
    const visitor = browser()
    const usual = offered(await ask(browser(), party, ana))
    expect(usual.indexOf('email-code')).toBeGreaterThan(0)
    await signInByCode(signet, visitor, party)
    expect(cookieOf(visitor)).toBe('email-code')

    for (const identifier of [ana, 'eve@example.com', 'nobody@example.com']) {
      const page = await ask(visitor, party, identifier)
      expect(offered(page)).toEqual(['email-code', ...usual.filter((way) => way !== 'email-code')])
      expect(marked(page)).toEqual(['email-code'])
      expect(words(page)).toContain('used last')
      const elsewhere = await ask(browser(), party, identifier)
      expect([offered(elsewhere), marked(elsewhere)]).toEqual([usual, []])
    }
  })

  it('S32: whatever a browser says that it used, it is offered what everybody is', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const party = await register(signet)
    const usual = offered(await ask(browser(), party, ana))
    for (const value of ['totp', '<script>', 'constructor', 'password']) {
      const visitor = createVisitor()
      visitor.cookies.set(`localhost / signet-way`, encodeURIComponent(value))
      const page = await ask(visitor, party, ana)
      expect([offered(page), marked(page)]).toEqual([usual, []])
      expect(page.body).not.toContain('<script>')
    }
  })
})
