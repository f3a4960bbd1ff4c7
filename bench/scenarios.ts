/** What is measured: each scenario is done by several at once, who are prepared once and then do it over and over. */
import { createHash, randomBytes, sign } from 'node:crypto'
import { type Browser, createBrowser } from './browser.ts'
import { type BenchClient, callback, type Fixture, resources } from './fixture.ts'
import { expectJson, type Http } from './http.ts'
import type { Operation } from './load.ts'

export interface Place {
  readonly origin: string
  readonly http: Http
  /** The discovery document. */
  readonly endpoints: Readonly<Record<string, string>>
  readonly fixture: Fixture
}

export interface Scenario {
  readonly id: string
  readonly title: string
  /** How many do it at the same time. */
  readonly workers: number
  /** At most this many times the library's CPU time. */
  readonly target: number
  prepare(place: Place, worker: number): Promise<Operation>
}

export const scenarios: readonly Scenario[] = [
  {
    id: 'P1',
    title: 'discovery',
    workers: 16,
    target: 1,
    prepare:
      async ({ http }) =>
      async () =>
        expectJson(await http.get('/.well-known/openid-configuration')),
  },
  {
    id: 'P1',
    title: 'JWKS',
    workers: 16,
    target: 1,
    prepare:
      async ({ http, endpoints }) =>
      async () =>
        expectJson(await http.get(endpoints.jwks_uri ?? '')),
  },
  clientCredentials('client_credentials, JWT ES256', resources.es256, bySecret),
  clientCredentials('client_credentials, JWT RS256', resources.rs256, bySecret),
  clientCredentials('client_credentials, opaque', resources.opaque, bySecret),
  clientCredentials('client_credentials, JWT ES256, private_key_jwt', resources.es256, byAssertion),
  {
    id: 'P3',
    title: 'whole sign-in with a password, code, tokens',
    workers: 4,
    target: 1.15,
    async prepare(place, worker) {
      let turn = 0
      return async () => {
        const person = place.fixture.people[worker * 100 + (turn++ % 100)] ?? ''
        const browser = createBrowser(place.http, place.origin)
        return exchange(place, place.fixture.web, await signIn(place, browser, place.fixture.web, person))
      }
    },
  },
  {
    id: 'P4',
    title: 'code + PKCE with a session (prompt=none), tokens',
    workers: 8,
    target: 1.5,
    async prepare(place, worker) {
      const { web, people } = place.fixture
      const browser = createBrowser(place.http, place.origin)
      await exchange(place, web, await signIn(place, browser, web, people[500 + worker] ?? ''))
      return async () => {
        const request = authorizationRequest(place, web, { prompt: 'none' })
        const answer = await browser.fetch(request.path)
        return exchange(place, web, { ...request, location: answer.location })
      }
    },
  },
  {
    id: 'P5',
    title: 'refresh with rotation, new ID token',
    workers: 8,
    target: 1.6,
    async prepare(place, worker) {
      const { refreshing } = place.fixture
      const signedIn = await tokensOf(place, refreshing, worker)
      let refreshToken = signedIn.refresh_token ?? ''
      return async () => {
        const form = { grant_type: 'refresh_token', refresh_token: refreshToken, ...bySecret(refreshing) }
        const tokens = expectJson(await place.http.post(place.endpoints.token_endpoint ?? '', form))
        refreshToken = tokens.refresh_token ?? ''
      }
    },
  },
  {
    id: 'P6',
    title: 'introspection of an opaque access token',
    workers: 16,
    target: 1.5,
    async prepare(place, worker) {
      const { web } = place.fixture
      const { access_token: token = '' } = await tokensOf(place, web, worker)
      const form = { token, ...bySecret(web) }
      return async () => {
        const { active } = expectJson(
          await place.http.post(place.endpoints.introspection_endpoint ?? '', form),
        )
        if (String(active) !== 'true') throw new Error('the token is not active')
      }
    },
  },
  {
    id: 'P7',
    title: 'userinfo with an opaque access token',
    workers: 16,
    target: 1.5,
    async prepare(place, worker) {
      const { access_token: token } = await tokensOf(place, place.fixture.web, worker)
      const headers = { authorization: `Bearer ${token}` }
      return async () => expectJson(await place.http.get(place.endpoints.userinfo_endpoint ?? '', headers))
    },
  },
]

/** The one whose p99 counts while wrong passwords arrive. */
export const tokenScenario = clientCredentials('client_credentials, JWT ES256', resources.es256, bySecret)

type Authenticate = (client: BenchClient, place: Place) => Record<string, string>

function clientCredentials(title: string, resource: string, authenticate: Authenticate): Scenario {
  return {
    id: 'P2',
    title,
    workers: 16,
    target: 1.5,
    async prepare(place) {
      const client = authenticate === byAssertion ? place.fixture.assertion : place.fixture.machine
      return async () => {
        const form = {
          grant_type: 'client_credentials',
          resource,
          scope: 'read',
          ...authenticate(client, place),
        }
        return expectJson(await place.http.post(place.endpoints.token_endpoint ?? '', form))
      }
    },
  }
}

function bySecret({ client_id, client_secret = '' }: BenchClient): Record<string, string> {
  return { client_id, client_secret }
}

function byAssertion({ client_id }: BenchClient, { origin, fixture }: Place): Record<string, string> {
  const now = Math.floor(Date.now() / 1_000)
  const claims = {
    iss: client_id,
    sub: client_id,
    aud: origin,
    jti: randomBytes(16).toString('base64url'),
    iat: now,
    exp: now + 60,
  }
  const encoded = [{ alg: 'ES256', kid: 'bench' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  const key = { key: fixture.assertionKey, dsaEncoding: 'ieee-p1363' } as const
  const signature = sign('sha256', Buffer.from(encoded.join('.')), key).toString('base64url')
  return {
    client_id,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: [...encoded, signature].join('.'),
  }
}

/** Signs somebody in and answers their tokens. */
async function tokensOf(place: Place, client: BenchClient, worker: number): Promise<Record<string, string>> {
  const browser = createBrowser(place.http, place.origin)
  const person = place.fixture.people[600 + worker] ?? ''
  return exchange(place, client, await signIn(place, browser, client, person))
}

interface Authorization {
  readonly path: string
  readonly verifier: string
  /** Where the browser was sent at last, with the code. */
  readonly location: string
}

/** The whole way of a person in a browser that was never here before. */
async function signIn(
  place: Place,
  browser: Browser,
  client: BenchClient,
  person: string,
): Promise<Authorization> {
  const request = authorizationRequest(place, client)
  const values = { identifier: person, password: place.fixture.password }
  let answer = await browser.visit(request.path)
  for (let pages = 0; answer.status === 200 && pages < 3; pages++)
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

async function exchange(
  { http, endpoints }: Place,
  client: BenchClient,
  { location, verifier }: Authorization,
): Promise<Record<string, string>> {
  const code = URL.parse(location)?.searchParams.get('code')
  if (!location.startsWith(callback) || !code) throw new Error(`no code in ${location.slice(0, 300)}`)
  const form = { grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: verifier }
  return expectJson(await http.post(endpoints.token_endpoint ?? '', { ...form, ...bySecret(client) }))
}
