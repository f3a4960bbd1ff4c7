/**
 * A copy of the database, the log or the audit gives nobody a usable proof (design: storage; S42). Every flow runs against a real process,
 * each secret that crosses a wire is remembered, and then the raw bytes of everything that was kept are searched.
 */
import { randomBytes } from 'node:crypto'
import { afterEach, expect, it } from 'vitest'
import { openRootKey } from '../src/vault/root-key.ts'
import { caseFlow, contactFlow, dataFlow } from './leaks/account-flows.ts'
import { logoutFlow, startLogoutReceiver } from './leaks/logout-flow.ts'
import {
  forgottenFlow,
  invitationFlow,
  portalFlow,
  registrationFlow,
  setUpFlow,
} from './leaks/sign-in-flows.ts'
import { machineFlow, tokenFlow } from './leaks/token-flows.ts'
import { troubleFlow } from './leaks/trouble-flow.ts'
import { api, masterKey, type World, worldOn } from './leaks/world.ts'
import { leaks, rawStore } from './support/raw-store.ts'
import { startProcesses } from './support/signet.ts'
import { eachStore } from './support/stores.ts'

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
        SIGNET_RECOVERY__CONTACTS__WAITING_TIME: '0s',
      },
    })
    open.push(started)
    const [server] = started.processes
    if (server === undefined) throw new Error('nothing started')
    const world = worldOn(started, server.issuer)
    const logoutTokens = await startLogoutReceiver()
    open.push(logoutTokens)

    await setUpFlow(world, server.started.setup)
    await registrationFlow(world)
    await invitationFlow(world)
    await forgottenFlow(world)
    await tokenFlow(world)
    await portalFlow(world)
    await machineFlow(world)
    await logoutFlow(world, logoutTokens)
    await contactFlow(world)
    await caseFlow(world)
    await dataFlow(world)
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
  const of = (kind: RegExp) => [...secrets].filter((secret) => kind.test(secret))
  expect(of(/^[0-9A-Z]{5}(-[0-9A-Z]{5}){2}$/).length, 'claim codes').toBe(2)
  expect(of(/^[a-z]+( [a-z]+){3}$/).length, 'a phrase').toBeGreaterThan(0)
  expect(of(/^[\w-]+\.[\w-]{43}$/).length, 'a link that keeps an account').toBeGreaterThan(0)
  expect(of(/^\{".*"action":/).length, 'what is exported').toBeGreaterThan(2)
  for (const secret of secrets) expect(secret.length).toBeGreaterThanOrEqual(6)
}
