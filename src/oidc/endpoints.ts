import type { Context, Middleware } from 'koa'
import { errors, type Interaction, type KoaContextWithOIDC, type Provider, type Session } from 'oidc-provider'
import { Problem } from '../domain/problem.ts'
import type { SessionRegistry } from '../ports/session-registry.ts'
import type { OidcDependencies } from './dependencies.ts'
import type { NoteDisclosure } from './disclosures.ts'
import type { PreparedDocuments } from './discovery.ts'
import { requestEvents } from './events.ts'
import { correctSignOut } from './logout.ts'
import { machinePaths } from './machine-paths.ts'
import type { PostedRequests } from './posted-requests.ts'
import { createPin } from './provider.ts'

/** One generation: the library on one set of keys, and what was prepared from it. */
export interface Living {
  readonly provider: Provider
  readonly documents: PreparedDocuments
}

export interface EndpointDeps extends Pick<OidcDependencies, 'config' | 'pages' | 'log'> {
  readonly current: () => Living
  readonly posted: PostedRequests
  readonly disclosed: NoteDisclosure
  readonly sessions: () => SessionRegistry
}

const paths = new Set([...machinePaths.keys(), '/authorize', '/logout', '/logout/confirm', '/logout/success'])
const resumed = /^\/authorize\/[\w-]{1,64}$/
const postable = new Set(['/authorize', '/logout'])

/** The library sees cookies of its own making only where there is a browser. */
const browserPath = /^\/(?:authorize|logout)/

/** The protocol's paths go to the library, compared as they are written; everything else to whoever is next. */
export function createEndpoints(deps: EndpointDeps): Middleware {
  const pin = createPin(deps.config.issuer)
  return async (ctx, next) => {
    if (!paths.has(ctx.path) && !resumed.test(ctx.path)) return next()
    const { provider, documents } = deps.current()
    if (documents.answer(ctx)) return
    pin(ctx.request)
    if (browserPath.test(ctx.path)) ctx.cookies = provider.createContext(ctx.req, ctx.res).cookies
    ctx.set('Referrer-Policy', 'no-referrer')
    if (ctx.method === 'POST' && postable.has(ctx.path)) return redirectPosted(ctx, provider, deps)
    if (postable.has(ctx.path)) await deps.posted.restore(ctx)
    if (resumed.test(ctx.path)) await settleAccount(ctx, provider, deps)
    await answer(ctx, provider, deps, next)
  }
}

async function answer(
  ctx: Context,
  provider: Provider,
  deps: EndpointDeps,
  next: () => Promise<unknown>,
): Promise<void> {
  const [route] = provider.middleware
  await route?.(ctx as never, next as never)
  if ('oidc' in ctx) correctSignOut(ctx as unknown as KoaContextWithOIDC)
  // Together they cost one commit.
  await Promise.all([requestEvents.settle(ctx), deps.disclosed(ctx)])
  explainFailure(ctx)
  const allowed = machinePaths.get(ctx.path)
  if (allowed === undefined) return
  if (ctx.status === 404) refuseMethod(ctx, allowed)
  askForCredentials(ctx, deps.config.issuer)
}

async function redirectPosted(ctx: Context, provider: Provider, deps: EndpointDeps): Promise<void> {
  try {
    await deps.posted.redirect(ctx, provider)
  } catch (error) {
    if (!(error instanceof errors.OIDCProviderError)) throw error
    const { error_description: description } = error
    ctx.status = error.statusCode
    await deps.pages.error(ctx, {
      error: error.error,
      status: error.statusCode,
      ...(description === undefined ? {} : { error_description: description }),
    })
  }
}

/**
 * Somebody signed in while somebody else's session is still in this browser: that one ends here. The library would do it with a form of its
 * own that a script sends.
 */
async function settleAccount(ctx: Context, provider: Provider, deps: EndpointDeps): Promise<void> {
  const id = ctx.cookies.get(provider.cookieName('resume'), { signed: false })
  if (id === undefined || ctx.cookies.get(provider.cookieName('session'), { signed: false }) === undefined)
    return
  const interaction = await provider.Interaction.find<Interaction>(id)
  const login = interaction?.result?.login
  // With a session of its own the sign-in is an older one that is carried along: the library checks that the session is still the same.
  if (login === undefined || interaction?.session !== undefined) return
  const session: Session = await provider.Session.get(ctx)
  if (session.accountId === undefined || session.accountId === login.accountId) return
  await deps.sessions().end(session.accountId, session.uid)
}

/** The library calls every unexpected error a 500; a store that does not answer is a 503, at the revocation endpoint above all (S15). */
function explainFailure(ctx: Context): void {
  const failure = requestEvents.failureOf(ctx)
  if (!(failure instanceof Problem) || ctx.status === 303) return
  ctx.status = failure.status
  if (failure.retryAfter !== undefined) ctx.set('Retry-After', String(failure.retryAfter))
  if (ctx.response.is('json') === 'json' || ctx.body === undefined || ctx.body === '') {
    ctx.body = { error: 'temporarily_unavailable', error_description: 'try again in a moment' }
  }
}

/** To the library a known path by an unknown method is nothing of its own (RFC 9110 15.5.6). */
function refuseMethod(ctx: Context, allowed: string): void {
  ctx.status = 405
  ctx.set({ Allow: allowed, 'Cache-Control': 'no-store' })
  ctx.body = { error: 'invalid_request', error_description: `this endpoint takes ${allowed}` }
}

/** What the library calls malformed: no client authentication at all, and none but an identifier. */
const unauthenticated: readonly unknown[] = [
  'no client authentication mechanism provided',
  'client_secret must be provided in the Authorization header',
]

/** To the library a request without client authentication is malformed; it is `invalid_client` (RFC 6749 5.2), and each 401 says how (RFC 9110 15.5.2). */
function askForCredentials(ctx: Context, issuer: string): void {
  const { error_description } = (ctx.body ?? {}) as { error_description?: unknown }
  if (unauthenticated.includes(error_description)) {
    ctx.status = 401
    ctx.body = { error: 'invalid_client', error_description }
  }
  if (ctx.status === 401 && !ctx.res.hasHeader('WWW-Authenticate')) {
    ctx.set('WWW-Authenticate', `Basic realm="${issuer}"`)
  }
}
