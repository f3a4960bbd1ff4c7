/**
 * The demo application: a small but complete relying party on `openid-client`. It signs people in with the authorization code
 * flow, PKCE, state and nonce; shows what it learned; refreshes; calls an API with an access token meant for that API alone;
 * signs out; and ends its own session when Signet tells it to (back-channel logout).
 */
import { createServer } from 'node:http'
import { join } from 'node:path'
import Router from '@koa/router'
import ejs from 'ejs'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import Koa, { type Context } from 'koa'
import * as client from 'openid-client'

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
  readonly flow?: { readonly codeVerifier: string; readonly state: string; readonly nonce: string }
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

  router.post('/sign-in', async (ctx) => {
    const flow = {
      codeVerifier: client.randomPKCECodeVerifier(),
      state: client.randomState(),
      nonce: client.randomNonce(),
    }
    remember(ctx, { flow })
    const target = client.buildAuthorizationUrl(await provider(), {
      redirect_uri: `${url}/callback`,
      scope: 'openid profile email demo:read',
      resource: `${url}/api`,
      code_challenge: await client.calculatePKCECodeChallenge(flow.codeVerifier),
      code_challenge_method: 'S256',
      state: flow.state,
      nonce: flow.nonce,
      ...(options.loginHint === undefined ? {} : { login_hint: options.loginHint }),
    })
    ctx.status = 303
    ctx.redirect(target.href)
  })

  router.get('/callback', async (ctx) => {
    const { flow } = visitorOf(ctx)
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
      remember(ctx, {
        tokens,
        claims,
        userinfo,
        notice: `Welcome, ${userinfo.name ?? userinfo.email ?? claims.sub}.`,
      })
    } catch (error) {
      remember(ctx, { notice: `Not signed in: ${explain(error)}` })
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

  router.post('/call-api', async (ctx) => {
    const visitor = visitorOf(ctx)
    if (visitor.tokens?.refresh_token === undefined) return back(ctx)
    try {
      const resource = `${url}/api`
      const tokens = await client.refreshTokenGrant(await provider(), visitor.tokens.refresh_token, {
        resource,
      })
      const answer = await fetch(`${url}/api/me`, {
        headers: { authorization: `Bearer ${tokens.access_token}` },
      })
      const kept = {
        ...visitor.tokens,
        ...(tokens.refresh_token === undefined ? {} : { refresh_token: tokens.refresh_token }),
      }
      remember(ctx, {
        ...visitor,
        tokens: kept,
        api: await answer.json(),
        notice: `The API answered ${answer.status}.`,
      })
    } catch (error) {
      remember(ctx, { ...visitor, notice: `The API was not called: ${explain(error)}` })
    }
    back(ctx)
  })

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

  // The API: accepts only access tokens that were issued for it (RFC 9068).
  router.get('/api/me', async (ctx) => {
    const configuration = await provider()
    const keys = createRemoteJWKSet(new URL(configuration.serverMetadata().jwks_uri ?? ''))
    const token = (ctx.get('authorization').match(/^Bearer (.+)$/) ?? [])[1] ?? ''
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: options.issuer,
        audience: `${url}/api`,
        typ: 'at+jwt',
      })
      ctx.body = {
        hello: payload.sub,
        scope: payload.scope,
        until: new Date((payload.exp ?? 0) * 1000).toISOString(),
      }
    } catch (error) {
      ctx.status = 401
      ctx.set('www-authenticate', 'Bearer error="invalid_token"')
      ctx.body = { error: 'invalid_token', error_description: explain(error) }
    }
  })

  const application = new Koa()
  application.use(refuseForeignPosts)
  application.use(router.routes())
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
