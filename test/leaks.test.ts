/**
 * A copy of the database, the log or the audit gives nobody a usable proof (design: storage; S42). Every flow runs against a real process,
 * each secret that crosses a wire is remembered, and then the raw bytes of everything that was kept are searched.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import * as client from 'openid-client'
import { afterEach, expect, it } from 'vitest'
import { openRootKey } from '../src/vault/root-key.ts'
import { addPerson, allow, deny, goThrough, password, prove, tokensFor } from './support/person.ts'
import { leaks, rawStore } from './support/raw-store.ts'
import { browser, callback, connect, type RelyingParty, register } from './support/relying-party.ts'
import { type Processes, startProcesses } from './support/signet.ts'
import { eachStore } from './support/stores.ts'
import { createVisitor, type Visitor } from './support/visitor.ts'

const api = 'https://api.example.com'
const masterKey = randomBytes(32).toString('base64url')
const newPassword = 'a different orchard for the winter'
const operator = { kind: 'operator', id: 'test' } as const

interface World extends Processes {
  readonly issuer: string
  readonly secrets: Set<string>
  readonly visitors: Visitor[]
  readonly parties: RelyingParty[]
}

eachStore((name, _, fresh) => {
  const open: { stop(): Promise<unknown> }[] = []
  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.stop()
  })

  it('S42: after every flow, no secret seen on a wire is in the raw store, the log or the audit', async () => {
    const url = await fresh()
    const started = await startProcesses(1, {
      storage: url,
      env: {
        SIGNET_MASTER_KEY: masterKey,
        SIGNET_LOG__LEVEL: 'trace',
        SIGNET_RESOURCES: JSON.stringify({
          [api]: { name: 'The API', scopes: ['read'] },
          'https://opaque.example.com': { scopes: ['read'], access_token_format: 'opaque' },
        }),
        SIGNET_OUTBOUND__ALLOW: 'localhost,127.0.0.1',
      },
    })
    open.push(started)
    const [server] = started.processes
    if (server === undefined) throw new Error('nothing started')
    const world: World = {
      ...started,
      issuer: server.issuer,
      secrets: new Set([masterKey, password, newPassword]),
      visitors: [],
      parties: [],
    }
    const logoutTokens = await startLogoutReceiver()
    open.push(logoutTokens)

    await setUpFlow(world, server.started.setup)
    await registrationFlow(world)
    await invitationFlow(world)
    await recoveryFlow(world)
    await tokenFlow(world)
    await portalFlow(world)
    await machineFlow(world)
    await logoutFlow(world, logoutTokens)
    await troubleFlow(world)

    const rootKey = await openRootKey({
      settings: world.house.store.settings,
      masterKey,
      previousMasterKeys: [],
    })
    const secrets = new Set([
      ...world.secrets,
      ...world.visitors.flatMap(({ seen }) => [...seen]),
      ...world.parties.flatMap(({ seen }) => [...seen]),
      ...logoutTokens.received,
      Buffer.from(rootKey).toString('base64url'),
    ])
    expectSecretsOfEveryKind(world, secrets, logoutTokens.received)

    const places = await rawStore(url)
    expect(
      [...places.values()].some((bytes) => bytes.includes('ana@example.com')),
      'the search sees the store',
    ).toBe(true)
    expect(leaks(places, secrets)).toEqual([])

    const log = server.printed().replace(/^\{"issuer".*$/m, '')
    expect(log.split('\n').length).toBeGreaterThan(100)
    expect(leaks(new Map([['log', Buffer.from(log)]]), secrets)).toEqual([])

    const audit = await wholeAudit(world)
    expect(audit.length).toBeGreaterThan(30)
    expect(leaks(new Map([['audit', Buffer.from(JSON.stringify(audit))]]), secrets)).toEqual([])
  })

  it('the search finds a secret that is there, in every form', async () => {
    const url = await fresh()
    const started = await startProcesses(1, { storage: url })
    open.push(started)
    const secret = randomBytes(32).toString('base64url')
    const { settings } = started.house.store
    const planted = {
      plain: `before ${secret} after`,
      base64: Buffer.from(`{"token":"${secret}"}`).toString('base64'),
      base64url: Buffer.from(`x${secret}yz`).toString('base64url'),
      hex: Buffer.from(`12${secret}`).toString('hex'),
    }
    for (const [id, value] of Object.entries(planted)) {
      expect(leaks(await rawStore(url), [secret]), id).toEqual([])
      await settings.put({ id, value })
      expect(leaks(await rawStore(url), [secret]), `${id} in ${name}`).not.toEqual([])
      await settings.remove(id)
      await settings.put({ id: 'filler', value: 'x'.repeat(100) })
      if (name === 'sqlite') break
    }
    await settings.put({ id: 'code', value: 'the code is 493817.' })
    expect(leaks(await rawStore(url), ['493817'])).not.toEqual([])
    expect(leaks(await rawStore(url), ['381749'])).toEqual([])
    expect(leaks(new Map([['place', Buffer.from(planted.base64)]]), [secret])).not.toEqual([])
    expect(leaks(new Map([['place', Buffer.from(planted.base64url)]]), [secret])).not.toEqual([])
    expect(leaks(new Map([['place', Buffer.from(planted.hex)]]), [secret])).not.toEqual([])
    expect(leaks(new Map([['place', Buffer.from(secret, 'base64url')]]), [secret])).not.toEqual([])
  })
})

/** The first administrator, who makes an application in the console and a person with an invitation. */
async function setUpFlow(world: World, setup?: { url: string; code: string }): Promise<void> {
  if (setup === undefined) throw new Error('nothing to set up')
  world.secrets.add(setup.code)
  const admin = visitorOf(world, createVisitor())
  const invitation = await admin.submit(await admin.get(setup.url), {
    code: setup.code,
    name: 'Root',
    email: 'root@example.com',
  })
  await admin.submit(invitation, { password })
  await prove(admin, await admin.get(`${world.issuer}/admin`), 'root@example.com')
  const made = await admin.submit(await admin.get(`${world.issuer}/admin/clients/new`), {
    name: 'Bakery',
    redirect_uris: callback,
  })
  world.secrets.add(made.document.querySelector('#client_secret')?.textContent ?? '')
  const invited = await admin.submit(await admin.get(`${world.issuer}/admin/people/new`), {
    name: 'Ivy Invited',
    email: 'ivy@example.com',
  })
  const link = invited.body.match(/invitation\?token=([\w-]+)/)?.[1] ?? ''
  world.secrets.add(link)
}

