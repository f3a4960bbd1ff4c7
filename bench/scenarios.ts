/** What is measured: each scenario is done by several at once, who are prepared once and then do it over and over. */
import { randomBytes, sign } from 'node:crypto'
import { codeOf } from '../test/factors/authenticator.ts'
import { createBrowser } from './browser.ts'
import { type BenchClient, resources } from './fixture.ts'
import { expectJson } from './http.ts'
import type { Operation } from './load.ts'
import { authorizationRequest, bySecret, exchange, type Place, signIn, signInWithKey } from './sign-in.ts'

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
    id: 'P3',
    title: 'whole sign-in with a password and an authenticator app, code, tokens',
    workers: 4,
    target: 1.15,
    async prepare(place, worker) {
      const { guarded, totpSecret, web } = place.fixture
      const share = guarded.length / 4
      let turn = 0
      return async () => {
        const person = guarded[worker * share + (turn++ % share)] ?? ''
        const browser = createBrowser(place.http, place.origin)
        const code = codeOf(totpSecret, Date.now())
        return exchange(place, web, await signIn(place, browser, web, person, { code }))
      }
    },
  },
  keySignIn('whole sign-in with a passkey, code, tokens', 'one'),
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
  refresh(),
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

/** The same with people who have nine further ways to prove themselves. */
export const enrolledScenarios = {
  one: keySignIn('sign-in with a passkey', 'one'),
  ten: keySignIn('sign-in with a passkey', 'ten'),
} as const

function keySignIn(title: string, whose: 'one' | 'ten'): Scenario {
  return {
    id: 'P3',
    title,
    workers: 8,
    target: 1.15,
    async prepare(place, worker) {
      const holders = place.fixture.keys[whose]
      const share = holders.length / 8
      // Offices of their own: more people sign in than one address may send in a row.
      const http = place.from(`127.0.100.${worker + 1}`)
      let turn = 0
      return async () => {
        const holder = holders[worker * share + (turn++ % share)]
        if (holder === undefined) throw new Error('nobody has a passkey')
        const browser = createBrowser(http, place.origin)
        return exchange(place, place.fixture.web, await signInWithKey(place, browser, holder.key))
      }
    },
  }
}

/** The two that count beside a big database. */
export const refreshScenario = refresh()

/** The one whose p99 counts while wrong passwords arrive. */
export const tokenScenario = clientCredentials('client_credentials, JWT ES256', resources.es256, bySecret)

function refresh(): Scenario {
  return {
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
  }
}

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
