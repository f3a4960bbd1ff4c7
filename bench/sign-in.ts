/** The way of a person through the pages, from an application's request to its tokens. */
import { createHash, randomBytes } from 'node:crypto'
import type { SoftKey } from '../test/factors/soft-key.ts'
import { type Browser, formWith, keyOptions } from './browser.ts'
import { synced } from './credentials.ts'
import { type BenchClient, callback, type Fixture } from './fixture.ts'
import { expectJson, type Http } from './http.ts'

export interface Place {
  readonly origin: string
  readonly http: Http
  /** The same from another of this machine's addresses. */
  readonly from: (address: string) => Http
  /** The discovery document. */
  readonly endpoints: Readonly<Record<string, string>>
  readonly fixture: Fixture
}

export interface Authorization {
  readonly path: string
  readonly verifier: string
  /** Where the browser was sent at last, with the code. */
  readonly location: string
}

/** The whole way of a person in a browser that was never here before. */
export async function signIn(
  place: Place,
  browser: Browser,
  client: BenchClient,
  person: string,
  further: Readonly<Record<string, string>> = {},
): Promise<Authorization> {
  const request = authorizationRequest(place, client)
  const values = { identifier: person, password: place.fixture.password, ...further }
  let answer = await browser.visit(request.path)
  for (let pages = 0; answer.status === 200 && pages < 4; pages++)
    answer = await browser.submit(answer, values)
  return { ...request, location: answer.location }
}

/** The first page of a sign-in, and what to send with it. */
export function authorizationRequest(
  { endpoints }: Pick<Place, 'endpoints'>,
  client: BenchClient,
  further: Record<string, string> = {},
) {
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    client_id: client.client_id,
    response_type: 'code',
    redirect_uri: callback,
    scope: 'openid email',
    state: randomBytes(8).toString('base64url'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...further,
  })
  const { pathname } = new URL(endpoints.authorization_endpoint ?? '')
  return { path: `${pathname}?${query}`, verifier }
}

export async function exchange(
  { http, endpoints }: Place,
  client: BenchClient,
  { location, verifier }: Authorization,
): Promise<Record<string, string>> {
  const code = URL.parse(location)?.searchParams.get('code')
  if (!location.startsWith(callback) || !code) throw new Error(`no code in ${location.slice(0, 300)}`)
  const form = { grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: verifier }
  return expectJson(await http.post(endpoints.token_endpoint ?? '', { ...form, ...bySecret(client) }))
}

/** The same with a passkey, and no other question. */
export async function signInWithKey(place: Place, browser: Browser, key: SoftKey): Promise<Authorization> {
  const request = authorizationRequest(place, place.fixture.web)
  const page = await browser.visit(request.path)
  const whims = { ...synced, origin: place.origin, host: 'localhost' }
  const credential = key.get(keyOptions(page), whims)
  const { location } = await browser.send(formWith(page, 'credential'), { credential })
  return { ...request, location }
}

export function bySecret({ client_id, client_secret = '' }: BenchClient): Record<string, string> {
  return { client_id, client_secret }
}
