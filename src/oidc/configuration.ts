import type { Context } from 'koa'
import { type AdapterFactory, type Configuration, errors, type JWKS } from 'oidc-provider'
import { acrValues } from '../domain/assurance.ts'
import { createFindAccount } from './account.ts'
import { claimsOfScopes } from './claims.ts'
import { clockTolerance, createAssertionCheck } from './client-assertions.ts'
import { clientOf } from './clients.ts'
import type { CurrentSession } from './current-session.ts'
import type { OidcDependencies } from './dependencies.ts'
import { createLoadGrant } from './grants.ts'
import { createPolicy } from './interaction-policy.ts'
import { createRenderError, createSignOutPages, type EndSession } from './logout.ts'
import { type ClaimsParameter, claimsFault } from './requirement.ts'
import { resourceFor } from './resources.ts'
import { extraTokenClaims } from './token-claims.ts'
import { lifetimesFor } from './token-lifetimes.ts'
import {
  createIntrospectionPolicy,
  isOwnOrigin,
  isPkceRequired,
  mayRevoke,
  type SubjectOf,
} from './token-policies.ts'

/** What a configuration is made of beside the dependencies. */
export interface Parts {
  readonly currentSession: (ctx: Context) => Promise<CurrentSession | undefined>
  readonly adapter: AdapterFactory
  readonly jwks: JWKS
  /** Ends the session of the request, tokens and all. */
  readonly endSession: EndSession
  readonly subjectOf: SubjectOf
}

// Asymmetric only: a secret that we keep as a hash cannot be a key, and the library would make one of the placeholder.
const signing = ['ES256', 'RS256', 'PS256', 'EdDSA', 'Ed25519'] as const
const keyWrapping = ['ECDH-ES', 'RSA-OAEP', 'RSA-OAEP-256'] as const

const authMethods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'] as const

/** Everything that oidc-provider is told, in the order of its documentation. */
export function configurationOf(deps: OidcDependencies, parts: Parts): Configuration {
  const { config, clock, consents, identities } = deps
  const [firstAlgorithm = 'ES256'] = config.keys.algorithms
  return {
    adapter: parts.adapter,
    clients: [],
    findAccount: createFindAccount(identities),
    jwks: parts.jwks,
    features: featuresOf(deps, parts),
    acrValues: acrValues(config.acr),
    allowOmittingSingleRegisteredRedirectUri: false,
    assertJwtClientAuthClaimsAndHeader: createAssertionCheck(config.issuer, clock),
    claims: claimsOfScopes(),
    clientBasedCORS: isOwnOrigin,
    clientDefaults: { id_token_signed_response_alg: firstAlgorithm },
    clockTolerance,
    cookies: cookiesFor(config.issuer),
    discovery: {
      ui_locales_supported: [...config.languages],
      prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
      introspection_endpoint_auth_methods_supported: authMethods.filter((method) => method !== 'none'),
      introspection_endpoint_auth_signing_alg_values_supported: [...signing],
      revocation_endpoint_auth_methods_supported: [...authMethods],
      revocation_endpoint_auth_signing_alg_values_supported: [...signing],
    } as Configuration['discovery'],
    enabledJWA: {
      clientAuthSigningAlgValues: [...signing],
      idTokenSigningAlgValues: [...signing],
      userinfoSigningAlgValues: [...signing],
      idTokenEncryptionAlgValues: [...keyWrapping],
      userinfoEncryptionAlgValues: [...keyWrapping],
      requestObjectSigningAlgValues: [...signing],
      requestObjectEncryptionAlgValues: [...keyWrapping],
    },
    // Bound to the session, unless the person allowed more (OIDC Core 11).
    expiresWithSession: async (_ctx, source) => !source.scopes.has('offline_access'),
    extraTokenClaims,
    fetch: (url, options) => deps.fetch(String(url), fetchOptions(options)),
    interactions: {
      policy: createPolicy({ identities, subjectOf: parts.subjectOf, acr: config.acr, enough: deps.enough }),
      url: (_ctx, interaction) => `/interaction/${interaction.uid}`,
    },
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    loadExistingGrant: createLoadGrant(consents),
    pairwiseIdentifier: async (_ctx, accountId, client) => parts.subjectOf(accountId, client),
    pkce: { required: isPkceRequired },
    renderError: createRenderError(deps.pages),
    responseTypes: ['code', 'none'],
    // Each use makes a successor, for confidential clients too: a stolen token shows when both are used (S8).
    rotateRefreshToken: true,
    routes: {
      authorization: '/authorize',
      end_session: '/logout',
      introspection: '/introspect',
      jwks: '/jwks',
      revocation: '/revoke',
      token: '/token',
      userinfo: '/userinfo',
    },
    scopes: ['openid', 'offline_access'],
    // Fetched when the client is built, once per version: see `clients.ts`.
    sectorIdentifierUriValidate: () => true,
    subjectTypes: ['public', 'pairwise'],
    clientAuthMethods: [...authMethods],
    ttl: lifetimesFor(config, clock),
  }
}

function featuresOf(deps: OidcDependencies, parts: Parts): NonNullable<Configuration['features']> {
  const { config } = deps
  return {
    backchannelLogout: { enabled: true },
    claimsParameter: { enabled: true, assertClaimsParameter: refuseFaultyClaims },
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    dPoP: { enabled: false },
    encryption: { enabled: true },
    introspection: { enabled: true, allowedPolicy: createIntrospectionPolicy(config, deps.identities) },
    jwtUserinfo: { enabled: true },
    pushedAuthorizationRequests: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: async (_ctx, indicator, client) =>
        resourceFor(config, indicator, clientOf(client)),
    },
    revocation: { enabled: true, allowedPolicy: mayRevoke },
    rpInitiatedLogout: {
      enabled: true,
      ...createSignOutPages(deps.pages, parts),
    },
  }
}

/** In the place of the library's own check: what cannot be read, of `acr` too, must not count as if nothing had been asked. */
async function refuseFaultyClaims(_ctx: unknown, claims: ClaimsParameter): Promise<void> {
  const fault = claimsFault(claims)
  if (fault !== undefined) throw new errors.InvalidRequest(fault)
}

/** `__Host-` where the path is `/`; the library gives the other two the path of their interaction, so that two tabs do not meet. */
function cookiesFor(issuer: string): NonNullable<Configuration['cookies']> {
  const secure = issuer.startsWith('https:')
  // Unsigned: the ids are 256 random bits and looked up by digest, a signature would say nothing more.
  const options = { httpOnly: true, sameSite: 'lax', secure, signed: false, overwrite: true } as const
  return {
    names: {
      session: `${secure ? '__Host-' : ''}signet-session`,
      interaction: `${secure ? '__Secure-' : ''}signet-interaction`,
      resume: `${secure ? '__Secure-' : ''}signet-resume`,
    },
    long: { ...options, path: '/' },
    short: options,
    keys: [],
  }
}

/** The guarded fetch brings its own dispatcher: the library's one refuses an address only after connecting. */
function fetchOptions(options: object | undefined): RequestInit {
  const { dispatcher: _, ...rest } = { ...options } as RequestInit & { dispatcher?: unknown }
  return rest
}
