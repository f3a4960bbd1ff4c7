/**
 * The demo application: a small but complete relying party on `openid-client`. It signs people in with the authorization code
 * flow, PKCE, state and nonce; shows what it learned; refreshes; calls an API (api.ts) with an access token meant for that API alone,
 * and has the person prove more where the API asks for it (step-up.ts); signs out; and ends its own session when Signet tells it to (back-channel logout).
 */
import { createServer } from 'node:http'
import { join } from 'node:path'
import Router from '@koa/router'
import ejs from 'ejs'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import Koa, { type Context } from 'koa'
import * as client from 'openid-client'
import { createApi } from './api.ts'
import { parametersFor } from './step-up.ts'

export interface DemoOptions {
  readonly issuer: string
  readonly port: number
  readonly clientId: string
  readonly clientSecret: string
  /** Sent along, so that the seeded person need not type an address. */
  readonly loginHint?: string
  /** Where development mode shows caught messages. */
  readonly inboxUrl?: string
}

interface Visitor {
  readonly flow?: {
    readonly codeVerifier: string
    readonly state: string
    readonly nonce: string
    /** The page of the API that asked for more, called again with what this flow brings. */
    readonly then?: string
  }
  readonly tokens?: Pick<
    client.TokenEndpointResponse,
    'access_token' | 'refresh_token' | 'id_token' | 'expires_in'
  >
  readonly claims?: client.IDToken
  readonly userinfo?: client.UserInfoResponse
  readonly notice?: string
  readonly api?: unknown
}

const page = join(import.meta.dirname, 'page.ejs')
const sessionCookie = 'demo-session'

/** Starts the application on `port`; resolves when it listens. `url` is its address, `close` ends it. */
export async function startDemo(options: DemoOptions): Promise<{ url: string; close(): Promise<void> }> {
  const url = `http://localhost:${options.port}`
  const application = createApplication(options, url)
  const server = createServer(application.callback())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, 'localhost', resolve)
  })
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function createApplication(options: DemoOptions, url: string): Koa {
  const visitors = new Map<string, Visitor>()
  const provider = once(() => discover(options))
  const router = new Router()
  const audience = `${url}/api`

  const visitorOf = (ctx: Context): Visitor => visitors.get(ctx.cookies.get(sessionCookie) ?? '') ?? {}
  const remember = (ctx: Context, visitor: Visitor) => {
    // A new id at each change of who is signed in: a planted cookie is worth nothing.
    visitors.delete(ctx.cookies.get(sessionCookie) ?? '')
    const id = client.randomState()
    visitors.set(id, visitor)
    ctx.cookies.set(sessionCookie, id, { httpOnly: true, sameSite: 'lax' })
  }

  router.get('/', async (ctx) => {
    ctx.type = 'html'
    ctx.body = await ejs.renderFile(page, { visitor: visitorOf(ctx), options, url })
  })

  /** Off to Signet; what was known so far stays, until the answer is there. */
  const authorize = async (
    ctx: Context,
    parameters: Record<string, string>,
    visitor: Visitor = {},
    then?: string,
  ) => {
    const flow = {
      codeVerifier: client.randomPKCECodeVerifier(),
      state: client.randomState(),
      nonce: client.randomNonce(),
      ...(then === undefined ? {} : { then }),
    }
    remember(ctx, { ...visitor, flow })
    const target = client.buildAuthorizationUrl(await provider(), {
      redirect_uri: `${url}/callback`,
      scope: 'openid profile email demo:read',
      resource: audience,
      code_challenge: await client.calculatePKCECodeChallenge(flow.codeVerifier),
      code_challenge_method: 'S256',
      state: flow.state,
      nonce: flow.nonce,
      ...parameters,
    })
    ctx.status = 303
    ctx.redirect(target.href)
  }

  router.post('/sign-in', (ctx) =>
    authorize(ctx, options.loginHint === undefined ? {} : { login_hint: options.loginHint }),
  )

  router.get('/callback', async (ctx) => {
    const { flow, ...before } = visitorOf(ctx)
    if (flow === undefined) return back(ctx)
    try {
      const tokens = await client.authorizationCodeGrant(await provider(), new URL(ctx.originalUrl, url), {
        pkceCodeVerifier: flow.codeVerifier,
        expectedState: flow.state,
        expectedNonce: flow.nonce,
        idTokenExpected: true,
      })
      const claims = tokens.claims()
      if (claims === undefined) throw new Error('the answer has no ID token')
      const userinfo = await client.fetchUserInfo(await provider(), tokens.access_token, claims.sub)
      const visitor = { tokens, claims, userinfo }
      // Whoever came back as somebody else did not press that button.
      if (flow.then !== undefined && before.claims?.sub === claims.sub)
        return await call(ctx, visitor, flow.then)
      remember(ctx, { ...visitor, notice: `Welcome, ${userinfo.name ?? userinfo.email ?? claims.sub}.` })
    } catch (error) {
      const notice = flow.then === undefined ? 'Not signed in' : 'The API was not called'
      remember(ctx, { ...before, notice: `${notice}: ${explain(error)}` })
    }
    back(ctx)
  })

  router.post('/refresh', async (ctx) => {
    const visitor = visitorOf(ctx)
    if (visitor.tokens?.refresh_token === undefined) return back(ctx)
    try {
      const tokens = await client.refreshTokenGrant(await provider(), visitor.tokens.refresh_token)
      remember(ctx, {
        ...visitor,
        tokens: { ...visitor.tokens, ...tokens },
        notice: 'Refreshed: a new access token and a new refresh token.',
      })
    } catch (error) {
      remember(ctx, { notice: `Signed out: ${explain(error)}` })
    }
    back(ctx)
  })

  /** Calls the API with a token for it. `ask`: what to do if it wants a better sign-in; without, it is only said. */
  const call = async (
    ctx: Context,
    visitor: Visitor,
    path: string,
    ask?: (visitor: Visitor, parameters: Record<string, string>) => Promise<void>,
  ) => {
    if (visitor.tokens?.refresh_token === undefined) return back(ctx)
    try {
      const tokens = await client.refreshTokenGrant(await provider(), visitor.tokens.refresh_token, {
        resource: audience,
      })
      const answer = await fetch(`${url}${path}`, {
        headers: { authorization: `Bearer ${tokens.access_token}` },
      })
      const { refresh_token } = tokens
      const kept = { ...visitor, tokens: { ...visitor.tokens, ...(refresh_token && { refresh_token }) } }
      const more = parametersFor(answer)
      if (more !== undefined && ask !== undefined) return await ask(kept, more)
      const notice = `The API answered ${answer.status}${more === undefined ? '' : ', it still asks for more'}.`
      remember(ctx, { ...kept, api: await answer.json(), notice })
    } catch (error) {
      remember(ctx, { ...visitor, notice: `The API was not called: ${explain(error)}` })
    }
    back(ctx)
  }

  router.post('/call-api', (ctx) => call(ctx, visitorOf(ctx), '/api/me'))

  router.post('/call-api-for-more', (ctx) =>
    call(ctx, visitorOf(ctx), '/api/harvest', (visitor, more) =>
      authorize(ctx, { ...more, ...insisting(more), ...samePerson(visitor) }, visitor, '/api/harvest'),
    ),
  )

  router.post('/sign-out', async (ctx) => {
    const { tokens } = visitorOf(ctx)
    remember(ctx, { notice: 'Signed out.' })
    const target = client.buildEndSessionUrl(await provider(), {
      post_logout_redirect_uri: `${url}/`,
      ...(tokens?.id_token === undefined ? {} : { id_token_hint: tokens.id_token }),
    })
    ctx.status = 303
    ctx.redirect(target.href)
  })

  // OIDC Back-Channel Logout 2.5: Signet posts a signed logout token when the person signs out elsewhere.
  router.post('/back-channel-logout', async (ctx) => {
    const form = new URLSearchParams(await text(ctx))
    const configuration = await provider()
    const keys = createRemoteJWKSet(new URL(configuration.serverMetadata().jwks_uri ?? ''))
    const { payload } = await jwtVerify(form.get('logout_token') ?? '', keys, {
      issuer: options.issuer,
      audience: options.clientId,
      typ: 'logout+jwt',
    })
    for (const [id, visitor] of visitors) {
      const ended =
        payload.sid === undefined ? visitor.claims?.sub === payload.sub : visitor.claims?.sid === payload.sid
      if (ended) visitors.set(id, { notice: 'You signed out of Signet, so you are signed out here too.' })
    }
    ctx.status = 200
    ctx.set('cache-control', 'no-store')
  })

  const api = createApi({
    issuer: options.issuer,
    audience,
    jwksUri: async () => new URL((await provider()).serverMetadata().jwks_uri ?? ''),
  })

  const application = new Koa()
  application.use(refuseForeignPosts)
  application.use(router.routes())
  application.use(api.routes())
  return application
}

