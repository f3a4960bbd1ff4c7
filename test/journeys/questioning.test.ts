/** People who read in their own activity what they did not do, say so, and end what came of it. */
import { expect, it } from 'vitest'
import { codeOf } from '../factors/authenticator.ts'
import { told } from '../support/objection.ts'
import { addPerson, password, prove, tokensFor } from '../support/person.ts'
import { browser, register } from '../support/relying-party.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor, words } from '../support/visitor.ts'

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const totp = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const offline = { scope: 'openid email offline_access', prompt: 'consent' }

const home = ({ issuer }: Signet, visitor: Visitor) => visitor.get(`${issuer}/account`)
const isAsked = (page: Page) => page.document.querySelector('input[name="identifier"]') !== null

async function signIn(signet: Signet, visitor: Visitor): Promise<Visitor> {
  expect((await prove(visitor, await home(signet, visitor))).url.pathname).toBe('/account')
  return visitor
}

/** The newest line that says this, or the page where it is questioned. */
async function question(signet: Signet, visitor: Visitor, said: string): Promise<Page> {
  const page = await visitor.get(`${signet.issuer}/account/activity`)
  const line = page.document.querySelectorAll('main ol > li').find((one) => one.textContent.includes(said))
  const href = line?.querySelector('a')?.getAttribute('href')
  if (href === undefined) throw new Error(`nothing says ${said}: ${words(page)}`)
  return visitor.get(new URL(href, signet.issuer))
}

const press = (visitor: Visitor, page: Page, end: 'end' | 'remove' = 'end') =>
  visitor.press(page, `${page.url.pathname}/${end}`)

