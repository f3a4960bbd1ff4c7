/** The first administrator: from the code in the terminal to an application that people sign in to. */
import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { addPerson, allow, goThrough, password, prove } from '../support/person.ts'
import { browser, callback, connect, register } from '../support/relying-party.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor, words } from '../support/visitor.ts'

const masterKey = randomBytes(32).toString('base64url')

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  it('sets up the first administrator, who creates an application that people sign in to', async () => {
    const signet = await open()
    const visitor = createVisitor()
    const done = await setUp(signet, visitor)
    expect(done.url.pathname).toBe('/invitation/done')
    const console = await prove(visitor, await visitor.get(`${signet.issuer}/admin`), 'root@example.com')
    expect(console.url.pathname).toBe('/admin')

    const form = await visitor.get(`${signet.issuer}/admin/clients/new`)
    const made = await visitor.submit(form, { name: 'Bakery', redirect_uris: callback })
    expect(made.status).toBe(201)
    const [id, secret] = ['client_id', 'client_secret'].map(
      (name) => made.document.querySelector(`#${name}`)?.textContent ?? '',
    )
    expect(secret?.length).toBeGreaterThanOrEqual(32)
    const shown = await visitor.get(`${signet.issuer}/admin/clients`)
    expect(words(shown)).toContain('Bakery')
    expect(shown.body).not.toContain(secret)

    await addPerson(signet.house)
    const party = await connect(signet.issuer, id ?? '', secret)
    const person = browser()
    const flow = await party.begin()
    const consent = await prove(person, await person.get(flow.url))
    expect(words(consent)).toContain('Bakery')
    const tokens = await party.finish(flow, (await person.submit(consent, {}, allow)).url)
    expect(tokens.claims()?.iss).toBe(signet.issuer)
  })

  it('the set-up is gone once it is done: page, code and all, also after a restart', async () => {
    const setting = { storage: await fresh(), env: { SIGNET_MASTER_KEY: masterKey } }
    const signet = await open(setting)
    const code = signet.started.setup?.code ?? ''
    const visitor = createVisitor()
    const form = await visitor.get(`${signet.issuer}/setup`)
    await setUp(signet, visitor)
    expect((await visitor.get(`${signet.issuer}/setup`)).status).toBe(404)
    const again = await visitor.submit(form, { code, name: 'Eve', email: 'eve@example.com' })
    expect(again.status).toBe(404)
    expect(await signet.house.identities.findByIdentifier('email', 'eve@example.com')).toBeUndefined()
    await signet.stop()
    const restarted = await open(setting)
    expect(restarted.started.setup).toBeUndefined()
    expect((await visitor.get(`${restarted.issuer}/setup`)).status).toBe(404)
  })

  it('a wrong code makes nobody an administrator', async () => {
    const signet = await open()
    const visitor = createVisitor()
    const form = await visitor.get(`${signet.issuer}/setup`)
    const refused = await visitor.submit(form, {
      code: 'x'.repeat(22),
      name: 'Eve',
      email: 'eve@example.com',
    })
    expect(refused.status).toBe(422)
    expect(await signet.house.identities.findByIdentifier('email', 'eve@example.com')).toBeUndefined()
    expect(await signet.house.setup.needed()).toBe(true)
  })

  it('S38: every page and form of the console refuses whoever is no administrator, and asks a stranger to sign in', async () => {
    const signet = await open()
    const ana = await addPerson(signet.house)
    const party = await register(signet)
    const [person, stranger] = [createVisitor(), createVisitor()]
    const home = await prove(person, await person.get(`${signet.issuer}/account`))
    const client = `/admin/clients/${party.id}`
    const paths = [
      '/admin',
      '/admin/clients',
      '/admin/clients/new',
      client,
      `${client}/disable`,
      `${client}/enable`,
      '/admin/people',
      '/admin/people/new',
      `/admin/people/${ana}`,
      `/admin/people/${ana}/suspend`,
      `/admin/people/${ana}/restore`,
      `/admin/people/${ana}/invite`,
    ]
    const csrf =
      home.document.querySelector('input[name="csrf"]')?.getAttribute('value') ??
      (await tokenOf(signet, person))
    for (const path of paths) {
      expect((await person.get(`${signet.issuer}${path}`)).status, `GET ${path}`).toBe(403)
      const asked = await stranger.get(`${signet.issuer}${path}`)
      expect(asked.document.querySelector('input[name="identifier"]'), `stranger at ${path}`).not.toBeNull()
      const posted = await person.send(`${signet.issuer}${path}`, {
        method: 'POST',
        body: new URLSearchParams({ csrf, name: 'Eve', email: 'eve@example.com', redirect_uris: callback }),
        headers: { origin: signet.issuer, 'sec-fetch-site': 'same-origin' },
      })
      expect([403, 404, 405], `POST ${path} answered ${posted.status}`).toContain(posted.status)
    }
    expect((await signet.house.identities.get(ana))?.state).toBe('active')
    expect(await signet.house.identities.findByIdentifier('email', 'eve@example.com')).toBeUndefined()
    expect((await signet.house.clients.find(party.id))?.state).toBe('enabled')
  })

  it('S38: what a form may not hold is not looked at: no role, no state, no proof', async () => {
    const signet = await open()
    const ana = await addPerson(signet.house)
    const visitor = createVisitor()
    await prove(visitor, await visitor.get(`${signet.issuer}/account`))
    const profile = await visitor.get(`${signet.issuer}/account/profile`)
    const body = new URLSearchParams({
      csrf: profile.document.querySelector('input[name="csrf"]')?.getAttribute('value') ?? '',
      name: 'Ana the Great',
      roles: 'administrator',
      'roles[]': 'administrator',
      groups: 'administrators',
      state: 'active',
      id: 'somebody-else',
      sub: 'somebody-else',
      email_verified: 'true',
    })
    await visitor.send(`${signet.issuer}/account/profile`, {
      method: 'POST',
      body,
      headers: { origin: signet.issuer },
    })
    const after = await signet.house.identities.get(ana)
    expect(after).toMatchObject({ id: ana, roles: [], groups: [], claims: { name: 'Ana the Great' } })
    expect((await visitor.get(`${signet.issuer}/admin`)).status).toBe(403)
  })

  it('S39: an administrator suspends a person in mid-session: page, code, refresh, userinfo and introspection stop at once', async () => {
    const signet = await open()
    const admin = createVisitor()
    await setUp(signet, admin)
    const ana = await addPerson(signet.house)
    const party = await register(signet)
    const person = browser()
    const { flow, page } = await goThrough(person, party, {
      parameters: { scope: 'openid email offline_access', prompt: 'consent' },
    })
    const tokens = await party.finish(flow, page.url)
    const pending = await goThrough(person, party)

    await prove(admin, await admin.get(`${signet.issuer}/admin`), 'root@example.com')
    const ask = await admin.get(`${signet.issuer}/admin/people/${ana}/suspend`)
    const suspended = await admin.press(ask, `/admin/people/${ana}/suspend`)
    expect(suspended.url.pathname).toBe(`/admin/people/${ana}`)

    expect((await party.userinfo(tokens)).status).toBe(401)
    expect(await party.isActive(tokens.access_token)).toBe(false)
    expect(await party.isActive(tokens.refresh_token)).toBe(false)
    await expect(party.refresh(tokens.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' })
    await expect(party.finish(pending.flow, pending.page.url)).rejects.toMatchObject({
      error: 'invalid_grant',
    })
    const out = await person.get(`${signet.issuer}/account`)
    expect(out.document.querySelector('input[name="identifier"]')).not.toBeNull()
    const refused = await prove(person, out)
    expect(refused.status).toBeGreaterThanOrEqual(400)
    const silent = await person.get((await party.begin({ prompt: 'none' })).url)
    expect(silent.url.searchParams.get('error')).toBe('login_required')

    const restore = await admin.get(`${signet.issuer}/admin/people/${ana}/restore`)
    await admin.press(restore, `/admin/people/${ana}/restore`)
    expect((await party.userinfo(tokens)).status).toBe(401)
    await expect(party.refresh(tokens.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' })
    const back = await goThrough(browser(), party)
    expect(back.page.url.searchParams.get('code')).toBeTruthy()
  })
})

async function setUp(signet: Signet, visitor: Visitor): Promise<Page> {
  const { url = '', code = '' } = signet.started.setup ?? {}
  const form = await visitor.get(url)
  const invitation = await visitor.submit(form, { code, name: 'Root', email: 'root@example.com' })
  return visitor.submit(invitation, { password })
}

async function tokenOf(signet: Signet, visitor: Visitor): Promise<string> {
  const profile = await visitor.get(`${signet.issuer}/account/profile`)
  return profile.document.querySelector('input[name="csrf"]')?.getAttribute('value') ?? ''
}
