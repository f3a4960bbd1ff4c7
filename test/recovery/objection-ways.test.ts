/** What "this wasn't me" ends about ways to sign in, applications and links. */
import { expect, it } from 'vitest'
import { codeOf } from '../factors/authenticator.ts'
import { told } from '../support/objection.ts'
import { addPerson, password, prove, tokensFor } from '../support/person.ts'
import { browser, register } from '../support/relying-party.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor } from '../support/visitor.ts'
import {
  actionOf,
  ana,
  csrfOn,
  eve,
  freezeIn,
  isAsked,
  offline,
  raise,
  totp_secret,
  visit,
  visits,
} from './objection-world.ts'

eachStore((_, __, fresh) => {
  const { open, home, signIn, askForCode } = visits(fresh)

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
})