async function raisedOf({ house }: Signet, identityId: string) {
  const { items } = await house.audit.story({ identityId, limit: 100 })
  return items.filter(({ action }) => action === 'objection.raised')
}

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  it('S39: a sign-in in doubt: its session, its offline tokens and its device end at once, and nothing else; it is recorded once', async () => {
    const signet = await open()
    const ana = await addPerson(signet.house)
    const party = await register(signet)
    const here = await signIn(signet, createVisitor())
    const stranger = browser({ headers: { 'user-agent': firefox } })
    const tokens = await tokensFor(stranger, party, { parameters: offline })
    expect((await party.userinfo(tokens)).status).toBe(200)

    const asked = await question(signet, here, 'Signed in to Orchard')
    for (const said of ['Signed in to Orchard', 'Whoever signed in there is signed out', 'is forgotten'])
      expect(words(asked)).toContain(said)
    expect(isAsked(await home(signet, stranger))).toBe(false)

    const done = await press(here, asked)
    expect(words(done)).toContain('That device is forgotten, and signed out')
    expect(done.document.querySelector('a[href="/account/check"]')).not.toBeNull()
    expect(isAsked(await home(signet, stranger))).toBe(true)
    expect(await party.isActive(tokens.refresh_token)).toBe(false)
    expect(await party.isActive(tokens.access_token)).toBe(false)
    expect((await party.userinfo(tokens)).status).toBe(401)
    await expect(party.refresh(tokens.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' })
    expect(isAsked(await home(signet, here))).toBe(false)

    // Twice, and by two at once: what was done stands there, and is recorded once.
    await Promise.all([press(here, asked), press(here, asked)])
    expect(words(await here.get(asked.url))).toContain('Thank you for telling us')
    expect(await raisedOf(signet, ana)).toHaveLength(1)
  })

  it('of N who press at once one does it', async () => {
    const signet = await open()
    const ana = await addPerson(signet.house)
    const [here] = [
      await signIn(signet, createVisitor()),
      await signIn(signet, createVisitor({ headers: { 'user-agent': firefox } })),
    ]
    const asked = await question(signet, here, 'You proved who you are')
    expect(words(asked)).toContain('Firefox on Linux')
    await Promise.all(Array.from({ length: 8 }, () => press(here, asked)))
    expect(await raisedOf(signet, ana)).toMatchObject([
      { details: { about: 'authentication.completed', ended: ['device-forgotten'] } },
    ])
  })

  it('signs nobody out who questions where they are: that has a button of its own', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const here = await signIn(signet, createVisitor())
    const asked = await question(signet, here, 'Signed in to')
    expect(words(asked)).toContain('in which you are reading this')
    expect(asked.document.querySelector('main a[href="/logout"]')).not.toBeNull()
    await press(here, asked)
    expect(isAsked(await home(signet, here))).toBe(false)
  })

  it('S30: a way to sign in goes only after a fresh sign-in; its owner stays in, everybody else is out', async () => {
    let now = Date.now()
    const signet = await open({ clock: () => now })
    const ana = await addPerson(signet.house)
    await signet.house.enrolments.adopt(ana, 'totp', { totp_secret: totp })
    const { audit, enrolments } = signet.house
    // As if the owner themselves had: what somebody else does is not theirs to undo here.
    const [added] = (await enrolments.list(ana)).filter(({ factor }) => factor === 'totp')
    await audit.record({
      action: 'credential.enrolled',
      result: 'success',
      actor: { kind: 'identity', id: ana },
      identityId: ana,
      details: { factor: 'totp', credential: added?.id ?? '' },
    })
    const [here, elsewhere] = [await twoSteps(signet, now), await twoSteps(signet, now + 60_000)]
    now += 6 * 60_000
    const asked = await question(signet, here, 'Set up: Authenticator app')
    expect(words(asked)).toContain('What was added is removed again')
    const stopped = await press(here, asked, 'remove')
    expect(isAsked(stopped)).toBe(true)
    expect(await enrolments.list(ana)).toHaveLength(2)

    async function twoSteps({ issuer }: Signet, at: number): Promise<Visitor> {
      now = at
      const visitor = createVisitor()
      const page = await prove(visitor, await visitor.get(`${issuer}/account`))
      await visitor.submit(page, { code: codeOf(totp, now) })
      return visitor
    }
    const again = await here.submit(await prove(here, stopped), { code: codeOf(totp, now) })
    const done = await press(here, again, 'remove')
    expect(words(done)).toContain('What was added is removed again')
    expect((await enrolments.list(ana)).map(({ factor }) => factor)).toEqual(['password'])
    expect(isAsked(await home(signet, elsewhere))).toBe(true)
    expect(isAsked(await home(signet, here))).toBe(false)
  })

  it('S30: a trusted contact goes only after a fresh sign-in, and its owner is told by mail', async () => {
    let now = Date.now()
    const signet = await open({ clock: () => now })
    const ana = await addPerson(signet.house)
    await addPerson(signet.house, 'bob@example.com')
    const { contacts } = signet.house
    const visit = { address: '203.0.113.7', language: 'en', sessionUid: 'elsewhere' }
    await contacts.invite(ana, 'bob@example.com', visit, { kind: 'identity', id: ana })
    const here = await signIn(signet, createVisitor())
    now += 6 * 60_000
    const asked = await question(signet, here, 'A trusted contact was named')
    expect(words(asked)).toContain('is no trusted contact of yours any more')

    // Whoever stole the session knows the other address too.
    const path = asked.url.pathname
    asked.document.querySelector('main form')?.setAttribute('action', `${path}/end`)
    await here.press(asked, `${path}/end`)
    expect(await contacts.list(ana)).toHaveLength(1)
    expect(await raisedOf(signet, ana)).toEqual([])

    const stopped = await press(here, await here.get(asked.url), 'remove')
    expect(isAsked(stopped)).toBe(true)
    expect(await contacts.list(ana)).toHaveLength(1)
    const done = await press(here, await prove(here, stopped), 'remove')
    expect(words(done)).toContain('Whoever was named is no trusted contact of yours any more')
    expect(await contacts.list(ana)).toEqual([])
    expect(await raisedOf(signet, ana)).toMatchObject([{ details: { ended: ['contact-removed'] } }])
    await told(signet, 'ana@example.com', /^A trusted contact was removed/)
  })

  it('an application in doubt loses its access and has to ask again', async () => {
    const signet = await open()
    const ana = await addPerson(signet.house)
    const party = await register(signet)
    const visitor = browser()
    const tokens = await tokensFor(visitor, party, { parameters: offline })
    await press(visitor, await question(signet, visitor, 'You allowed Orchard'))
    expect((await party.userinfo(tokens)).status).toBe(401)
    expect(await signet.house.consents.list(ana)).toEqual([])
  })

  it('what was refused has nothing to end, and can be questioned all the same', async () => {
    const signet = await open()
    const ana = await addPerson(signet.house)
    const stranger = createVisitor({ headers: { 'user-agent': firefox } })
    await prove(stranger, await home(signet, stranger), 'ana@example.com', `${password}, wrong`)
    const here = await signIn(signet, createVisitor())
    const asked = await question(signet, here, 'A sign-in failed')
    expect(words(asked)).toContain('nobody got in')
    expect(words(await press(here, asked))).toContain('It is noted')
    expect(await raisedOf(signet, ana)).toMatchObject([
      { details: { about: 'authentication.refused', ended: ['nothing'] } },
    ])
  })

  it('S38: an entry about somebody else is as unknown as one that never was', async () => {
    const signet = await open()
    const ana = await addPerson(signet.house)
    await addPerson(signet.house, 'eve@example.com')
    const visitor = await signIn(signet, createVisitor())
    const eve = createVisitor()
    await prove(eve, await home(signet, eve), 'eve@example.com')
    const { items } = await signet.house.audit.story({ identityId: ana, limit: 100 })
    const asked = await question(signet, eve, 'Signed in to')
    for (const { id } of items) {
      const path = `/account/activity/${id}`
      expect((await eve.get(`${signet.issuer}${path}`)).status).toBe(404)
      const form = asked.document.querySelector('main form')
      form?.setAttribute('action', `${path}/end`)
      expect((await eve.press(asked, `${path}/end`)).status).toBe(404)
    }
    expect(isAsked(await home(signet, visitor))).toBe(false)
    expect(await raisedOf(signet, ana)).toEqual([])
  })
})
