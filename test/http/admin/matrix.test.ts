/**
 * S38: every route of the portal and the console, by every role, with another person's ids in the path and in the form. The routes come from the
 * tables themselves: a new one is in here, or fails for want of a value for its parameter.
 */
import { expect, it } from 'vitest'
import { minute } from '../../../src/domain/time.ts'
import { accountRoutes } from '../../../src/http/account/index.ts'
import { adminRoutes } from '../../../src/http/admin/index.ts'
import type { AppDependencies } from '../../../src/http/dependencies.ts'
import type { Route } from '../../../src/http/routes.ts'
import { addPerson, prove } from '../../support/person.ts'
import { openedFor } from '../../support/recovery-case.ts'
import { register } from '../../support/relying-party.ts'
import { type Signet, useSignet } from '../../support/signet.ts'
import { eachStore } from '../../support/stores.ts'
import { createVisitor, type Visitor } from '../../support/visitor.ts'

/** Answer whoever comes: the end of a sign-in, and the address that only leads on. */
const open = ['/account/callback', '/admin/callback', '/.well-known/change-password']

/** POSTs that need no fresh sign-in: they only take away, or change nothing that protects. */
const lasting = [
  '/account/profile',
  '/account/profile/picture',
  '/account/profile/picture/remove',
  // A fire drill uses up nothing, and nothing comes of it.
  '/account/security/drill',
  '/account/security/drill/try/choose',
  '/account/security/drill/try/prove/:factor',
  '/account/security/drill/try/give-up',
  '/account/security/drill/try/cancel',
  '/account/sessions/others/end',
  '/account/sessions/:session/end',
  '/account/applications/:client/narrow',
  '/account/applications/:client/withdraw',
  '/account/data/keep',
  '/account/activity/:entry/end',
]

interface Scene {
  readonly signet: Signet
  readonly routes: readonly Route[]
  /** Whom everybody else's requests are aimed at. */
  readonly ana: string
  /** The path with ana's ids in it. */
  pathOf(route: Route): string
  /** Everything of ana's that somebody might change. */
  state(): Promise<unknown>
}