async function registrationFlow(world: World): Promise<void> {
  const party = await partyOf(world)
  const visitor = visitorOf(world, browser())
  const identify = await visitor.get((await party.begin()).url)
  const form = await visitor.get(`${identify.url.href}/register`)
  const code = await visitor.submit(form, { email: 'noa@example.com', name: 'Noa Newcomer' })
  const mail = await mailOf(world, 'noa@example.com')
  await visitor.submit(code, { code: mail.codes[0] === '314159' ? '271828' : '314159' })
  world.secrets.delete('314159')
  const enrol = await visitor.submit(code, { code: mail.codes[0] })
  await visitor.submit(await visitor.submit(enrol, { password }), {}, allow)
}

async function invitationFlow(world: World): Promise<void> {
  await mailOf(world, 'ivy@example.com')
  const created = await world.house.identities.create(
    {
      identifiers: [{ kind: 'email', written: 'ida@example.com' }],
      claims: { name: 'Ida' },
      state: 'invited',
    },
    operator,
  )
  if (created.status !== 'created') throw new Error(created.status)
  await world.house.links.invite(created.identity.id, operator, { language: 'en' })
  const { links } = await mailOf(world, 'ida@example.com')
  const visitor = visitorOf(world, createVisitor())
  const form = await visitor.get(links[0] ?? '')
  await visitor.submit(form, { password: 'short' })
  await visitor.submit(form, { password })
}

async function recoveryFlow(world: World): Promise<void> {
  await addPerson(world.house, 'ana@example.com')
  const visitor = visitorOf(world, createVisitor())
  for (let time = 0; time < 2; time++) {
    await visitor.submit(await visitor.get(`${world.issuer}/recovery`), { identifier: 'ana@example.com' })
    const { links } = await mailOf(world, 'ana@example.com')
    const form = await visitor.get(links[0] ?? '')
    if (time === 1) await visitor.submit(form, { password: newPassword })
  }
}

