/**
 * The protocol side as it runs, on a real port and a real store: only the people at the pages are played. Pages are JSON, so that a test
 * reads what a page was given; interactions are answered by `POST /interaction/:uid` with what the entrance would call.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Koa, { type Context } from 'koa'
import { onTestFinished } from 'vitest'
import { createAuditLog } from '../../../src/audit/index.ts'
import { createConsents } from '../../../src/clients/consents.ts'
import { createClients } from '../../../src/clients/index.ts'
import { createSecret } from '../../../src/clients/secrets.ts'
import type { Client, ClientMetadata } from '../../../src/domain/client.ts'
import type { Identity } from '../../../src/domain/identity.ts'
import { Problem } from '../../../src/domain/problem.ts'
import { day, second } from '../../../src/domain/time.ts'
import { createGuardedFetch } from '../../../src/messaging/guarded-fetch.ts'
import { createJobQueue } from '../../../src/messaging/outbox.ts'
import type { OidcDependencies } from '../../../src/oidc/dependencies.ts'
import { createOidc, type Oidc, type OidcSettings } from '../../../src/oidc/index.ts'
import type { Logger } from '../../../src/ports/logger.ts'
import type { Message } from '../../../src/ports/messenger.ts'
import type { GuardedFetch } from '../../../src/ports/outbound.ts'
import type { Store, StoredKey } from '../../../src/ports/store.ts'
import { createVault, digest, random } from '../../../src/vault/vault.ts'
import { breakable } from './breakable.ts'
import { jsonPages, play } from './player.ts'
import { builtIn, settingsFor } from './settings.ts'

export interface App {
  /** Where it listens. */
  readonly origin: string
  readonly issuer: string
  readonly oidc: Oidc
  readonly store: Store
  readonly messages: Message[]
  readonly errors: object[]
  /** How often each verb of the store was called, as `<collection> <verb>`. */
  readonly calls: Map<string, number>
  /** Starts the queue's work. */
  startQueue(): void
  addClient(change?: Partial<Client> & { metadata?: ClientMetadata }): Promise<Client & { secret: string }>
  changeClient(id: string, change: Partial<Client>): Promise<void>
  addIdentity(change?: Partial<Identity>): Promise<Identity>
  changeIdentity(id: string, change: Partial<Identity>): Promise<void>
  audited(action: string): Promise<readonly unknown[]>
  /** Every read and write of these collections fails from now on. */
  breakStore(...names: (keyof Store)[]): void
  close(): Promise<void>
}

export interface AppOptions {
  readonly settings?: Partial<OidcSettings>
  /** As it is behind a proxy: another origin than the one listened on. */
  readonly issuer?: string
  readonly fetch?: GuardedFetch
  /** What the policy says of a session; without, it always does. */
  readonly enough?: OidcDependencies['enough']
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }

export async function startApp(opened: Store, options: AppOptions = {}): Promise<App> {
  const koa = new Koa()
  const { server, origin } = await listen(koa)
  const issuer = options.issuer ?? origin
  const broken = new Set<string>()
  const calls = new Map<string, number>()
  const store = breakable(opened, broken, calls)
  const errors: object[] = []
  const messages: Message[] = []
  const log: Logger = { ...silent, error: (fields) => errors.push(fields) }
  const vault = createVault(Buffer.alloc(32, 7))
  const tools = { store, vault, digest, clock: Date.now, random, log }
  const audit = createAuditLog(tools)
  const queue = createJobQueue({
    ...tools,
    store: store.jobs,
    limits: {},
    timing: { poll: 50, lease: 15 * second, workLimit: 10 * second, grace: second },
  })
  const clients = createClients({
    ...tools,
    audit,
    builtIn: builtIn(issuer),
    configured: [],
    sessions: () => oidc.sessions,
  })
  await seedKeys(store)
  const oidc: Oidc = await createOidc({
    ...tools,
    config: { ...settingsFor(issuer), ...options.settings },
    clients,
    identities: { get: (id) => store.identities.get(id) },
    consents: createConsents({
      ...tools,
      audit,
      sessions: () => oidc.sessions,
      settings: { consent: 365 * day },
    }),
    audit,
    queue,
    fetch:
      options.fetch ??
      createGuardedFetch({ timeout: 20 * second, max_bytes: 64 * 1024, allow: ['127.0.0.1', 'localhost'] }),
    pages: jsonPages,
    messenger: { send: async (message) => void messages.push(message) },
    ...(options.enough === undefined ? {} : { enough: options.enough }),
  })
  madeKeys ??= (await store.keys.page({ limit: 100 })).items
  koa.use(front)
  koa.use(answerProblems)
  koa.use(oidc.handle)
  koa.use((ctx) => play(ctx, oidc))
  koa.on('error', (error) => errors.push(error))

  return {
    origin,
    issuer,
    oidc,
    store,
    messages,
    errors,
    calls,
    startQueue: () => queue.start(),
    async addClient(change = {}) {
      const { secret, kept } = createSecret(tools)
      const draft = { ...confidential, ...change, id: change.id ?? random(9), secrets: [kept] }
      await store.clients.insert({ ...draft, metadata: { ...confidential.metadata, ...change.metadata } })
      return { ...((await store.clients.get(draft.id)) as Client), secret }
    },
    async changeClient(id, change) {
      const client = (await store.clients.get(id)) as Client
      await store.clients.replace({ ...client, ...change })
    },
    async addIdentity(change = {}) {
      const identity = { ...ana, id: random(16), ...change }
      await store.identities.insert(identity)
      return (await store.identities.get(identity.id)) as Identity
    },
    async changeIdentity(id, change) {
      const identity = (await store.identities.get(id)) as Identity
      await store.identities.replace({ ...identity, ...change })
    },
    async audited(action) {
      return (await audit.list({ action, limit: 100 })).items
    },
    breakStore(...names) {
      for (const name of names) broken.add(name)
    },
    async close() {
      await oidc.close()
      await queue.stop()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

let madeKeys: readonly StoredKey[] | undefined

/** Those that the first one of this file made: an RSA key takes longer to find than all the rest. The vault is always the same. */
async function seedKeys(store: Store): Promise<void> {
  if ((await store.keys.count()) > 0) return
  for (const { version: _, ...key } of madeKeys ?? []) await store.keys.insert(key)
}

async function listen(koa: Koa): Promise<{ server: Server; origin: string }> {
  const server = createServer((request, response) => koa.callback()(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const confidential = {
  state: 'enabled',
  firstParty: false,
  origin: 'store',
  createdAt: 0,
  updatedAt: 0,
  metadata: {
    client_name: 'Orchard',
    redirect_uris: ['https://rp.example.com/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  },
} as const

const ana = {
  state: 'active',
  identifiers: [
    { kind: 'email', value: 'ana@example.com', written: 'Ana@example.com', verifiedAt: 1 },
    { kind: 'phone', value: '+34600000000', written: '+34600000000' },
    { kind: 'username', value: 'ana', written: 'Ana' },
  ],
  claims: {
    name: 'Ana Ruiz',
    given_name: 'Ana',
    family_name: 'Ruiz',
    middle_name: 'M',
    nickname: 'Anita',
    profile: 'https://example.com/ana',
    picture: 'https://example.com/ana.png',
    website: 'https://ana.example.com',
    gender: 'female',
    birthdate: '1990-01-02',
    zoneinfo: 'Europe/Madrid',
    locale: 'es-ES',
    address: { formatted: 'Calle 1, Madrid', country: 'ES' },
  },
  groups: ['staff'],
  roles: [],
  createdAt: 1_700_000_000_000,
  updatedAt: 1_700_000_000_500,
} as const satisfies Omit<Identity, 'id' | 'version'>

async function front(ctx: Context, next: () => Promise<unknown>): Promise<void> {
  Object.assign(ctx.state, { traceId: 'trace', address: '192.0.2.1', language: 'en' })
  await next()
}

async function answerProblems(ctx: Context, next: () => Promise<unknown>): Promise<void> {
  try {
    await next()
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    ctx.status = error.status
    ctx.body = { problem: error.code }
  }
}

/** A running app with one confidential client and one person, gone after the test. */
export async function startScene(open: () => Promise<Store>, options: AppOptions = {}) {
  const app = await startApp(await open(), options)
  onTestFinished(app.close)
  return { app, client: await app.addClient(), ana: await app.addIdentity() }
}