eachStore((_, __, fresh) => {
  const start = useSignet(fresh)

  it('S38: a stranger is sent to sign in, by every page and by every form', async () => {
    const scene = await prepare(await start())
    const stranger = createVisitor()
    const before = await scene.state()
    for (const route of guarded(scene)) {
      const answer = await request(scene, stranger, route)
      expect(answer.status, label(route)).toBe(303)
      expect(answer.headers.get('location'), label(route)).toMatch(/^\/authorize\?.*response_type=none/)
    }
    expect(await scene.state()).toEqual(before)
  })

  it('S38: a person without the role gets 403 everywhere in the console, whatever the ids', async () => {
    const scene = await prepare(await start())
    const eve = await signedIn(scene.signet, 'eve@example.com')
    const before = await scene.state()
    for (const route of guarded(scene).filter(({ path }) => path.startsWith('/admin'))) {
      const answer = await request(scene, eve, route)
      expect(answer.status, label(route)).toBe(403)
      expect(await answer.text(), label(route)).not.toMatch(/ana@example\.com|Ana Ruiz/)
    }
    expect(await scene.state()).toEqual(before)
    expect(await scene.signet.house.identities.findByIdentifier('email', 'new@example.com')).toBeUndefined()
  })

  for (const who of ['eve@example.com', 'root@example.com'])
    it(`S38: ${who} reaches nothing of another person through the portal, whatever the ids`, async () => {
      const scene = await prepare(await start())
      const visitor = await signedIn(scene.signet, who)
      const before = await scene.state()
      for (const route of guarded(scene).filter(({ path }) => !path.startsWith('/admin'))) {
        const answer = await request(scene, visitor, route)
        expect([200, 303, 404, 422], `${label(route)} answered ${answer.status}`).toContain(answer.status)
        expect(await answer.text(), label(route)).not.toMatch(/ana@example\.com|Ana Ruiz/)
      }
      expect(await scene.state()).toEqual(before)
    })

  it('S38: an administrator is served by every route, and a new role or state comes from no form', async () => {
    const scene = await prepare(await start())
    const root = await signedIn(scene.signet, 'root@example.com')
    for (const route of guarded(scene).filter(({ path }) => path.startsWith('/admin'))) {
      const answer = await request(scene, root, route)
      expect([200, 201, 303, 409], `${label(route)} answered ${answer.status}`).toContain(answer.status)
      if (answer.status === 303)
        expect(answer.headers.get('location'), label(route)).not.toContain('/authorize')
    }
    const { identities, clients } = scene.signet.house
    const made = await identities.findByIdentifier('email', 'new@example.com')
    expect(made).toMatchObject({
      state: 'invited',
      roles: [],
      groups: ['staff'],
      claims: { name: 'Somebody New' },
    })
    expect(made?.identifiers).toMatchObject([{ kind: 'email', written: 'new@example.com' }])
    expect(made?.identifiers[0]?.verifiedAt).toBeUndefined()
    expect(await identities.get(scene.ana)).toMatchObject({ roles: [], groups: [] })
    const { items } = await clients.list({ limit: 100 })
    const client = items.find(({ metadata }) => metadata.client_name === 'Somebody New')
    expect(client).toMatchObject({ firstParty: false, origin: 'store', state: 'enabled' })
    expect(client).not.toHaveProperty('pkceExempt')
    expect(client?.metadata).not.toHaveProperty('scope')
  })

  it('S38: a reviewer is served by every page of cases and gets 403 everywhere else in the console', async () => {
    const scene = await prepare(await start())
    await addPerson(scene.signet.house, 'rita@example.com', { claims: { name: 'Rita' }, roles: ['reviewer'] })
    const rita = await signedIn(scene.signet, 'rita@example.com')
    for (const route of guarded(scene).filter(({ path }) => path.startsWith('/admin'))) {
      const { status } = await request(scene, rita, route)
      const allowed = route.path.startsWith('/admin/cases') ? [200, 303, 409] : [403]
      expect(allowed, `${label(route)} answered ${status}`).toContain(status)
    }
  })

  it('S38: neither is the case of somebody who is a reviewer shown to them, nor does anybody make themselves one', async () => {
    const scene = await prepare(await start())
    const { identities } = scene.signet.house
    const operator = { kind: 'operator' } as const
    await identities.update(scene.ana, { role: { name: 'reviewer', held: true } }, operator)
    const ana = await signedIn(scene.signet, 'ana@example.com')
    const { cases } = (await scene.state()) as { cases: unknown }
    for (const route of guarded(scene).filter(({ path }) => path.startsWith('/admin/cases/')))
      expect((await request(scene, ana, route)).status, label(route)).toBe(404)
    expect(await scene.state()).toMatchObject({ cases })
    await identities.update(scene.ana, { roles: ['administrator'] }, operator)
    for (const route of guarded(scene).filter(({ path }) => path.endsWith('reviewer')))
      expect((await request(scene, ana, route)).status, label(route)).toBe(403)
    expect(await identities.get(scene.ana)).toMatchObject({ roles: ['administrator'] })
  })

  it('S36: no form of an administrator is taken without the token of their browser', async () => {
    const scene = await prepare(await start())
    const root = await signedIn(scene.signet, 'root@example.com')
    const before = await scene.state()
    for (const route of guarded(scene).filter(({ method }) => method === 'POST')) {
      const answer = await request(scene, root, route, { csrf: '' })
      expect(answer.status, label(route)).toBe(403)
    }
    expect(await scene.state()).toEqual(before)
  })

  it('S18: S30: six minutes after the sign-in every change asks for a new one, and comes back to a page', async () => {
    let now = Date.now()
    const scene = await prepare(await start({ clock: () => now }))
    const root = await signedIn(scene.signet, 'root@example.com')
    now += 6 * minute
    const before = await scene.state()
    const gets = new Set(scene.routes.filter(({ method }) => method === 'GET').map(({ path }) => path))
    for (const route of guarded(scene).filter(({ method }) => method === 'POST')) {
      if (lasting.includes(route.path)) continue
      expect(gets, label(route)).toContain(route.path)
      for (const each of [route, { ...route, method: 'GET' as const }]) {
        const answer = await request(scene, root, each)
        expect(answer.headers.get('location'), label(each)).toMatch(/^\/authorize\?.*prompt=login/)
      }
    }
    expect(await scene.state()).toEqual(before)
  })
})

