/** What a person does at home: another password, sessions elsewhere, applications they no longer trust. */
import { expect, it } from 'vitest'
import { addPerson, allow, password, prove, tokensFor } from '../support/person.ts'
import { browser, register } from '../support/relying-party.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor, words } from '../support/visitor.ts'

const newPassword = 'a different orchard for the winter'
const offline = { scope: 'openid email offline_access', prompt: 'consent' }

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  it('changes the password: the sessions elsewhere end, this one stays, the owner is told', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const [here, elsewhere] = [createVisitor(), createVisitor()]
    await home(signet, here)
    await home(signet, elsewhere)

    const change = await here.get(`${signet.issuer}/.well-known/change-password`)
    expect(change.url.pathname).toBe('/account/security/password')
    expect((await here.submit(change, { password: 'too short' })).status).toBe(422)
    const changed = await here.submit(change, { password: newPassword })
    expect(changed.url.pathname).toBe('/account/security')

    expect(isHome(await here.get(`${signet.issuer}/account`))).toBe(true)
    expect(isHome(await elsewhere.get(`${signet.issuer}/account`))).toBe(false)
    expect((await signet.mail('ana@example.com')).codes).toEqual([])
    const old = createVisitor()
    expect((await prove(old, await old.get(`${signet.issuer}/account`))).status).toBe(422)
    expect(isHome(await home(signet, createVisitor(), newPassword))).toBe(true)
  })

  it('S18: a change of password asks for a new proof once the last one is five minutes old, also for a form that was open', async () => {
    let now = Date.now()
    const signet = await open({ clock: () => now })
    await addPerson(signet.house)
    const visitor = createVisitor()
    await home(signet, visitor)
    const form = await visitor.get(`${signet.issuer}/account/security/password`)
    now += 5 * 60_000 + 1000
    const stopped = await visitor.submit(form, { password: newPassword })
    expect(stopped.document.querySelector('input[name="identifier"]')).not.toBeNull()
    const again = await prove(visitor, stopped)
    expect(again.url.pathname).toBe('/account/security/password')
    expect((await visitor.submit(again, { password: newPassword })).url.pathname).toBe('/account/security')
  })

  it('S18: another person cannot step up in this one’s place', async () => {
    let now = Date.now()
    const signet = await open({ clock: () => now })
    const ana = await addPerson(signet.house)
    await addPerson(signet.house, 'eve@example.com')
    const visitor = createVisitor()
    await home(signet, visitor)
    now += 6 * 60_000
    const identify = await visitor.get(`${signet.issuer}/account/security/password`)
    const form = await prove(visitor, identify, 'eve@example.com')
    if (form.url.pathname === '/account/security/password')
      await visitor.submit(form, { password: newPassword })
    expect(await signet.house.enrolments.list(ana)).toHaveLength(1)
    expect(isHome(await home(signet, createVisitor()))).toBe(true)
  })

  it('S18: a sign-in that a clock, set back since, puts into the future is not a fresh one', async () => {
    let now = Date.now() + 60 * 60_000
    const signet = await open({ clock: () => now })
    await addPerson(signet.house)
    const visitor = createVisitor()
    await prove(visitor, await visitor.get(`${signet.issuer}/account`))
    now = Date.now()
    const again = await visitor.get(`${signet.issuer}/account/security/password`)
    expect(again.url.pathname).toMatch(/^\/interaction\//)
    const there = await prove(visitor, again)
    expect(there.url.pathname).toBe('/account/security/password')
  })

  it('lists where one is signed in, and ends one of them', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const [here, elsewhere] = [createVisitor(), createVisitor()]
    await home(signet, here)
    await home(signet, elsewhere)
    const sessions = await here.get(`${signet.issuer}/account/sessions`)
    const actions = endings(sessions)
    expect(actions).toHaveLength(1)
    const ended = await here.press(sessions, actions[0] ?? '')
    expect(endings(ended)).toHaveLength(0)
    expect(isHome(await elsewhere.get(`${signet.issuer}/account`))).toBe(false)
    expect(isHome(await here.get(`${signet.issuer}/account`))).toBe(true)
  })

  it('S38: the session of another person is as unknown as one that never was', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const eveId = await addPerson(signet.house, 'eve@example.com')
    const [ana, eve] = [createVisitor(), createVisitor()]
    await home(signet, ana)
    await home(signet, eve, password, 'eve@example.com')
    await home(signet, createVisitor())
    const [session] = await signet.house.oidc.sessions.list(eveId)
    const page = await ana.get(`${signet.issuer}/account/sessions`)
    const altered = retargeted(page, endings(page)[0] ?? '', `/account/sessions/${session?.uid}/end`)
    const answer = await ana.press(altered, `/account/sessions/${session?.uid}/end`)
    expect(answer.url.search).toBe('?done=gone')
    expect(isHome(await eve.get(`${signet.issuer}/account`))).toBe(true)
  })

  it('signs out everywhere else: every other session, and what applications were allowed to do offline', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const party = await register(signet)
    const [here, elsewhere] = [createVisitor(), browser()]
    const tokens = await tokensFor(elsewhere, party, { parameters: offline })
    await home(signet, here)
    await here.press(await here.get(`${signet.issuer}/account/sessions`), '/account/sessions/others/end')
    expect(isHome(await elsewhere.get(`${signet.issuer}/account`))).toBe(false)
    expect(isHome(await here.get(`${signet.issuer}/account`))).toBe(true)
    await expect(party.refresh(tokens.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' })
    expect((await party.userinfo(tokens)).status).toBe(401)
  })

  it('signs out here: the browser is out, the cookie is worth nothing, and the back button shows nothing', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const visitor = createVisitor()
    await home(signet, visitor)
    const kept = new Map(visitor.cookies)
    const asked = await visitor.get(`${signet.issuer}/logout`)
    await visitor.submit(asked, {}, { name: 'logout', value: 'yes' })
    expect(isHome(await visitor.get(`${signet.issuer}/account`))).toBe(false)
    const thief = createVisitor()
    for (const [key, value] of kept) thief.cookies.set(key, value)
    expect(isHome(await thief.get(`${signet.issuer}/account`))).toBe(false)
  })

  it('S39: withdrawn consent ends the tokens of that application and of no other, and it has to ask again', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const [party, other] = [
      await register(signet),
      await register(signet, { metadata: { client_name: 'Bakery' } }),
    ]
    const visitor = browser()
    const tokens = await tokensFor(visitor, party, { parameters: offline })
    const kept = await tokensFor(visitor, other, { parameters: offline })
    const applications = await visitor.get(`${signet.issuer}/account/applications`)
    expect(words(applications)).toContain('Orchard')
    const action = `/account/applications/${Buffer.from(party.id).toString('base64url')}/withdraw`
    const left = await visitor.press(
      applications,
      actionsOf(applications).find((one) => one.includes(party.id)) ?? action,
    )
    expect(words(left)).not.toContain('Orchard')
    expect(await party.isActive(tokens.refresh_token)).toBe(false)
    expect(await party.isActive(tokens.access_token)).toBe(false)
    expect((await party.userinfo(tokens)).status).toBe(401)
    await expect(party.refresh(tokens.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' })
    expect((await other.userinfo(kept)).status).toBe(200)
    const again = await visitor.get((await party.begin()).url)
    expect(again.document.querySelector('button[name="decision"]')).not.toBeNull()
    await visitor.submit(again, {}, allow)
  })
})

function isHome(page: Page): boolean {
  return page.status === 200 && page.url.pathname.startsWith('/account')
}

async function home(
  signet: Signet,
  visitor: Visitor,
  typed = password,
  email = 'ana@example.com',
): Promise<Page> {
  const page = await prove(visitor, await visitor.get(`${signet.issuer}/account`), email, typed)
  if (!isHome(page)) throw new Error(`not at home but at ${page.url}: ${words(page)}`)
  return page
}

function actionsOf(page: Page): string[] {
  return page.document.querySelectorAll('form').map((form) => form.getAttribute('action') ?? '')
}

function endings(page: Page): string[] {
  return actionsOf(page).filter((action) => /^\/account\/sessions\/(?!others)[^/]+\/end$/.test(action))
}

/** The same page as somebody would alter it who wants to end another session. */
function retargeted(page: Page, from: string, to: string): Page {
  for (const form of page.document.querySelectorAll('form'))
    if (form.getAttribute('action') === from) form.setAttribute('action', to)
  return page
}
