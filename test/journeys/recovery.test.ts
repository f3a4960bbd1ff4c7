/** A person who forgot their password, and the scanners that open their mail before them. */
import { expect, it } from 'vitest'
import { addPerson, allow, password, prove, tokensFor } from '../support/person.ts'
import { browser, type RelyingParty, register } from '../support/relying-party.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor, words } from '../support/visitor.ts'

const newPassword = 'a different orchard for the winter'

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  it('S33: forgotten: the link shows a form, the form sets the password once, and all other sessions end', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const party = await register(signet)
    const elsewhere = browser()
    const tokens = await tokensFor(elsewhere, party, {
      parameters: { scope: 'openid email offline_access', prompt: 'consent' },
    })
    expect((await elsewhere.get(`${signet.issuer}/account`)).status).toBe(200)

    const visitor = createVisitor()
    const link = await forgotten(signet, visitor)
    const mailed = await signet.mail('ana@example.com')
    const done = await visitor.submit(await visitor.get(link), { password: newPassword })
    expect(done.url.pathname).toBe('/recovery/done')
    expect(done.status).toBe(200)

    const again = await elsewhere.get(`${signet.issuer}/account`)
    expect(again.document.querySelector('input[name="identifier"]')).not.toBeNull()
    await expect(party.refresh(tokens.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' })
    expect((await party.userinfo(tokens)).status).toBe(401)

    expect((await signInAgain(party, password)).status).toBe(422)
    const back = await signInAgain(party, newPassword)
    expect(back.url.searchParams.get('code')).toBeTruthy()
    const told = await signet.mail('ana@example.com', mailed.id)
    expect(told.links.join()).not.toContain('token=')
  })

  it('S33: scanners that open the link do not spend it; the second use of the form is refused', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const visitor = createVisitor()
    const link = await forgotten(signet, visitor)
    for (const method of ['GET', 'HEAD', 'GET', 'OPTIONS']) await createVisitor().send(link, { method })
    const page = await visitor.get(link)
    expect(page.document.querySelector('input[name="password"]')).not.toBeNull()
    expect((await visitor.submit(page, { password: 'short' })).status).toBe(422)
    expect((await visitor.submit(page, { password: newPassword })).url.pathname).toBe('/recovery/done')
    const second = await visitor.submit(page, { password: 'and yet another orchard' })
    expect(second.status).toBe(410)
    expect((await visitor.get(link)).status).toBe(410)
    const party = await register(signet)
    expect((await signInAgain(party, newPassword)).url.searchParams.get('code')).toBeTruthy()
  })

  it('S33: a page with the link in its address tells it to nobody: no referrer, no cache, nothing fetched from elsewhere', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const visitor = createVisitor()
    const page = await visitor.get(await forgotten(signet, visitor))
    expect(page.headers.get('referrer-policy')).toBe('no-referrer')
    expect(page.headers.get('cache-control')).toContain('no-store')
    const addresses = page.document
      .querySelectorAll('[src],[href]')
      .map((element) => element.getAttribute('src') ?? element.getAttribute('href') ?? '')
    expect(addresses.length).toBeGreaterThan(0)
    for (const address of addresses) expect(new URL(address, page.url).origin).toBe(page.url.origin)
  })

  it('S33 S40: the link is built from the issuer, whatever Host and forwarded headers the request carries', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const page = await createVisitor().get(`${signet.issuer}/recovery`)
    const poisoned = createVisitor({
      headers: {
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
        forwarded: 'host=evil.example;proto=https',
        'x-original-host': 'evil.example',
        'x-host': 'evil.example',
      },
    })
    const form = await poisoned.get(page.url)
    await poisoned.submit(form, { identifier: 'ana@example.com' })
    const mail = await signet.mail('ana@example.com')
    expect(mail.links.every((link) => link.startsWith(`${signet.issuer}/`))).toBe(true)
    expect(JSON.stringify(mail)).not.toContain('evil.example')
  })

  it('S32: an unknown address gets the same page, and its mail holds no link to a form', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const shapes = []
    for (const identifier of ['ana@example.com', 'nobody@example.com']) {
      const visitor = createVisitor()
      const sent = await visitor.submit(await visitor.get(`${signet.issuer}/recovery`), { identifier })
      shapes.push({
        status: sent.status,
        at: sent.url.pathname,
        words: words(sent),
        headers: [...sent.headers.keys()],
      })
    }
    expect(shapes[0]).toEqual(shapes[1])
    expect(JSON.stringify((await signet.mail('nobody@example.com')).links)).not.toContain('token')
  })

  it('S33: a link is good for 15 minutes, and a clock that is set back does not bring it to life again', async () => {
    let now = Date.now()
    const signet = await open({ clock: () => now })
    await addPerson(signet.house)
    const visitor = createVisitor()
    const link = await forgotten(signet, visitor)
    now += 15 * 60_000 + 1
    expect((await visitor.get(link)).status).toBe(410)
  })
})

async function forgotten(signet: Signet, visitor: Visitor): Promise<string> {
  const form = await visitor.get(`${signet.issuer}/recovery`)
  await visitor.submit(form, { identifier: 'ana@example.com' })
  const { links } = await signet.mail('ana@example.com')
  const link = links.find((one) => one.includes('token='))
  if (link === undefined) throw new Error('the mail holds no link')
  return link
}

/** In a browser of its own: the callback, or the page that refuses. */
async function signInAgain(party: RelyingParty, typed: string): Promise<Page> {
  const visitor = browser()
  const page = await prove(visitor, await visitor.get((await party.begin()).url), 'ana@example.com', typed)
  const asked = page.document.querySelector('button[name="decision"]') !== null
  return asked ? visitor.submit(page, {}, allow) : page
}