async function prepare(signet: Signet): Promise<Scene> {
  const { house } = signet
  const { identities, enrolments, consents, oidc, clients, store } = house
  const ana = await addPerson(house)
  await addPerson(house, 'eve@example.com', { claims: { name: 'Eve' } })
  await addPerson(house, 'root@example.com', { claims: { name: 'Root' }, roles: ['administrator'] })
  await signedIn(signet, 'ana@example.com')
  const party = await register(signet)
  await consents.allow(ana, party.id, { scopes: ['openid', 'email'] }, { kind: 'system' })
  const [session] = await oidc.sessions.list(ana)
  const [credential] = await enrolments.list(ana)
  const { items } = await house.audit.story({ identityId: ana, limit: 1 })
  const devices = () => store.devices.findBy('identityId', ana)
  const [device] = await devices()
  if (device === undefined) throw new Error('nobody remembers the device')
  const trust = { trustedAt: house.clock(), trustedUntil: house.clock() + minute, trustedFor: '' }
  await store.devices.put({ ...device, ...trust })
  const values: Readonly<Record<string, string | undefined>> = {
    identity: ana,
    session: session?.uid,
    client: party.id,
    credential: credential?.id,
    entry: items[0]?.id,
    device: device.id,
    ...(await putContacts(house, ana)),
    kind: 'phone',
    ...(await openedFor(house, 'ana@example.com')),
    factor: house.factors.find(({ enrolment }) => enrolment !== undefined)?.name,
  }
  const deps = { ...house, settings: house.config } as AppDependencies
  return {
    signet,
    ana,
    routes: [...accountRoutes(deps), ...adminRoutes(deps)],
    pathOf: ({ path }) =>
      path.replace(/:(\w+)/g, (_, name: string) => {
        const value = values[name]
        if (value === undefined) throw new Error(`the matrix has no value for :${name} of ${path}`)
        return encodeURIComponent(value)
      }),
    state: async () => ({
      identity: await identities.get(ana),
      ways: await enrolments.list(ana),
      trusted: (await devices()).map(({ id, trustedUntil }) => [id, trustedUntil]),
      sessions: (await oidc.sessions.list(ana)).map(({ uid }) => uid),
      consents: await consents.list(ana),
      contacts: (await store.contacts.page({ limit: 10 })).items,
      vouchings: (await store.vouchings.page({ limit: 10 })).items,
      client: await clients.find(party.id),
      cases: await store.cases.findBy('identityId', ana),
    }),
  }
}

/** Somebody is her contact, she is theirs, and asked to vouch for them. */
async function putContacts({ store, vault, identities }: Signet['house'], ana: string) {
  const bob = await identities.create(
    { identifiers: [{ kind: 'email', written: 'bob@example.com', verified: true }], state: 'active' },
    { kind: 'system' },
  )
  if (bob.status !== 'created') throw new Error(bob.status)
  const typed = JSON.stringify({ kind: 'email', value: 'x@example.com', written: 'x@example.com' })
  const name = (owner: string, id: string, identityId: string) =>
    store.contacts.put({
      id: owner,
      contacts: [
        { id, identityId, sealed: vault.seal('contact', typed, id), invitedAt: 0, until: 0, acceptedAt: 0 },
      ],
      named: [identityId],
      brokenAt: 0,
    })
  await name(ana, 'contact', bob.identity.id)
  await name(bob.identity.id, 'role', ana)
  const expiresAt = Date.now() + 24 * 60 * minute
  const requirement = { level: 'two-factor', essential: true, recovery: true } as const
  const process = { id: 'process', browser: '', requirement, proofs: [], challenges: {}, expiresAt }
  await store.authentications.insert(process)
  const asker = { address: '192.0.2.1', at: 0, phrase: ['one'], language: 'en' }
  await store.vouchings.insert({
    id: 'request',
    ownerId: bob.identity.id,
    process: process.id,
    asked: [ana],
    sealed: vault.seal('vouching', JSON.stringify(asker), 'request'),
    answers: [],
    expiresAt,
  })
  return { contact: 'contact', role: 'role', request: 'request' }
}

async function signedIn(signet: Signet, email: string): Promise<Visitor> {
  const visitor = createVisitor()
  const home = await prove(visitor, await visitor.get(`${signet.issuer}/account`), email)
  expect(home.url.pathname).toBe('/account')
  return visitor
}

function guarded({ routes }: Scene): readonly Route[] {
  return routes.filter(({ path }) => !open.includes(path))
}

function label({ method, path }: Route): string {
  return `${method} ${path}`
}

/** What a form could hold, and what it must not: another person's ids under every name, a role, a state, a proof. */
async function request(
  scene: Scene,
  visitor: Visitor,
  route: Route,
  more: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const { signet, ana } = scene
  const url = `${signet.issuer}${scene.pathOf(route)}`
  if (route.method === 'GET') return visitor.send(url)
  const { document } = await visitor.get(`${signet.issuer}/recovery`)
  const fields = {
    csrf: document.querySelector('input[name="csrf"]')?.getAttribute('value') ?? '',
    name: 'Somebody New',
    email: 'new@example.com',
    groups: 'staff',
    redirect_uris: 'https://new.example.com/callback',
    kind: 'confidential',
    ...Object.fromEntries(
      ['id', 'sub', 'identity', 'identityId', 'account', 'user'].map((field) => [field, ana]),
    ),
    roles: 'administrator',
    role: 'administrator',
    state: 'disabled',
    verified: 'true',
    email_verified: 'true',
    scope: 'openid offline_access',
    pkceExempt: 'true',
    firstParty: 'true',
    origin: 'built-in',
    withdraw: 'email',
    text: 'Which applications do you use?',
    reason: 'not-shown',
    seen: '1',
    ...more,
  }
  return visitor.send(url, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { origin: signet.issuer, 'sec-fetch-site': 'same-origin' },
  })
}
