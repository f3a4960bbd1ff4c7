/** A relying party and the browser it sends people with, spoken by hand so that a test can say exactly what is sent twice. */
import { createHash } from 'node:crypto'
import { createVisitor, type Visitor } from '../../support/visitor.ts'
import { callback } from './provider-server.ts'

const verifier = 'a-verifier-that-is-long-enough-for-everybody-43'

export interface Tokens {
  readonly status: number
  readonly error?: string
  readonly access_token?: string
  readonly refresh_token?: string
  readonly id_token?: string
}

/** `Required<Tokens>`, or the test is over. */
export type Issued = Tokens & { readonly access_token: string; readonly refresh_token: string }

export interface SignIn {
  readonly accountId: string
  readonly acr?: string
  readonly amr?: readonly string[]
  readonly remember?: boolean
  readonly ts?: number
}

export function browser(signIn: SignIn = { accountId: 'ana' }): Visitor {
  const login = { remember: false, ...signIn }
  return createVisitor({
    stopAt: callback,
    headers: { 'x-sign-in': JSON.stringify(login), 'user-agent': 'Test/1' },
  })
}

export function authorizationUrl(issuer: string, parameters: Record<string, string> = {}): string {
  const url = new URL('/auth', issuer)
  const all = {
    client_id: 'app',
    response_type: 'code',
    redirect_uri: callback,
    scope: 'openid',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...parameters,
  }
  for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value)
  return url.href
}

/** Follows an authorization request to the callback: its parameters, or what the page says. */
export async function authorize(
  visitor: Visitor,
  issuer: string,
  parameters: Record<string, string> = {},
): Promise<{ readonly code: string; readonly error: string }> {
  const page = await visitor.get(authorizationUrl(issuer, parameters))
  const found = page.url.searchParams
  return { code: found.get('code') ?? '', error: found.get('error') ?? (found.has('code') ? '' : page.body) }
}

/** One request to the authorization endpoint without following it, with headers of its own. */
export async function ask(
  visitor: Visitor,
  issuer: string,
  parameters: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<{ readonly code: string; readonly error: string; readonly cookies: readonly string[] }> {
  const response = await visitor.send(authorizationUrl(issuer, parameters), { headers })
  const found = new URL(response.headers.get('location') ?? 'none:').searchParams
  return {
    code: found.get('code') ?? '',
    error: found.get('error') ?? '',
    cookies: response.headers.getSetCookie(),
  }
}

type Headers = Record<string, string>

export async function token(
  issuer: string,
  body: Record<string, string>,
  headers: Headers = {},
): Promise<Tokens> {
  const response = await fetch(new URL('/token', issuer), {
    method: 'POST',
    headers,
    body: new URLSearchParams(body),
  })
  return { status: response.status, ...((await response.json()) as object) }
}

export function exchange(
  issuer: string,
  code: string,
  client_id = 'app',
  headers: Headers = {},
): Promise<Tokens> {
  const grant_type = 'authorization_code'
  const body = { grant_type, code, client_id, redirect_uri: callback, code_verifier: verifier }
  return token(issuer, body, headers)
}

export function refresh(issuer: string, refresh_token = '', client_id = 'app', headers: Headers = {}) {
  return token(issuer, { grant_type: 'refresh_token', refresh_token, client_id }, headers)
}

export async function userinfo(issuer: string, accessToken = ''): Promise<number> {
  const response = await fetch(new URL('/me', issuer), {
    headers: { authorization: `Bearer ${accessToken}` },
  })
  await response.body?.cancel()
  return response.status
}

/** Signs in with a fresh browser and gets the tokens. */
export async function signedIn(issuer: string, parameters: Record<string, string> = {}, signIn?: SignIn) {
  const visitor = browser(signIn)
  const { code, error } = await authorize(visitor, issuer, parameters)
  if (code === '') throw new Error(`no code: ${error}`)
  const tokens = (await exchange(issuer, code, parameters.client_id ?? 'app')) as Issued
  return { visitor, code, tokens }
}