/** Codes, tokens of every kind, retries and replays. */
async function tokenFlow(world: World): Promise<void> {
  const party = await partyOf(world)
  const visitor = visitorOf(world, browser())
  const consent = await prove(
    visitor,
    await visitor.get((await party.begin()).url),
    'ana@example.com',
    newPassword,
  )
  await visitor.submit(consent, {}, deny)
  const parameters = { scope: 'openid profile email offline_access', prompt: 'consent' }
  const { flow, page } = await goThrough(visitor, party, { parameters })
  const tokens = await party.finish(flow, page.url)
  await party.userinfo(tokens)
  const refreshed = await party.refresh(tokens.refresh_token)
  await party.refresh(tokens.refresh_token)
  await party.isActive(refreshed.access_token)
  await client.tokenRevocation(party.configuration, refreshed.access_token)
  await expect(party.finish(flow, page.url)).rejects.toMatchObject({ error: 'invalid_grant' })
  for (const resource of [api, 'https://opaque.example.com'])
    await tokensFor(visitor, party, { parameters: { scope: 'openid read', resource, prompt: 'consent' } })
  const left = await goThrough(visitor, party, { parameters: { response_mode: 'form_post' } })
  for (const input of left.page.document.querySelectorAll('input[name="code"]'))
    world.secrets.add(input.getAttribute('value') ?? '')
  const { url } = await party.begin({ id_token_hint: tokens.id_token ?? '', prompt: 'none' })
  await visitor.send(`${world.issuer}/authorize`, { method: 'POST', body: url.searchParams })
  const many = await party.begin({
    claims: JSON.stringify({ userinfo: { name: null } }),
    ui_locales: 'de '.repeat(2200).trim(),
  })
  await visitor.send(`${world.issuer}/authorize`, { method: 'POST', body: many.url.searchParams })
}

async function portalFlow(world: World): Promise<void> {
  const visitor = visitorOf(world, createVisitor())
  const remembered = await visitor.submit(await visitor.get(`${world.issuer}/account`), {
    identifier: 'ana@example.com',
  })
  await visitor.submit(remembered, { password: newPassword, remember: 'on' })
  const change = await visitor.get(`${world.issuer}/account/security/password`)
  const changed = 'the third orchard has only pears'
  world.secrets.add(changed)
  await visitor.submit(change, { password: changed })
  for (const page of ['profile', 'security', 'sessions', 'applications', 'activity'])
    await visitor.get(`${world.issuer}/account/${page}`)
  await visitor.press(await visitor.get(`${world.issuer}/account/sessions`), '/account/sessions/others/end')
  await visitor.submit(await visitor.get(`${world.issuer}/logout`), {}, { name: 'logout', value: 'yes' })
}

/** Machines: a secret, a second secret, and a key of one's own. */
async function machineFlow(world: World): Promise<void> {
  const party = await partyOf(world)
  const added = await world.house.clients.addSecret(party.id, operator)
  if (added.status === 'added') world.secrets.add(added.secret)
  for (const parameters of [{}, { resource: api, scope: 'read' }]) {
    const { access_token } = await client.clientCredentialsGrant(party.configuration, parameters)
    world.secrets.add(access_token)
  }
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'own', alg: 'ES256', use: 'sig' }] }
  const created = await world.house.clients.create(
    {
      metadata: {
        client_name: 'Machine',
        grant_types: ['client_credentials'],
        token_endpoint_auth_method: 'private_key_jwt',
        jwks,
      },
    },
    operator,
  )
  if (created.status !== 'created') throw new Error('no machine')
  const { id } = created.client
  const assertion = await new SignJWT({ jti: randomBytes(16).toString('base64url') })
    .setProtectedHeader({ alg: 'ES256', kid: 'own' })
    .setIssuer(id)
    .setSubject(id)
    .setAudience(world.issuer)
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(privateKey)
  world.secrets.add(assertion)
  const body = () =>
    new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    })
  const first = await fetch(`${world.issuer}/token`, { method: 'POST', body: body() })
  world.secrets.add(((await first.json()) as { access_token: string }).access_token)
  await fetch(`${world.issuer}/token`, { method: 'POST', body: body() })
}

async function logoutFlow(world: World, { url, first }: LogoutReceiver): Promise<void> {
  const party = await partyOf(world, {
    backchannel_logout_uri: url,
    post_logout_redirect_uris: [`${callback}/bye`],
  })
  await addPerson(world.house, 'bob@example.com')
  const visitor = visitorOf(world, browser())
  const tokens = await tokensFor(visitor, party, { email: 'bob@example.com' })
  const out = client.buildEndSessionUrl(party.configuration, {
    id_token_hint: tokens.id_token ?? '',
    post_logout_redirect_uri: `${callback}/bye`,
  })
  await visitor.get(out)
  await first
}

