/** "This wasn't me" ends what its message was about and nothing else, whatever somebody with a mailbox would like. */
import { expect, it } from 'vitest'
import { createDevices } from '../../src/authentication/devices.ts'
import { createHalt } from '../../src/authentication/halting.ts'
import type { Ended, Questioned } from '../../src/domain/objection.ts'
import type { House } from '../../src/house.ts'
import { createFreeze } from '../../src/recovery/freezing.ts'
import { codeOf } from '../factors/authenticator.ts'
import { keyIn, told } from '../support/objection.ts'
import { addPerson, allow, password, prove, tokensFor } from '../support/person.ts'
import { browser, register } from '../support/relying-party.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor } from '../support/visitor.ts'

const ana = 'ana@example.com'
const eve = 'eve@example.com'
const offline = { scope: 'openid email offline_access', prompt: 'consent' }
const visit = { address: '198.51.100.9', language: 'en', userAgent: 'test' }
const somebody = { kind: 'system' } as const
const byCode = { name: 'factor', value: 'email-code' }
const totp_secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

/** The part that ends things, on a running Signet. */
function freezeIn(house: House): (about: Questioned) => Promise<readonly Ended[]> {
  const freeze = createFreeze({
    store: house.store,
    halt: createHalt(house),
    devices: createDevices(house),
    enrolments: house.enrolments,
    consents: house.consents,
    contacts: house.contacts,
    vouchings: house.vouchings,
    cases: house.cases,
    recoveries: house.recoveries,
    sessions: () => house.oidc.sessions,
    deletions: house.deletions,
    exports: house.exports,
  })
  return (about) => freeze(about, somebody)
}

async function raise({ house }: Signet, message: Parameters<typeof keyIn>[0]): Promise<readonly Ended[]> {
  const raised = await house.objections.raise(keyIn(message), visit)
  if (raised.status !== 'done') throw new Error(raised.status)
  return raised.ended
}

