/** A real oidc-provider over HTTP with nothing on it but the storage side: adapter, one-time use, rotation, sessions. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, type JWK, SignJWT } from 'jose'
import Provider, { type Configuration, type KoaContextWithOIDC } from 'oidc-provider'
import { createAdapterFactory } from '../../../src/oidc/adapter.ts'
import { createArtifacts } from '../../../src/oidc/artifacts.ts'
import { createKeyRing, type KeyRing } from '../../../src/oidc/keys.ts'
import { applyOneTime, type ReusedToken } from '../../../src/oidc/one-time.ts'
import {
  createSessionRegistry,
  type EndedSession,
  type OidcSessionRegistry,
} from '../../../src/oidc/session-registry.ts'
import { createSessionRows, type SessionRows } from '../../../src/oidc/session-rows.ts'
import { applySessions } from '../../../src/oidc/sessions.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { Store } from '../../../src/ports/store.ts'
import { createVault, digest } from '../../../src/vault/vault.ts'

export const lifetimes = {
  interaction: 3_600_000,
  refresh_retry_window: 10_000,
  session_idle: 24 * 3_600_000,
  session_idle_two_factors: 3_600_000,
  session_absolute: 24 * 3_600_000,
  session_remembered: 30 * 24 * 3_600_000,
}

const keyLifetimes = { ...lifetimes, id_token: 3_600_000, access_token_jwt: 300_000 }
const keySettings = {
  algorithms: ['ES256'],
  rotate_every: 90 * 86_400_000,
  jwks_max_age: 600_000,
  poll: 5_000,
} as const
const silent = { debug() {}, info() {}, warn() {}, error() {} }

export const vault = createVault(new Uint8Array(32).fill(7))
export const callback = 'https://app.example/callback'
export { digest }

export interface Node {
  /** Where this node listens. */
  readonly issuer: string
  readonly provider: Provider
  readonly sessions: SessionRows
  readonly registry: OidcSessionRegistry
  readonly reused: ReusedToken[]
  readonly ended: EndedSession[]
  /**
   * Requests that carry this name in `x-hold-read` wait once they read their session or token, in `x-hold-issue` when an access token is about to be
   * stored, until they are released. `reached` when `count` of them wait.
   */
  hold(name: string, count?: number): { readonly reached: Promise<void>; release(): void }
  close(): Promise<void>
}

export interface NodeOptions {
  /** The name that all nodes of one deployment have; by default the address of this one. */
  readonly issuer?: string
  readonly clock?: Clock
  readonly settings?: Partial<typeof lifetimes>
  readonly machineKey?: JWK
}

/** One server process's worth of it; several share a store as several processes would. */
export async function startNode(store: Store, options: NodeOptions = {}): Promise<Node> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const deps = {
    store,
    vault,
    digest,
    clock: options.clock ?? Date.now,
    settings: { ...lifetimes, ...options.settings },
  }
  const artifacts = createArtifacts(deps)
  const sessions = createSessionRows(deps)
  const reused: ReusedToken[] = []
  const ended: EndedSession[] = []
  const gates = createGates()
  const keys = await createKeyRing({ ...deps, lifetimes: keyLifetimes, settings: keySettings, log: silent })
  const provider = new Provider(
    options.issuer ?? issuer,
    configuration(createAdapterFactory(deps), gates, keys, options.machineKey),
  )
  applyOneTime(provider, { ...deps, artifacts, onReuse: async (token) => void reused.push(token) })
  const placeOf = (ctx: { get(name: string): string; ip: string }) => ({
    userAgent: ctx.get('user-agent'),
    address: ctx.ip,
  })
  applySessions(provider, { sessions, artifacts, vault, placeOf })
  signInByHeader(provider)
  server.on('request', provider.callback())
  const registry = createSessionRegistry({
    store,
    sessions,
    artifacts,
    onEnded: async (session) => void ended.push(session),
    onForgotten: async () => {},
  })
  async function close() {
    keys.close()
    await stop(server)
  }
  return { issuer, provider, sessions, registry, reused, ended, hold: gates.hold, close }
}

