/** A browser at a relying party: asks for authorization, plays the person at the pages, exchanges codes. */
import { createHash, randomBytes } from 'node:crypto'
import type { Client } from '../../../src/domain/client.ts'
import { createVisitor, type Visitor } from '../../support/visitor.ts'
import type { App } from './app.ts'
import type { Play } from './player.ts'

export type Params = Record<string, string | readonly string[]>
type Registered = Client & { readonly secret: string }

/** What the person does at each page; the default signs in once, consents to everything and continues. */
export type Person = (page: Shown) => Play

export interface Shown {
  readonly uid: string
  readonly prompt: 'login' | 'consent' | 'select_account'
  readonly asked: {
    readonly scopes: readonly {
      readonly name: string
      readonly optional: boolean
      readonly granted: boolean
    }[]
    readonly claims: readonly string[]
    readonly resources: readonly {
      readonly indicator: string
      readonly name: string
      readonly scopes: readonly string[]
    }[]
  }
  readonly requirement: {
    readonly level: string
    readonly essential: boolean
    readonly identityId?: string
    readonly hint?: string
    readonly stepUp?: boolean
  }
  readonly session?: { readonly uid: string; readonly identityId: string }
  readonly languages: readonly string[]
  readonly sendsTo: string
  readonly reasons: readonly string[]
}

export interface Answered {
  /** Where the browser was sent at last; undefined when it ended at a page. */
  readonly location?: URL
  /** The parameters of the answer, from the query, fragment or form. */
  readonly params: URLSearchParams
  /** The last page or response, parsed. */
  readonly body: Record<string, unknown>
  readonly status: number
  /** Every page that the person saw. */
  readonly pages: readonly Shown[]
  readonly verifier: string
}

export function person(
  identityId: string,
  login: Omit<NonNullable<Play['login']>, 'identityId'> = {},
): Person {
  return (page) => {
    if (page.prompt === 'login') return { login: { identityId, ...login } }
    if (page.prompt === 'select_account') return { continue: true }
    return { consent: everything(page) }
  }
}

export function everything(page: Shown): NonNullable<Play['consent']> {
  return {
    scopes: page.asked.scopes.map((scope) => scope.name),
    claims: page.asked.claims,
    resources: Object.fromEntries(
      page.asked.resources.map((resource) => [resource.indicator, resource.scopes]),
    ),
  }
}

export function pkce(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

export function query(params: Params): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) {
    for (const one of [value].flat()) search.append(name, String(one))
  }
  return search.toString()
}

/** A complete request of a client, PKCE included; `change` overrides, and an empty string leaves a parameter out. */
export function requestOf(client: Client, change: Params = {}): { params: Params; verifier: string } {
  const { verifier, challenge } = pkce()
  const params: Params = {
    client_id: client.id,
    redirect_uri: client.metadata.redirect_uris?.[0] ?? '',
    response_type: 'code',
    scope: 'openid',
    state: 'st',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...change,
  }
  return { params: Object.fromEntries(Object.entries(params).filter(([, value]) => value !== '')), verifier }
}

/** Runs an authorization request to its end. */
export async function authorize(
  app: App,
  browser: Visitor,
  client: Client,
  options: { readonly params?: Params; readonly as?: Person } = {},
): Promise<Answered> {
  const { params, verifier } = requestOf(client, options.params)
  const ended = await follow(app, browser, `${app.origin}/authorize?${query(params)}`, options.as)
  return { ...ended, verifier }
}

/** Follows redirects that stay here, playing the person at interactions, until the browser leaves or a page is shown. */
export async function follow(
  app: App,
  browser: Visitor,
  start: string,
  as: Person = () => ({ continue: true }),
): Promise<Omit<Answered, 'verifier'>> {
  const pages: Shown[] = []
  let target = start
  for (let steps = 0; steps < 20; steps++) {
    const response = await browser.send(target)
    if (response.status !== 303) return { ...(await pageAt(response)), pages }
    const location = here(app, response)
    if (location.origin !== app.origin || location.pathname === '/account/callback')
      return { ...left(location), status: 303, pages }
    target = location.href
    if (!location.pathname.startsWith('/interaction/')) continue
    const shown = (await (await browser.send(target)).json()) as Shown
    pages.push(shown)
    const answered = await browser.send(target, { method: 'POST', body: JSON.stringify(as(shown)) })
    if (answered.status !== 303) return { ...(await pageAt(answered)), pages }
    target = here(app, answered).href
  }
  throw new Error(`no end in sight: ${pages.map((page) => `${page.prompt} ${page.reasons}`).join(', ')}`)
}

/** Behind a proxy the issuer's addresses lead to the port that is listened on. */
function here(app: App, response: Response): URL {
  const location = new URL(response.headers.get('location') ?? '', app.origin)
  return location.origin === app.issuer
    ? new URL(location.href.slice(app.issuer.length), app.origin)
    : location
}

function left(location: URL): Pick<Answered, 'location' | 'params' | 'body'> {
  const params = new URLSearchParams(location.hash === '' ? location.search : location.hash.slice(1))
  return { location, params, body: {} }
}

async function pageAt(response: Response): Promise<Pick<Answered, 'params' | 'body' | 'status'>> {
  const text = await response.text()
  const body = text.startsWith('{') ? JSON.parse(text) : { text }
  return { params: new URLSearchParams(body.fields ?? {}), body, status: response.status }
}

export interface Tokens extends Record<string, unknown> {
  readonly access_token: string
  readonly id_token: string
  readonly refresh_token: string
  readonly scope: string
  readonly error?: string
}

/** POSTs a form to an endpoint, authenticated the client's way. */
export async function post(
  app: App,
  path: string,
  client: Registered | undefined,
  params: Params,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; body: Tokens; text: string }> {
  const isPublic = client?.metadata.token_endpoint_auth_method === 'none'
  const basic =
    client && !isPublic
      ? Buffer.from(`${encodeURIComponent(client.id)}:${client.secret}`).toString('base64')
      : undefined
  const response = await fetch(`${app.origin}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(basic === undefined ? {} : { authorization: `Basic ${basic}` }),
      ...headers,
    },
    body: query(isPublic ? { client_id: client?.id ?? '', ...params } : params),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: text.startsWith('{') ? JSON.parse(text) : {},
  }
}

export async function exchange(app: App, client: Registered, answered: Answered, change: Params = {}) {
  return post(app, '/token', client, {
    grant_type: 'authorization_code',
    code: answered.params.get('code') ?? '',
    redirect_uri: client.metadata.redirect_uris?.[0] ?? '',
    code_verifier: answered.verifier,
    ...change,
  })
}

/** Signs in, consents and exchanges in one go. */
export async function tokensFor(
  app: App,
  client: Registered,
  identityId: string,
  params: Params = {},
  browser: Visitor = createVisitor(),
): Promise<Tokens> {
  const answered = await authorize(app, browser, client, { params, as: person(identityId) })
  const { body, status } = await exchange(app, client, answered)
  if (status !== 200)
    throw new Error(`no tokens: ${JSON.stringify({ body, page: answered.body, at: answered.location })}`)
  return body
}

export async function jsonOf<Body = Record<string, string>>(response: Response): Promise<Body> {
  return (await response.json()) as Body
}
