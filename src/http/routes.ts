import Router from '@koa/router'
import type { Middleware as KoaMiddleware } from 'koa'
import type { WebContext } from './context.ts'
import type { AppDependencies } from './dependencies.ts'
import { form, plainQuery } from './middleware/form.ts'
import { inFlight, type LimitName, limit, limits } from './middleware/limits.ts'
import type { Middleware } from './middleware/middleware.ts'
import { formToken, sameSite } from './middleware/same-site.ts'
import { createUploadRoom, type UploadRules, upload } from './middleware/upload.ts'

export type Handler = (ctx: WebContext) => Promise<void> | void

/** One line of a route table: method, path, guards, rate limit, handler. */
export interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly options: RouteOptions
  readonly handle: Handler
}

export interface RouteOptions {
  /** Run in order before the handler; a guard that does not call `next` has answered. */
  readonly guards?: readonly Middleware[]
  /** For POST; `form` when absent, or `upload`. */
  readonly limit?: Exclude<LimitName, 'interaction'>
  /**
   * For a POST that no form of ours sends: what is asked is signed, and no cookie counts for anything, so that there is nothing that another site could
   * make a browser do (S36).
   */
  readonly signed?: boolean
  /** For a POST with files: which ones. Everything else that a POST is checked for stays. */
  readonly upload?: UploadRules
  /** Errors are answered as JSON too. */
  readonly json?: boolean
}

export function get(path: string, options: RouteOptions, handle: Handler): Route {
  return { method: 'GET', path, options, handle }
}

/**
 * Every POST is checked for its site, limited, parsed, and checked for its form token before its guards run (S36, S41). In that order: another site
 * cannot use up the limits of its visitors, and whoever sends slowly holds a connection and no place among the forms that are worked on (F14).
 */
export function post(path: string, options: RouteOptions, handle: Handler): Route {
  return { method: 'POST', path, options, handle }
}

const mostFormsAtOnce = 512

/** The router over the tables of all areas; what matches no line goes on to the protocol endpoints. */
export function createRoutes(deps: AppDependencies, tables: readonly (readonly Route[])[]): KoaMiddleware {
  const router = new Router()
  const table = { ...limits, ...deps.limits }
  const shed = inFlight(mostFormsAtOnce)
  const limiters = {
    form: limit('form', table),
    message: limit('message', table),
    upload: limit('upload', table),
  }
  const room = createUploadRoom()
  const [site, read, token, query] = [
    sameSite(deps.settings),
    form(),
    formToken(deps.web.formTokens),
    plainQuery(),
  ]
  for (const { method, path, options, handle } of tables.flat()) {
    const { guards = [], json = false, signed = false } = options
    const { limit: name = options.upload === undefined ? 'form' : 'upload' } = options
    const answersJson: Middleware = (ctx, next) => {
      ctx.state.json = json
      return next()
    }
    const reads = options.upload === undefined ? [read] : [upload(options.upload, room)]
    const ofForm = [site, limiters[name], query, ...reads, shed, ...(signed ? [] : [token])]
    const ofMethod = method === 'POST' ? ofForm : [query]
    const stack = [answersJson, ...ofMethod, ...guards, handle] as unknown as Parameters<
      typeof router.register
    >[2]
    router.register(path, [method], stack)
  }
  // Most requests are the protocol's: they need not be held against every pattern here.
  const ours = new Set(tables.flat().map(({ path }) => firstSegment(path)))
  const dispatch = router.routes() as unknown as KoaMiddleware
  return (ctx, next) => (ours.has(firstSegment(ctx.path)) ? dispatch(ctx, next) : next())
}

function firstSegment(path: string): string {
  const end = path.indexOf('/', 1)
  return end < 0 ? path : path.slice(0, end)
}