/** What goes wrong must not say more than what goes well. */
async function troubleFlow(world: World): Promise<void> {
  const party = await partyOf(world)
  const visitor = visitorOf(world, browser())
  const typo = 'plenty of orchards in automn'
  world.secrets.add(typo)
  await prove(visitor, await visitor.get((await party.begin()).url), 'bob@example.com', typo)
  // The password typed where the address belongs.
  const page = await visitor.get((await party.begin()).url)
  await visitor.submit(page, { identifier: typo })
  const guess = randomBytes(32).toString('base64url')
  world.secrets.add(guess)
  const wrong = await connect(world.issuer, party.id, guess)
  await expect(wrong.refresh(guess)).rejects.toBeDefined()
  await expect(party.refresh(guess)).rejects.toBeDefined()
  await visitor.get(`${world.issuer}/recovery/link?token=${guess}`)
  await visitor.get(`${world.issuer}/authorize?client_id=${party.id}&id_token_hint=${guess}&state=${guess}`)
  await fetch(`${world.issuer}/userinfo`, { headers: { authorization: `Bearer ${guess}` } })
  await fetch(`${world.issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      username: 'bob',
      password: guess,
      client_secret: guess,
    }),
  })
  await fetch(`${world.issuer}/setup`, {
    method: 'POST',
    headers: { cookie: `signet-browser=${guess}; signet-session=${guess}` },
    body: new URLSearchParams({ code: guess, csrf: guess }),
  })
}

async function partyOf(world: World, metadata: Record<string, unknown> = {}): Promise<RelyingParty> {
  const party = await register({ house: world.house, issuer: world.issuer }, { metadata })
  world.parties.push(party)
  return party
}

function visitorOf(world: World, visitor: Visitor): Visitor {
  world.visitors.push(visitor)
  return visitor
}

/** The newest mail; its codes and link tokens count as seen. */
async function mailOf(world: World, to: string) {
  const mail = await world.mail(to)
  for (const code of mail.codes) world.secrets.add(code)
  for (const link of mail.links) {
    const token = new URL(link).searchParams.get('token')
    if (token !== null) world.secrets.add(token)
  }
  return mail
}

async function wholeAudit({ house }: World): Promise<unknown[]> {
  const all: unknown[] = []
  for (let after: string | undefined; ; ) {
    const page = await house.audit.list({ limit: 500, ...(after === undefined ? {} : { after }) })
    all.push(...page.items)
    if (page.next === undefined) return all
    after = page.next
  }
}

/** The list is worth searching for: all kinds are in it. */
function expectSecretsOfEveryKind(
  world: World,
  secrets: ReadonlySet<string>,
  logoutTokens: readonly string[],
): void {
  expect(secrets.size).toBeGreaterThan(100)
  expect(logoutTokens.length).toBeGreaterThan(0)
  const cookies = new Set(
    world.visitors.flatMap(({ cookies: jar }) => [...jar.keys()].map((key) => key.split(' ')[2])),
  )
  expect([...cookies]).toEqual(expect.arrayContaining(['signet-browser', 'signet-device', 'signet-session']))
  expect([...secrets].filter((secret) => /^\d{6}$/.test(secret)).length).toBeGreaterThan(0)
  expect([...secrets].filter((secret) => secret.startsWith('eyJ')).length).toBeGreaterThan(5)
  expect([...secrets].filter((secret) => /^[\w-]{43}$/.test(secret)).length).toBeGreaterThan(30)
  for (const secret of secrets) expect(secret.length).toBeGreaterThanOrEqual(6)
}

interface LogoutReceiver {
  readonly url: string
  readonly received: string[]
  readonly first: Promise<void>
  stop(): Promise<void>
}

async function startLogoutReceiver(): Promise<LogoutReceiver> {
  const received: string[] = []
  const { promise: first, resolve: came } = Promise.withResolvers<void>()
  const server: Server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    received.push(new URLSearchParams(body).get('logout_token') ?? '')
    response.end()
    came()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/logout`,
    received,
    first,
    async stop() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
