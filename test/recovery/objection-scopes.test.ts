/** What "this wasn't me" ends about a sign-in, and what it leaves alone. */
import { expect, it } from 'vitest'
import { codeOf } from '../factors/authenticator.ts'
import { told } from '../support/objection.ts'
import { addPerson, allow, prove, tokensFor } from '../support/person.ts'
import { browser, register } from '../support/relying-party.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor } from '../support/visitor.ts'
import {
  actionOf,
  ana,
  byCode,
  csrfOn,
  eve,
  isAsked,
  offline,
  raise,
  totp_secret,
  visits,
} from './objection-world.ts'

eachStore((_, __, fresh) => {
  const { open, home, signIn, askForCode, idOf } = visits(fresh)

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
})
