/** A person takes everything with them, and leaves; or is kept from leaving. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { day, minute } from '../../src/domain/time.ts'
import { sweepAll } from '../../src/storage/sweeper.ts'
import { codeOf } from '../factors/authenticator.ts'
import { until } from '../identities/departures.ts'
import { createClock } from '../support/clock.ts'
import { addPerson, password, prove, tokensFor } from '../support/person.ts'
import { leaks, rawStore } from '../support/raw-store.ts'
import { browser, register } from '../support/relying-party.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor, words } from '../support/visitor.ts'

const email = 'ana@example.com'
const offline = { scope: 'openid email offline_access', prompt: 'consent' }
const isAsked = (page: Page) => page.document.querySelector('input[name="identifier"]') !== null

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  async function signedIn(signet: Signet, address = email): Promise<Visitor> {
    const visitor = createVisitor()
    await prove(visitor, await visitor.get(`${signet.issuer}/account`), address)
    return visitor
  }
  const data = (signet: Signet, visitor: Visitor) => visitor.get(`${signet.issuer}/account/data`)

  async function putTogether(signet: Signet, visitor: Visitor, id: string): Promise<Page> {
    await visitor.press(await data(signet, visitor), '/account/data/export')
    await until(async () => expect((await signet.house.exports.state(id))?.status).toBe('ready'))
    return data(signet, visitor)
  }

  async function plan(signet: Signet, visitor: Visitor): Promise<Page> {
    const form = await visitor.get(`${signet.issuer}/account/data/delete`)
    return visitor.press(form, '/account/data/delete')
  }

  it('S42: downloads everything as JSON and to read, in their language, and nothing secret', async () => {
    const signet = await open()
    const { house } = signet
    const key = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
    const id = await addPerson(house, email, { groups: ['staff'] })
    const party = await register(signet, { metadata: { client_name: 'Photo Shop' } })
    await tokensFor(browser(), party, { parameters: offline })
    await house.enrolments.adopt(id, 'totp', { totp_secret: key })
    await house.store.pictures.insert({ id: 'picture', identityId: id, bytes: 'AAAA', createdAt: 0 })
    const ana = createVisitor()
    const second = await prove(ana, await ana.get(`${signet.issuer}/account`))
    await ana.submit(second, { code: codeOf(key, Date.now()) })
    const page = await putTogether(signet, ana, id)

    const json = await ana.press(page, '/account/data/export/json')
    expect(json.headers.get('content-type')).toMatch(/^application\/json/)
    expect(json.headers.get('content-disposition')).toMatch(/^attachment; filename="account-data-.*\.json"$/)
    const document = JSON.parse(json.body)
    expect(Object.keys(document)).toEqual(
      expect.arrayContaining([
        'profile',
        'ways_to_sign_in',
        'devices',
        'trusted_devices',
        'sessions',
        'activity',
      ]),
    )
    expect(document).toMatchObject({
      format: 1,
      issuer: signet.issuer,
      account: { id, state: 'active', groups: ['staff'] },
      profile: { name: 'Ana Ruiz' },
      identifiers: [{ kind: 'email', written: email, proved_at: expect.any(String) }],
      applications: [{ client_id: party.id, name: 'Photo Shop' }],
      trusted_devices: [],
    })
    const ways = document.ways_to_sign_in.map(({ way }: { way: string }) => way)
    expect(ways.sort()).toEqual(['password', 'totp'])
    const started = document.activity.find(({ action }: { action: string }) => action === 'session.started')
    expect(started).toMatchObject({ by: 'you', address: expect.stringContaining('127.0.0.1') })
    const secrets = [...ana.seen, password, key, 'argon2', 'sealed']
    expect(secrets.filter((secret) => json.body.includes(secret))).toEqual([])

    const read = await ana.press(page, '/account/data/export/page')
    expect(read.headers.get('content-disposition')).toMatch(/\.html"$/)
    expect(read.body).toContain('Photo Shop')
    expect(words(read)).toContain('What Signet keeps about you')
    expect(words(read)).toContain('Authenticator app')
    expect(read.body).toContain('src="data:image/jpeg;base64,AAAA"')
    expect(read.body).not.toMatch(/<script|src="(?!data:)|href=|url\(/i)
    expect(secrets.filter((secret) => read.body.includes(secret))).toEqual([])
    const german = await ana.get(`${signet.issuer}/account/data?lang=de`)
    const deutsch = await ana.press(german, '/account/data/export/page')
    expect(words(deutsch)).toContain('Was Signet über Sie speichert')
    expect(deutsch.body).not.toMatch(/>(?:data:|undefined)/)
  })

  it('S18: S30: asking for the data, getting them and leaving need a fresh sign-in; a link that is too old leads back', async () => {
    const clock = createClock()
    const signet = await open({ clock: clock.now })
    const id = await addPerson(signet.house)
    const ana = await signedIn(signet)
    const page = await putTogether(signet, ana, id)
    clock.advance(6 * minute)
    for (const action of ['/account/data/export', '/account/data/export/json', '/account/data/export/page'])
      expect(isAsked(await ana.press(page, action))).toBe(true)
    expect(isAsked(await ana.get(`${signet.issuer}/account/data/delete`))).toBe(true)
    const again = await prove(ana, await ana.get(`${signet.issuer}/account/data/delete`))
    expect(again.url.pathname).toBe('/account/data/delete')
    clock.advance(day)
    const next = await signedIn(signet)
    const gone = await next.press({ ...(await data(signet, next)), body: '' } as Page, '/account/data/export')
    expect(gone.url.search).toBe('?done=asked')
  })

  it('S38: another person gets nothing of it', async () => {
    const signet = await open()
    const id = await addPerson(signet.house)
    await addPerson(signet.house, 'eve@example.com', { claims: { name: 'Eve' } })
    await putTogether(signet, await signedIn(signet), id)
    const eve = await signedIn(signet, 'eve@example.com')
    const page = await data(signet, eve)
    expect(page.document.querySelector('form[action$="/json"]')).toBeNull()
    const csrf = page.document.querySelector('[name="csrf"]')?.getAttribute('value') ?? ''
    const answer = await eve.send(`${signet.issuer}/account/data/export/json`, {
      method: 'POST',
      body: new URLSearchParams({ csrf, id, identity: id }),
      headers: { origin: signet.issuer, 'sec-fetch-site': 'same-origin' },
    })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/account/data?done=expired'])
  })

  it('plans the end of an account, shows it on every page, does not call it off by signing in, and keeps it by a button', async () => {
    const signet = await open()
    const { house, issuer } = signet
    const id = await addPerson(house)
    const ana = await signedIn(signet)
    const planned = await plan(signet, ana)
    expect(planned.url.search).toBe('?done=planned')
    const later = await signedIn(signet)
    for (const place of ['', '/profile', '/security', '/sessions', '/data']) {
      const page = await later.get(`${issuer}/account${place}`)
      expect(page.document.querySelector('form[action="/account/data/keep"]'), place).not.toBeNull()
    }
    expect((await house.identities.get(id))?.deletion).toBeDefined()
    expect(await later.get(`${issuer}/account/data/delete`)).toMatchObject({
      url: { pathname: '/account/data' },
    })
    const kept = await later.press(await data(signet, later), '/account/data/keep')
    expect(kept.url.search).toBe('?done=kept')
    expect(kept.document.querySelector('form[action="/account/data/keep"]')).toBeNull()
    expect((await house.identities.get(id))?.deletion).toBeUndefined()
  })

  it('S33: the link in the mail keeps the account without a sign-in: GET only shows, POST does, once', async () => {
    const signet = await open()
    const { house } = signet
    const id = await addPerson(house)
    await plan(signet, await signedIn(signet))
    const { links } = await signet.mail(email)
    const anybody = createVisitor()
    const question = await anybody.get(links[0] ?? '')
    expect(question.url.pathname).toBe('/keep-account')
    expect(words(question)).not.toContain('Ana')
    expect((await house.identities.get(id))?.deletion).toBeDefined()
    const done = await anybody.submit(question, {})
    expect([done.status, done.url.pathname]).toEqual([200, '/keep-account/done'])
    expect((await house.identities.get(id))?.deletion).toBeUndefined()
    expect((await anybody.submit(question, {})).status).toBe(410)
    expect((await anybody.get(`${signet.issuer}/keep-account?key=${id}.x`)).status).toBe(410)
  })

  it('S33: "this wasn\'t me" keeps the account too, and signs out whoever asked for its end', async () => {
    const signet = await open()
    const { house, issuer } = signet
    const id = await addPerson(house)
    const thief = await signedIn(signet)
    const ana = await signedIn(signet)
    await plan(signet, thief)
    const { links } = await signet.mail(email)
    const anybody = createVisitor()
    const question = await anybody.get(links.find((link) => link.includes('/objection')) ?? '')
    await anybody.press(question, '/objection')
    expect((await house.identities.get(id))?.deletion).toBeUndefined()
    expect(isAsked(await thief.get(`${issuer}/account`))).toBe(true)
    expect(isAsked(await ana.get(`${issuer}/account`))).toBe(false)
  })

  it('what was asked of the account can be questioned in its activity: it stays, and the copy is deleted', async () => {
    const signet = await open()
    const { house, issuer } = signet
    const id = await addPerson(house)
    const thief = await signedIn(signet)
    await putTogether(signet, thief, id)
    await plan(signet, thief)
    const ana = await signedIn(signet)
    for (const action of ['deletion.requested', 'export.requested'] as const) {
      const { items } = await house.audit.list({ identityId: id, action, limit: 1 })
      const page = await ana.get(`${issuer}/account/activity/${items[0]?.id}`)
      await ana.press(page, `/account/activity/${items[0]?.id}/end`)
    }
    expect((await house.identities.get(id))?.deletion).toBeUndefined()
    expect(await house.exports.state(id)).toBeUndefined()
  })

  it('refuses the last administrator in plain words', async () => {
    const signet = await open()
    const id = await addPerson(signet.house, email, { roles: ['administrator'] })
    const refused = await plan(signet, await signedIn(signet))
    expect(refused.status).toBe(422)
    expect(words(refused)).toContain('You are the only administrator')
    expect((await signet.house.identities.get(id))?.deletion).toBeUndefined()
  })

  it('S39: at the end sessions, tokens and a sign-in that is going on are over, and nothing personal is left in the raw store', async () => {
    const clock = createClock()
    const storage = await fresh()
    const signet = await open({
      clock: clock.now,
      storage,
      env: { SIGNET_OUTBOUND__ALLOW: '["127.0.0.1"]' },
    })
    const { house, issuer } = signet
    const name = 'Anastasia Quillfeather'
    const address = 'a.quillfeather@orchard.example'
    const id = await addPerson(house, address, {
      claims: { name, nickname: 'Quillie' },
      identifiers: [
        { kind: 'email', written: address, verified: true },
        { kind: 'username', written: 'quillfeather' },
      ],
    })
    const told: string[] = []
    const listener = createServer((request, response) => {
      request.on('data', (chunk) => told.push(String(chunk))).on('end', () => response.end())
    })
    await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done))
    const { port } = listener.address() as AddressInfo
    const uri = `http://127.0.0.1:${port}/logout`
    const party = await register(signet, { metadata: { backchannel_logout_uri: uri } })
    const tokens = await tokensFor(browser(), party, { email: address, parameters: offline })
    const ana = await signedIn(signet, address)
    await putTogether(signet, ana, id)
    await plan(signet, ana)
    const inTheMiddle = createVisitor()
    clock.advance(6 * day)
    await until(async () => expect((await house.identities.get(id))?.deletion?.remindedAt).toBeDefined())
    const identify = await inTheMiddle.get(`${issuer}/account`)
    const asked = await inTheMiddle.submit(identify, { identifier: address })
    clock.advance(day)
    await until(async () => expect((await house.identities.get(id))?.state).toBe('deleted'))
    await until(async () => expect((await signet.mail(address)).subject).toBe('Your account is gone'))

    expect(isAsked(await ana.get(`${issuer}/account`))).toBe(true)
    expect((await inTheMiddle.submit(asked, { password })).url.pathname).not.toBe('/account')
    expect((await party.userinfo(tokens)).status).toBe(401)
    await until(() => expect(told.join()).toContain('logout_token='))
    listener.close()
    expect(await house.oidc.sessions.list(id)).toEqual([])
    const { items } = await house.audit.list({ identityId: id, limit: 100 })
    expect(items.length).toBeGreaterThan(5)
    expect(items.filter(({ personal }) => personal !== undefined)).toEqual([])

    // What was on its way is over within the hour; the inbox is development's stand-in for mailboxes.
    clock.advance(2 * 60 * minute)
    await sweepAll(house.store, clock.now())
    await sleep(500)
    const caught = await house.store.inbox.findBy('to', address)
    for (const { id: message } of caught) await house.store.inbox.remove(message)
    await signet.stop()
    const places = await rawStore(storage)
    expect(leaks(places, [name, 'Quillfeather', 'Quillie', 'quillfeather', address])).toEqual([])
  })
})
