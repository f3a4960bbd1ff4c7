/** A person nobody knows yet: from the application, over the code in the mail, back to the application. */
import { expect, it } from 'vitest'
import { addPerson, allow, goThrough, password } from '../support/person.ts'
import { browser, register } from '../support/relying-party.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor, words } from '../support/visitor.ts'

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  it('registers from the demo application: code from the inbox, password, consent, and back', async () => {
    const signet = await open({ env: { SIGNET_DEMO__ENABLED: 'true' } })
    const visitor = createVisitor()
    const identify = await visitor.submit(await visitor.get(signet.started.demo ?? ''))
    const enrol = await typeCode(signet, visitor, await askForCode(visitor, identify))
    expect(enrol.document.querySelector('input[autocomplete="new-password"]')).not.toBeNull()
    const consent = await visitor.submit(enrol, { password })
    const home = await visitor.submit(consent, {}, allow)
    expect(home.url.origin).toBe(signet.started.demo)
    expect(words(home)).toContain('Welcome, Noa Newcomer')
    expect(words(home)).toContain('noa@example.com')

    const found = await signet.house.identities.findByIdentifier('email', 'noa@example.com')
    expect(found?.state).toBe('active')
    expect(found?.identifiers[0]?.verifiedAt).toBeDefined()
  })

  it('asks for no password while the code was not typed, and proves nothing with a wrong one', async () => {
    const signet = await open()
    const party = await register(signet)
    const visitor = browser()
    const code = await askForCode(visitor, await visitor.get((await party.begin()).url))
    const mail = await signet.mail('noa@example.com')
    const wrong = mail.codes[0] === '000000' ? '000001' : '000000'
    const refused = await visitor.submit(code, { code: wrong })
    expect(refused.status).toBe(422)
    expect(refused.document.querySelector('input[name="code"]')).not.toBeNull()
    expect(await signet.house.identities.findByIdentifier('email', 'noa@example.com')).toBeUndefined()
    const enrol = await visitor.submit(refused, { code: mail.codes[0] })
    expect(enrol.document.querySelector('input[name="password"]')).not.toBeNull()
  })

  it('S28: five wrong codes end the registration, and the right one comes too late', async () => {
    const signet = await open()
    const party = await register(signet)
    const visitor = browser()
    let page = await askForCode(visitor, await visitor.get((await party.begin()).url))
    const [code = ''] = (await signet.mail('noa@example.com')).codes
    const codePage = page
    for (let attempt = 0; attempt < 5; attempt++)
      page = await visitor.submit(codePage, { code: code === '111111' ? '222222' : '111111' })
    expect(page.status).toBe(410)
    const late = await visitor.submit(codePage, { code })
    expect(late.status).toBe(410)
    expect(await signet.house.identities.findByIdentifier('email', 'noa@example.com')).toBeUndefined()
  })

  it('S32: an address that somebody has looks the same from outside, and mails its owner instead of a code', async () => {
    const signet = await open()
    await addPerson(signet.house, 'ana@example.com')
    const party = await register(signet)
    const pages: Page[] = []
    for (const email of ['ana@example.com', 'new@example.com']) {
      const visitor = browser()
      pages.push(await askForCode(visitor, await visitor.get((await party.begin()).url), email))
    }
    expect(shape(pages[0], 'a•••@example.com')).toEqual(shape(pages[1], 'n•••@example.com'))

    const mail = await signet.mail('ana@example.com')
    expect(mail.codes).toEqual([])
    expect(mail.links).toEqual([`${signet.issuer}/recovery`])
    expect((await signet.mail('new@example.com')).codes).toHaveLength(1)

    for (const [index, page] of pages.entries()) {
      const wrong = await browserOf(page).submit(page, { code: '123456' })
      expect(wrong.status, `page ${index}`).not.toBe(200)
    }
  })

  it('a registered person signs in with the same password in another browser', async () => {
    const signet = await open()
    const party = await register(signet)
    const first = browser()
    const flow = await party.begin()
    const enrol = await typeCode(signet, first, await askForCode(first, await first.get(flow.url)))
    await first.submit(await first.submit(enrol, { password }), {}, allow)
    const { page, flow: again } = await goThrough(browser(), party, { email: 'NOA@example.com' })
    const tokens = await party.finish(again, page.url)
    expect(tokens.claims()?.email).toBeUndefined()
    const told = await (await party.userinfo(tokens)).json()
    expect(told).toMatchObject({ email: 'noa@example.com', email_verified: true, name: 'Noa Newcomer' })
  })

  it('is not offered where it is closed, and its address refuses', async () => {
    const signet = await open({ env: { SIGNET_REGISTRATION__OPEN: 'false' } })
    const party = await register(signet)
    const visitor = browser()
    const identify = await visitor.get((await party.begin()).url)
    expect(identify.document.querySelector('a[href$="/register"]')).toBeNull()
    const page = await visitor.get(`${identify.url.href}/register`)
    expect(page.status).toBe(403)
    const posted = await visitor.submit(page, { email: 'noa@example.com', name: 'Noa' })
    expect(posted.status).toBe(403)
  })
})

const browsers = new WeakMap<Page, Visitor>()

function browserOf(page: Page): Visitor {
  const visitor = browsers.get(page)
  if (visitor === undefined) throw new Error('this page belongs to no browser')
  return visitor
}

async function askForCode(visitor: Visitor, identify: Page, email = 'noa@example.com'): Promise<Page> {
  const link = identify.document.querySelector('a[href$="/register"]')?.getAttribute('href') ?? ''
  const form = await visitor.get(new URL(link, identify.url))
  const page = await visitor.submit(form, { email, name: 'Noa Newcomer' })
  browsers.set(page, visitor)
  return page
}

async function typeCode(
  signet: Signet,
  visitor: Visitor,
  page: Page,
  email = 'noa@example.com',
): Promise<Page> {
  const { codes } = await signet.mail(email)
  return visitor.submit(page, { code: codes[0] })
}

/** What can be told from outside, without what is different in each request anyway. */
function shape(page: Page | undefined, masked: string) {
  if (page === undefined) throw new Error('no page')
  const headers = Object.fromEntries(page.headers)
  const body = page.body
    .replaceAll(masked, 'MASKED')
    .replaceAll(/\/interaction\/[\w-]+/g, '/interaction/UID')
    .replaceAll(/value="[\w-]{43}"/g, 'TOKEN')
    .replaceAll(headers['x-trace-id'] ?? '', 'TRACE')
  return { status: page.status, headers: Object.keys(headers).sort(), body }
}
