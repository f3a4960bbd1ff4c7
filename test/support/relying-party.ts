/** A relying party on `openid-client` in this process. Its callback is an address that nobody serves: visitors stop there. */
import * as client from 'openid-client'
import type { ClientDraft, Clients } from '../../src/clients/index.ts'
import { createVisitor, type Visitor, type VisitorOptions } from './visitor.ts'

export const callback = 'https://rp.example.com/callback'

/** One journey of a browser: what the request said, to be compared with the answer. */
export interface Flow {
  readonly url: URL
  readonly verifier: string
  readonly state: string
  readonly nonce: string
}

export type Tokens = client.TokenEndpointResponse & client.TokenEndpointResponseHelpers

export interface RelyingParty {
  readonly id: string
  readonly secret: string | undefined
  readonly configuration: client.Configuration
  /** Every secret that it sent or got. */
  readonly seen: Set<string>
  /** A request with PKCE, state and nonce; `parameters` are added, or replace. */
  begin(parameters?: Readonly<Record<string, string>>): Promise<Flow>
  /** Exchanges the code of the answer at `answered`, and checks all of it. */
  finish(flow: Flow, answered: URL): Promise<Tokens>
  refresh(token: string | undefined, parameters?: Readonly<Record<string, string>>): Promise<Tokens>
  userinfo(tokens: Pick<Tokens, 'access_token'>): Promise<Response>
  isActive(token: string | undefined): Promise<boolean>
}

const administrator = { kind: 'operator', id: 'test' } as const

/** Registers a client and answers as whom it acts. `metadata` and the rest as in `Clients.create`. */
export async function register(
  { house, issuer }: { readonly house: { readonly clients: Clients }; readonly issuer: string },
  draft: Partial<ClientDraft> = {},
  connection: Pick<VisitorOptions, 'fetch'> = {},
): Promise<RelyingParty> {
  const created = await house.clients.create(
    { ...draft, metadata: { client_name: 'Orchard', redirect_uris: [callback], ...draft.metadata } },
    administrator,
  )
  if (created.status !== 'created') throw new Error(created.reasons.join('; '))
  return connect(issuer, created.client.id, created.secret, connection)
}

/** The party for a client that exists. */
export async function connect(
  issuer: string,
  id: string,
  secret: string | undefined,
  { fetch: goOut }: Pick<VisitorOptions, 'fetch'> = {},
): Promise<RelyingParty> {
  const seen = new Set(secret === undefined ? [] : [secret])
  const authentication = secret === undefined ? client.None() : client.ClientSecretBasic(secret)
  const configuration = await client.discovery(new URL(issuer), id, undefined, authentication, {
    ...(issuer.startsWith('http:') ? { execute: [client.allowInsecureRequests] } : {}),
    ...(goOut === undefined
      ? {}
      : { [client.customFetch]: (url: string, init: object) => goOut(new URL(url), init) }),
  })
  if (goOut !== undefined)
    configuration[client.customFetch] = (url, init) => goOut(new URL(url), init as never)

  function note(tokens: Tokens): Tokens {
    for (const token of [tokens.access_token, tokens.refresh_token, tokens.id_token])
      if (token !== undefined) seen.add(token)
    return tokens
  }

  return {
    id,
    secret,
    configuration,
    seen,
    async begin(parameters = {}) {
      const verifier = client.randomPKCECodeVerifier()
      const state = client.randomState()
      const nonce = client.randomNonce()
      seen.add(verifier)
      const url = client.buildAuthorizationUrl(configuration, {
        redirect_uri: callback,
        scope: 'openid profile email',
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
        ...parameters,
      })
      return { url, verifier, state, nonce }
    },
    finish: async ({ verifier, state, nonce }, answered) =>
      note(
        await client.authorizationCodeGrant(configuration, answered, {
          pkceCodeVerifier: verifier,
          expectedState: state,
          expectedNonce: nonce,
          idTokenExpected: true,
        }),
      ),
    refresh: async (token = '', parameters) =>
      note(await client.refreshTokenGrant(configuration, token, parameters)),
    userinfo: ({ access_token }) =>
      (goOut ?? ((url, init) => fetch(url, init)))(
        new URL(configuration.serverMetadata().userinfo_endpoint ?? ''),
        { headers: { authorization: `Bearer ${access_token}` } },
      ),
    isActive: async (token = '') => (await client.tokenIntrospection(configuration, token)).active,
  }
}

/** A browser that stops at the party's callback. */
export function browser(options: VisitorOptions = {}): Visitor {
  return createVisitor({ stopAt: callback, ...options })
}