/** Buttons of other sites must not press ours. Server-to-server calls carry no Origin. */
async function refuseForeignPosts(ctx: Context, next: () => Promise<void>): Promise<void> {
  const origin = ctx.get('origin')
  if (ctx.method === 'POST' && origin !== '' && origin !== ctx.origin) ctx.throw(403)
  await next()
}

function discover(options: DemoOptions): Promise<client.Configuration> {
  const plain = options.issuer.startsWith('http://') ? [client.allowInsecureRequests] : []
  return client.discovery(new URL(options.issuer), options.clientId, options.clientSecret, undefined, {
    execute: plain,
  })
}

/**
 * `acr_values` is a wish: whoever has one factor only would come back with that. As an essential claim (OpenID Connect Core 5.5.1.1) Signet
 * offers to add the second one on the way, or answers `unmet_authentication_requirements`.
 */
function insisting({ acr_values }: Record<string, string>): Record<string, string> {
  if (acr_values === undefined) return {}
  return { claims: JSON.stringify({ id_token: { acr: { essential: true, values: acr_values.split(' ') } } }) }
}

/** Nobody else will do, and who it is need not be typed again; the address is for the page to show. */
function samePerson({ tokens, userinfo }: Visitor): Record<string, string> {
  return {
    ...(tokens?.id_token && { id_token_hint: tokens.id_token }),
    ...(userinfo?.email && { login_hint: userinfo.email }),
  }
}

function back(ctx: Context): void {
  ctx.status = 303
  ctx.redirect('/')
}

function explain(error: unknown): string {
  if (error instanceof client.AuthorizationResponseError || error instanceof client.ResponseBodyError) {
    return error.error_description ?? error.error
  }
  return error instanceof Error ? error.message : String(error)
}

async function text(ctx: Context): Promise<string> {
  let body = ''
  for await (const chunk of ctx.req) body += chunk
  return body
}

/** Calls `make` at most once successfully; a failure is tried again at the next call. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make().catch((error) => {
      made = undefined
      throw error
    })
    return made
  }
}
