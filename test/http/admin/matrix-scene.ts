/** Ana with one of everything that a route can name, and requests for each route that are aimed at her. */
import { expect } from 'vitest'
import { minute } from '../../../src/domain/time.ts'
import { accountRoutes } from '../../../src/http/account/index.ts'
import { adminRoutes } from '../../../src/http/admin/index.ts'
import type { AppDependencies } from '../../../src/http/dependencies.ts'
import type { Route } from '../../../src/http/routes.ts'
import { addPerson, prove } from '../../support/person.ts'
import { openedFor } from '../../support/recovery-case.ts'
import { register } from '../../support/relying-party.ts'
import type { Signet } from '../../support/signet.ts'
import { createVisitor, type Visitor } from '../../support/visitor.ts'

/** Answer whoever comes: the end of a sign-in, and the address that only leads on. */
const open = ['/', '/account/callback', '/admin/callback', '/.well-known/change-password']

export interface Scene {
  readonly signet: Signet
  readonly routes: readonly Route[]
  /** Whom everybody else's requests are aimed at. */
  readonly ana: string
  /** The path with ana's ids in it. */
  pathOf(route: Route): string
  /** Everything of ana's that somebody might change. */
  state(): Promise<unknown>
}

export async function prepare(signet: Signet): Promise<Scene> {
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

export async function signedIn(signet: Signet, email: string): Promise<Visitor> {
  const visitor = createVisitor()
  const home = await prove(visitor, await visitor.get(`${signet.issuer}/account`), email)
  expect(home.url.pathname).toBe('/account')
  return visitor
}

export function guarded({ routes }: Scene): readonly Route[] {
  return routes.filter(({ path }) => !open.includes(path))
}

export function label({ method, path }: Route): string {
  return `${method} ${path}`
}

/** What a form could hold, and what it must not: another person's ids under every name, a role, a state, a proof. */
export async function request(
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