function createGates() {
  const gates = new Map<string, { reached(): void; released: Promise<void> }>()
  return {
    async pass(ctx: KoaContextWithOIDC, moment: 'read' | 'issue') {
      const gate = gates.get(ctx.get(`x-hold-${moment}`))
      gate?.reached()
      await gate?.released
    },
    hold(name: string, count = 1) {
      const { promise: reached, resolve } = Promise.withResolvers<void>()
      const { promise: released, resolve: release } = Promise.withResolvers<void>()
      let missing = count
      const arrive = () => (--missing === 0 ? resolve() : undefined)
      gates.set(name, { reached: arrive, released })
      return { reached, release }
    },
  }
}

function configuration(
  adapter: NonNullable<Configuration['adapter']>,
  gates: ReturnType<typeof createGates>,
  keys: KeyRing,
  machineKey: JWK | undefined,
): Configuration {
  const app = { redirect_uris: [callback], token_endpoint_auth_method: 'none' as const }
  const grant_types = ['authorization_code', 'refresh_token']
  return {
    adapter,
    jwks: keys.signingJwks() as Configuration['jwks'],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clients: [
      { ...app, client_id: 'app', grant_types },
      { ...app, client_id: 'other', grant_types },
      ...(machineKey === undefined ? [] : [machine(machineKey)]),
    ],
    scopes: ['openid', 'offline_access', 'email', 'profile'],
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    // As offline access is, without the consent page that it needs.
    expiresWithSession: (ctx) => ctx.get('x-offline') === '',
    features: {
      devInteractions: { enabled: false },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      clientCredentials: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = form
        },
        postLogoutSuccessSource: (ctx) => {
          ctx.body = 'signed out'
        },
      },
    },
    cookies: {
      keys: [...keys.cookieKeys],
      names: { session: 'signet-session' },
      long: { signed: true },
      short: { signed: true },
    },
    ttl: {
      AccessToken: 3600,
      AuthorizationCode: 60,
      ClientCredentials: 600,
      Grant: 30 * 86_400,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: 30 * 86_400,
      Session: 86_400,
    },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    async findAccount(ctx, accountId) {
      await gates.pass(ctx, 'read')
      return { accountId, claims: async () => ({ sub: accountId }) }
    },
    async extraTokenClaims(ctx) {
      await gates.pass(ctx, 'issue')
      return undefined
    },
    loadExistingGrant,
    pkce: { required: () => true },
  }
}

function machine(jwk: JWK) {
  return {
    client_id: 'machine',
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
    token_endpoint_auth_method: 'private_key_jwt' as const,
    token_endpoint_auth_signing_alg: 'ES256' as const,
    jwks: { keys: [jwk] },
  }
}

async function loadExistingGrant({ oidc }: KoaContextWithOIDC) {
  const { account, client, session, provider } = oidc
  if (account === undefined || client === undefined) return undefined
  const known = session?.grantIdFor(client.clientId)
  const found = known === undefined ? undefined : await provider.Grant.find(known)
  const grant = found ?? new provider.Grant({ accountId: account.accountId, clientId: client.clientId })
  grant.addOIDCScope([...oidc.requestParamScopes].join(' '))
  await grant.save()
  return grant
}

/** The person: `x-sign-in` on the visit to the interaction page says as whom, and how. */
function signInByHeader(provider: Provider): void {
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next()
    ctx.respond = false
    const login = JSON.parse(ctx.get('x-sign-in') || '{}')
    await provider.interactionFinished(
      ctx.req,
      ctx.res,
      { login, consent: {} },
      { mergeWithLastSubmission: false },
    )
  })
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}

/** A client assertion for `machine` (RFC 7523). */
export async function assertion(
  key: CryptoKey,
  audience: string[],
  jti: string,
  lifetime = 60,
): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  return new SignJWT({})
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer('machine')
    .setSubject('machine')
    .setAudience(audience)
    .setJti(jti)
    .setIssuedAt(now)
    .setExpirationTime(now + lifetime)
    .sign(key)
}
