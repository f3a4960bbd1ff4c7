import type { ParameterizedContext } from 'koa'
import type { Form } from '../ports/factor.ts'
import type { Uploads } from './middleware/upload.ts'

/** What the front sets for every request, before any route runs. */
export interface RequestState {
  traceId: string
  /** Client IP, behind trusted proxies only. */
  address: string
  /** One of the configured languages. */
  language: string
  /** Raw secret of this browser; reading it sets the cookie when there is none, so read it only where a page needs it. */
  readonly browser: string
  readonly device: string | undefined
  /** The body of a POST to one of our own routes: strings only, no duplicates (S41). Empty otherwise. */
  form: Form
  /** The files of that body, on a route whose options say `upload`. */
  uploads: Uploads
  /** This route answers with JSON, errors too. */
  json: boolean
  /** Where a GET shows this page again (language switch); absent after a POST that has no such place. */
  page: string | undefined
}

export type WebContext = ParameterizedContext<RequestState> & { params: Record<string, string> }

/** Sends the browser on with GET, whatever it came with (S7). `location` is a path of ours or an address that was checked. */
export function seeOther(ctx: Pick<WebContext, 'status' | 'set' | 'body'>, location: string): void {
  ctx.status = 303
  ctx.set('Location', location)
  ctx.set('Cache-Control', 'no-store')
  ctx.body = ''
}

/** The one value of a query parameter; duplicates were refused by the route guard. */
export function queryValue(ctx: Pick<WebContext, 'query'>, name: string): string | undefined {
  const value = ctx.query[name]
  return typeof value === 'string' ? value : undefined
}