const isAsked = (page: Page) => page.document.querySelector('input[name="identifier"]') !== null

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  const home = (signet: Signet, visitor: Visitor) => visitor.get(`${signet.issuer}/account`)
  const signIn = async (signet: Signet, visitor: Visitor, email = ana) =>
    prove(visitor, await home(signet, visitor), email)

  /** Asks for a code by mail for the application's sign-in. */
  async function askForCode(visitor: Visitor, url: URL, email = ana): Promise<Page> {
    return visitor.submit(await visitor.submit(await visitor.get(url), { identifier: email }), {}, byCode)
  }

  it('S33: a sign-in on a new device: its session, its tokens and its device, and those of no other', async () => {
    const signet = await open()
    const { store, oidc } = signet.house
    const id = await addPerson(signet.house)
    const party = await register(signet)
    const own = await tokensFor(browser(), party, { parameters: offline })
    const theirs = await tokensFor(browser(), party, { parameters: offline })
    const message = await told(signet, ana, /New sign-in/)
    expect(await store.devices.findBy('identityId', id)).toHaveLength(2)

    expect(await raise(signet, message)).toEqual(['device-forgotten'])
    expect(await oidc.sessions.list(id)).toHaveLength(1)
    expect(await store.devices.findBy('identityId', id)).toHaveLength(1)
    for (const token of [theirs.access_token, theirs.refresh_token])
      expect(await party.isActive(token)).toBe(false)
    for (const token of [own.access_token, own.refresh_token]) expect(await party.isActive(token)).toBe(true)
  })

  it('S33: what was taken offline in a session that is over by then ends as well', async () => {
    const signet = await open()
    const { sessions } = signet.house.oidc
    const id = await addPerson(signet.house)
    const party = await register(signet)
    const own = await tokensFor(browser(), party, { parameters: offline })
    const [mine] = await sessions.list(id)
    const theirs = await tokensFor(browser(), party, { parameters: offline })
    const message = await told(signet, ana, /New sign-in/)
    for (const { uid } of await sessions.list(id)) if (uid !== mine?.uid) await sessions.end(id, uid)
    expect(await party.isActive(theirs.refresh_token)).toBe(true)

    await raise(signet, message)
    expect(await party.isActive(theirs.refresh_token)).toBe(false)
    expect(await party.isActive(own.refresh_token)).toBe(true)
  })

  it('S33: whoever signed in again on that device meanwhile is out too, and another person who uses it is not', async () => {
    const signet = await open()
    await addPerson(signet.house)
    await addPerson(signet.house, eve)
    await signIn(signet, createVisitor())
    const shared = createVisitor()
    await signIn(signet, shared)
    const message = await told(signet, ana, /New sign-in/)
    const out = await shared.get(`${signet.issuer}/logout`)
    await shared.submit(out, {}, { name: 'logout', value: 'yes' })
    await signIn(signet, shared)
    const [again] = await signet.house.oidc.sessions.list(await idOf(signet, ana))
    expect(again).toBeDefined()
    // The browser's other person, in a window of their own with the same device cookie.
    const other = createVisitor()
    for (const [key, value] of shared.cookies) if (key.endsWith('-device')) other.cookies.set(key, value)
    await signIn(signet, other, eve)

    await raise(signet, message)
    expect(isAsked(await home(signet, shared))).toBe(true)
    expect(isAsked(await home(signet, other))).toBe(false)
  })

  it('S33: a code that was asked for: that sign-in is over and its code void, another one goes on', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const party = await register(signet)
    const [stranger, own] = [browser(), browser()]
    const theirs = await askForCode(stranger, (await party.begin()).url)
    const message = await told(signet, ana, /Your code/)
    const mine = await askForCode(own, (await party.begin()).url)
    const { codes } = await signet.mail(ana, message.id)

    expect(await raise(signet, message)).toEqual(['process-over'])
    const late = await stranger.submit(theirs, { code: message.codes[0] })
    expect(late.url.searchParams.has('code')).toBe(false)
    expect(late.document.querySelector('button[name="decision"]')).toBeNull()
    const end = await own.submit(mine, { code: codes[0] })
    expect((await own.submit(end, {}, allow)).url.searchParams.has('code')).toBe(true)
  })

  it('S33: … also one that an application asked for by name, before anybody typed one', async () => {
    const signet = await open()
    const id = await addPerson(signet.house)
    const party = await register(signet)
    const stranger = browser()
    const claims = JSON.stringify({ id_token: { sub: { value: id } } })
    const theirs = await stranger.submit(await stranger.get((await party.begin({ claims })).url), {}, byCode)
    const message = await told(signet, ana, /Your code/)

    expect(await raise(signet, message)).toEqual(['process-over'])
    const late = await stranger.submit(theirs, { code: message.codes[0] })
    expect(late.document.querySelector('button[name="decision"]')).toBeNull()
  })

  it('S33: … and when somebody got in with it, they are out again', async () => {
    const signet = await open()
    const id = await addPerson(signet.house)
    const party = await register(signet)
    const stranger = browser()
    const asked = await askForCode(stranger, (await party.begin()).url)
    const message = await told(signet, ana, /Your code/)
    await stranger.submit(asked, { code: message.codes[0] })
    const own = createVisitor()
    await signIn(signet, own)
    expect(await signet.house.oidc.sessions.list(id)).toHaveLength(2)

    expect(await raise(signet, message)).toEqual(['session-ended'])
    expect(await signet.house.oidc.sessions.list(id)).toHaveLength(1)
    expect(isAsked(await home(signet, own))).toBe(false)
  })

  it('S33: … also when they gave the right code and wait before they go through the last door', async () => {
    const signet = await open()
    const id = await addPerson(signet.house)
    const party = await register(signet)
    const stranger = browser()
    const asked = await askForCode(stranger, (await party.begin()).url)
    const message = await told(signet, ana, /Your code/)
    const answer = await stranger.send(new URL(actionOf(asked), asked.url), {
      method: 'POST',
      body: new URLSearchParams({ csrf: csrfOn(asked), code: message.codes[0] ?? '' }),
      headers: { origin: asked.url.origin, 'sec-fetch-site': 'same-origin' },
    })
    const door = new URL(answer.headers.get('location') ?? '', asked.url)
    expect([answer.status, door.pathname.startsWith('/authorize/')]).toEqual([303, true])

    await raise(signet, message)
    await stranger.get(door)
    expect(await signet.house.oidc.sessions.list(id)).toEqual([])
    expect(isAsked(await home(signet, stranger))).toBe(true)
  })

  it('S33: a device that was trusted: also when they wait before they go through the last door', async () => {
    const now = Date.now()
    const signet = await open({ clock: () => now })
    const id = await addPerson(signet.house)
    await signet.house.enrolments.adopt(id, 'totp', { totp_secret })
    const party = await register(signet)
    const stranger = browser()
    const asked = await prove(stranger, await stranger.get((await party.begin()).url), ana)
    const answer = await stranger.send(new URL(actionOf(asked), asked.url), {
      method: 'POST',
      body: new URLSearchParams({ csrf: csrfOn(asked), code: codeOf(totp_secret, now), trust: 'on' }),
      headers: { origin: asked.url.origin, 'sec-fetch-site': 'same-origin' },
    })
    const door = new URL(answer.headers.get('location') ?? '', asked.url)
    expect([answer.status, door.pathname.startsWith('/authorize/')]).toEqual([303, true])

    expect(await raise(signet, await told(signet, ana, /trusted/))).toEqual(['device-forgotten'])
    await stranger.get(door)
    expect(await signet.house.oidc.sessions.list(id)).toEqual([])
    expect(isAsked(await home(signet, stranger))).toBe(true)
  })

  it('S33: a way that was added on the way in: also when they wait before they go through the last door', async () => {
    const now = Date.now()
    const env = {
      SIGNET_POLICY__LEVEL: 'two-factor',
      SIGNET_FACTORS__EMAIL_CODE__ENABLED: 'false',
      SIGNET_FACTORS__MAGIC_LINK__ENABLED: 'false',
      SIGNET_FACTORS__SECURITY_KEY__ENABLED: 'false',
      SIGNET_FACTORS__PASSKEY__ENABLED: 'false',
      SIGNET_FACTORS__PUSH__ENABLED: 'false',
    }
    const signet = await open({ clock: () => now, env })
    const id = await addPerson(signet.house)
    const party = await register(signet)
    const stranger = browser()
    const asked = await prove(stranger, await stranger.get((await party.begin()).url), ana)
    const secret = asked.document.querySelector('code.secret')?.textContent.replace(/\s/g, '') ?? ''
    const answer = await stranger.send(new URL(actionOf(asked), asked.url), {
      method: 'POST',
      body: new URLSearchParams({ csrf: csrfOn(asked), code: codeOf(secret, now) }),
      headers: { origin: asked.url.origin, 'sec-fetch-site': 'same-origin' },
    })
    const door = new URL(answer.headers.get('location') ?? '', asked.url)
    expect([answer.status, door.pathname.startsWith('/authorize/')]).toEqual([303, true])

    expect(await raise(signet, await told(signet, ana, /new way/))).toEqual(['credential-removed'])
    await stranger.get(door)
    expect(await signet.house.oidc.sessions.list(id)).toEqual([])
  })

  it('S33: a sign-in that another person went on with in the same browser is left alone', async () => {
    const signet = await open()
    await addPerson(signet.house)
    await addPerson(signet.house, eve)
    const party = await register(signet)
    const shared = browser()
    const asked = await askForCode(shared, (await party.begin()).url)
    const message = await told(signet, ana, /Your code/)
    const restarted = await shared.press(asked, `${asked.url.pathname}/restart`)
    const form = await shared.submit(restarted, { identifier: eve })

    expect(await raise(signet, message)).toEqual(['nothing'])
    const end = await shared.submit(form, { password })
    expect(end.document.querySelector('button[name="decision"]')).not.toBeNull()
  })

  it('S33: a way to sign in that was added goes, with whoever came in by it; the last way in stays', async () => {
    let now = Date.now()
    const env = { SIGNET_FACTORS__EMAIL_CODE__ENABLED: 'false', SIGNET_FACTORS__MAGIC_LINK__ENABLED: 'false' }
    const signet = await open({ clock: () => now, env })
    const { enrolments, oidc } = signet.house
    const id = await addPerson(signet.house)
    const freeze = freezeIn(signet.house)
    const own = createVisitor()
    await signIn(signet, own)
    await enrolments.adopt(id, 'totp', { totp_secret })
    now += 60_000
    const stranger = createVisitor()
    await stranger.submit(await signIn(signet, stranger), { code: codeOf(totp_secret, now) })
    expect(await oidc.sessions.list(id)).toHaveLength(2)
    const added = (await enrolments.list(id)).find(({ factor }) => factor === 'totp')

    expect(await freeze({ identityId: id, credential: added?.id ?? '' })).toEqual(['credential-removed'])
    expect(await oidc.sessions.list(id)).toHaveLength(1)
    expect(isAsked(await home(signet, own))).toBe(false)

    const [last] = await enrolments.list(id)
    expect(await freeze({ identityId: id, credential: last?.id ?? '' })).toEqual(['credential-kept'])
    expect(await enrolments.list(id)).toHaveLength(1)
  })

  it('S33: a mailbox is not enough to get past the only second factor: after a day it stays', async () => {
    let now = Date.now()
    const signet = await open({ clock: () => now })
    const { enrolments } = signet.house
    const id = await addPerson(signet.house)
    const freeze = freezeIn(signet.house)
    await enrolments.adopt(id, 'totp', { totp_secret })
    const [first] = (await enrolments.list(id)).filter(({ factor }) => factor === 'totp')
    now += 24 * 60 * 60_000
    expect(await freeze({ identityId: id, credential: first?.id ?? '' })).toEqual(['credential-kept'])
    // A further one takes nothing away with it.
    await enrolments.adopt(id, 'totp', { totp_secret: `${totp_secret}GEZDGNBV` })
    const further = (await enrolments.list(id)).find((one) => one.factor === 'totp' && one.id !== first?.id)
    now += 24 * 60 * 60_000
    expect(await freeze({ identityId: id, credential: further?.id ?? '' })).toEqual(['credential-removed'])
    expect((await enrolments.list(id)).map(({ factor }) => factor).sort()).toEqual(['password', 'totp'])
  })

  it('S33: nothing of another person is ended, whatever the scope says', async () => {
    const signet = await open()
    const { enrolments, oidc, store } = signet.house
    const id = await addPerson(signet.house)
    const other = await addPerson(signet.house, eve)
    const visitor = createVisitor()
    await signIn(signet, visitor, eve)
    const [session] = await oidc.sessions.list(other)
    const [device] = await store.devices.findBy('identityId', other)
    const [credential] = await enrolments.list(other)
    const freeze = freezeIn(signet.house)
    const about = {
      identityId: id,
      session: session?.uid ?? '',
      device: device?.id ?? '',
      credential: credential?.id ?? '',
      links: true,
      sessions: true,
    } as const
    expect(await freeze(about)).toEqual(['nothing'])
    expect(isAsked(await home(signet, visitor))).toBe(false)
    expect(await enrolments.list(other)).toHaveLength(1)
    expect(await store.devices.findBy('identityId', other)).toHaveLength(1)
  })

  it('S33: an application whose key was used twice loses what it still has, and no other application does', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const [party, other] = [await register(signet), await register(signet)]
    const visitor = browser()
    const copied = await tokensFor(visitor, party, { parameters: offline })
    const kept = await tokensFor(visitor, other, { parameters: offline })
    const further = await tokensFor(browser(), party, { parameters: offline })
    const next = await party.refresh(copied.refresh_token)
    await party.refresh(next.refresh_token)
    await expect(party.refresh(copied.refresh_token)).rejects.toThrow()
    const message = await told(signet, ana, /ended an application/)
    expect(message.text).toMatch(/Application: Orchard\n {2}From: 127\.0\.0\.1/)
    expect(await party.isActive(further.refresh_token)).toBe(true)

    expect(await raise(signet, message)).toEqual(['client-ended'])
    expect(await party.isActive(further.refresh_token)).toBe(false)
    expect(await other.isActive(kept.refresh_token)).toBe(true)
  })

  it('S33: a link to get back in is void, an invitation is not', async () => {
    const signet = await open()
    const { links, identities } = signet.house
    await addPerson(signet.house)
    const invited = await identities.create(
      { identifiers: [{ kind: 'email', written: eve }], state: 'invited' },
      { kind: 'operator' },
    )
    if (invited.status !== 'created') throw new Error(invited.status)
    const { link } = await links.invite(invited.identity.id, { kind: 'operator' }, { language: 'en' })
    await links.request(ana, visit)
    const message = await told(signet, ana, /way back/)
    const token = (url = '') => new URL(url).searchParams.get('token') ?? ''
    expect(await links.peek(token(message.links[0]))).toBeDefined()

    expect(await raise(signet, message)).toEqual(['links-void'])
    expect(await links.peek(token(message.links[0]))).toBeUndefined()
    expect(await links.peek(token(link))).toBeDefined()
  })

  it('guesses: nobody is signed out, nothing is removed', async () => {
    const signet = await open({ env: { SIGNET_THROTTLE__FREE_TRIES: '2' } })
    const id = await addPerson(signet.house)
    const own = createVisitor()
    await signIn(signet, own)
    const stranger = createVisitor()
    let page = await stranger.submit(await home(signet, stranger), { identifier: ana })
    for (let guess = 0; guess < 4; guess += 1)
      if (page.document.querySelector('input[name="password"]') !== null)
        page = await stranger.submit(page, { password: `guess number ${guess} of many` })
    const message = await told(signet, ana, /trying to get into/)

    expect(await raise(signet, message)).not.toContain('sessions-ended')
    expect(isAsked(await home(signet, own))).toBe(false)
    expect(await signet.house.enrolments.list(id)).toHaveLength(1)
  })

  async function idOf({ house }: Signet, email: string): Promise<string> {
    return (await house.identities.findByIdentifier('email', email))?.id ?? ''
  }
})

function csrfOn(page: Page): string {
  return page.document.querySelector('input[name="csrf"]')?.getAttribute('value') ?? ''
}

function actionOf(page: Page): string {
  const field = page.document.querySelector('input[name="code"]')
  return field?.closest('form')?.getAttribute('action') ?? ''
}
