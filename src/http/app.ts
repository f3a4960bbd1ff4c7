/**
 * The entrance: the order in which every request is looked at, on one page. Routes of our own pages come first,
 * whatever they do not know goes on to the protocol endpoints. It calls services and holds no logic of theirs.
 */
import Koa, { type Middleware as KoaMiddleware } from 'koa'
import { accountRoutes } from './account/index.ts'
import { adminRoutes } from './admin/index.ts'
import { answerRoutes } from './answer.ts'
import { approveRoutes } from './approve/index.ts'
import type { WebContext } from './context.ts'
import type { AppDependencies } from './dependencies.ts'
import { healthRoutes } from './health.ts'
import { inboxRoutes } from './inbox.ts'
import { interactionRoutes } from './interaction.ts'
import { keepAccountRoutes } from './keep-account.ts'
import { accessLog } from './middleware/access-log.ts'
import { browserCookies } from './middleware/browser.ts'
import { errors } from './middleware/errors.ts'
import { hostGuard } from './middleware/host-guard.ts'
import { language } from './middleware/language.ts'
import { limitAnswers, limits } from './middleware/limits.ts'
import { forMachines, forPeople } from './middleware/machines.ts'
import type { Middleware } from './middleware/middleware.ts'
import { pathGuard } from './middleware/path-guard.ts'
import { proxy } from './middleware/proxy.ts'
import { securityHeaders } from './middleware/security-headers.ts'
import { staticAssets } from './middleware/static-assets.ts'
import { traceId } from './middleware/trace.ts'
import { objectionRoutes } from './objection.ts'
import { pictureRoutes } from './pictures.ts'
import { recoveryCaseRoutes } from './recovery/case.ts'
import { recoveryRoutes } from './recovery/index.ts'
import { recoveryLostRoutes } from './recovery/lost.ts'
import { recoveryStatusRoutes } from './recovery/status.ts'
import { relatedOriginRoutes } from './related-origins.ts'
import { createRoutes } from './routes.ts'
import { setupRoutes } from './setup.ts'

/** The web application; whoever listens hands requests to `createApp(deps).callback()`. */
export function createApp(deps: AppDependencies): Koa {
  const { web, settings, log, clock, random } = deps
  const order: readonly Middleware[] = [
    traceId(random),
    forMachines(),
    accessLog(log, clock),
    securityHeaders(settings),
    errors(web, log),
    pathGuard(),
    hostGuard(settings),
    proxy(settings),
    forPeople(browserCookies(web.cookies, random)),
    forPeople(language(web.words, web.cookies)),
    forPeople(staticAssets(web.assets)),
  ]
  const app = new Koa()
  // Believed because `proxy` rewrote the forwarded headers to what we know.
  app.proxy = true
  for (const middleware of order) app.use(middleware as unknown as KoaMiddleware)
  app.use(createRoutes(deps, tables(deps)))
  app.use(requestsThatWait(deps) as unknown as KoaMiddleware)
  app.use(deps.oidc.handle as KoaMiddleware)
  app.on('error', (error: unknown) => log.error({ err: error }, 'response failed'))
  return app
}

/** Where the answer to a request leads that became a row: it waits for a person, or was too long to be sent on as it is. */
const kept = /^\/(?:interaction\/|(?:authorize|logout)\?posted=)/

/** Anybody can send an authorization request, and each one that is kept is a row. */
function requestsThatWait({ limits: changed }: AppDependencies): Middleware {
  const limited = limitAnswers('interaction', { ...limits, ...changed }, (ctx) =>
    kept.test(String(ctx.response.get('Location') ?? '')),
  )
  const counts = ({ path, method }: WebContext) =>
    path === '/authorize' || (path === '/logout' && method === 'POST')
  return (ctx, next) => (counts(ctx) ? limited(ctx, next) : next())
}

/** Every route of our own, by area. */
function tables(deps: AppDependencies) {
  return [
    healthRoutes(deps),
    interactionRoutes(deps),
    answerRoutes(deps),
    approveRoutes(deps),
    recoveryRoutes(deps),
    recoveryCaseRoutes(deps),
    recoveryLostRoutes(deps),
    recoveryStatusRoutes(deps),
    objectionRoutes(deps),
    keepAccountRoutes(deps),
    accountRoutes(deps),
    pictureRoutes(deps),
    relatedOriginRoutes(deps),
    adminRoutes(deps),
    setupRoutes(deps),
    inboxRoutes(deps),
  ]
}
