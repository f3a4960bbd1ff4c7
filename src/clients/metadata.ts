// Holds client metadata (OIDC Registration 2, RFC 7591) to what Signet can keep and wants to: a table of checks, and the rules between fields.
import { type AcrNames, levelOf } from '../domain/assurance.ts'
import { claimsByScope } from '../domain/claims.ts'
import type { ClientMetadata } from '../domain/client.ts'
import { parseAs } from '../domain/identifier.ts'
import { jwksFaults } from './jwks.ts'
import { httpsFault, isPrivateUse, redirectFault, webFault } from './uris.ts'

export interface MetadataRules {
  /** Scopes that exist here beside the standard ones: those of the configured resources. */
  readonly scopes: readonly string[]
  /** What relying parties call our levels. */
  readonly acr?: AcrNames
}

type Check = (value: unknown, metadata: ClientMetadata, rules: MetadataRules) => readonly string[]

const secretMethods = ['client_secret_basic', 'client_secret_post']
const methods = [...secretMethods, 'none', 'private_key_jwt']
const grants = ['authorization_code', 'refresh_token', 'client_credentials']
// No HS*: the library would derive their key from a placeholder, because our secrets are hashed. No `none` either.
const ourAlgorithms = ['ES256', 'RS256', 'EdDSA', 'Ed25519']
const theirAlgorithms = [...ourAlgorithms, 'ES384', 'ES512', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']

// RSA1_5 is broken, A*KW and dir want a shared secret.
const keyAgreements = ['ECDH-ES', 'RSA-OAEP', 'RSA-OAEP-256']
const contentCiphers = ['A128CBC-HS256', 'A256CBC-HS512', 'A128GCM', 'A256GCM']
const encryptable = ['id_token', 'userinfo'] as const

const checks: Record<string, Check> = {
  client_name: text(200),
  redirect_uris: redirects,
  post_logout_redirect_uris: redirects,
  grant_types: listOf(grants),
  response_types: listOf(['code', 'none']),
  response_modes: listOf(['query', 'fragment', 'form_post']),
  application_type: oneOf(['web', 'native']),
  token_endpoint_auth_method: oneOf(methods),
  token_endpoint_auth_signing_alg: oneOf(theirAlgorithms),
  id_token_signed_response_alg: oneOf(ourAlgorithms),
  userinfo_signed_response_alg: oneOf(ourAlgorithms),
  introspection_signed_response_alg: oneOf(ourAlgorithms),
  id_token_encrypted_response_alg: oneOf(keyAgreements),
  id_token_encrypted_response_enc: oneOf(contentCiphers),
  userinfo_encrypted_response_alg: oneOf(keyAgreements),
  userinfo_encrypted_response_enc: oneOf(contentCiphers),
  subject_type: oneOf(['public', 'pairwise']),
  sector_identifier_uri: address(httpsFault),
  jwks: jwksFaults,
  jwks_uri: address(webFault),
  logo_uri: address(webFault),
  policy_uri: address(webFault),
  tos_uri: address(webFault),
  client_uri: address(webFault),
  initiate_login_uri: address(httpsFault),
  backchannel_logout_uri: address(webFault),
  backchannel_logout_session_required: flag,
  require_auth_time: flag,
  default_max_age: (value) =>
    Number.isSafeInteger(value) && Number(value) >= 0 ? [] : ['must be a number of seconds'],
  default_acr_values: (value, metadata, rules) =>
    strings((one) => levelOf(one, rules.acr) !== undefined, 'is no level of this server')(
      value,
      metadata,
      rules,
    ),
  contacts: strings((value) => parseAs('email', value) !== undefined, 'is no e-mail address'),
  scope: (value, _metadata, { scopes }) =>
    typeof value !== 'string'
      ? ['must be text']
      : value
          .split(' ')
          .flatMap((scope) =>
            Object.hasOwn(claimsByScope, scope) || scopes.includes(scope)
              ? []
              : [`names ${quoted(scope)}, which does not exist here`],
          ),
}

/** Everything that is wrong, in sentences that begin with the field; empty when the metadata is fine. `metadata` may be input. */
export function checkMetadata(
  metadata: ClientMetadata,
  rules: MetadataRules = { scopes: [] },
): readonly string[] {
  const single = Object.entries(metadata).flatMap(([name, value]) => {
    if (value === undefined) return []
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined
    if (check === undefined) return [`${quoted(name)} is no client metadata that this server supports`]
    return check(value, metadata, rules).map((fault) => (fault.startsWith(name) ? fault : `${name} ${fault}`))
  })
  // The rules between fields read fields: only once each is what it should be.
  return single.length > 0 ? single : together(metadata)
}

/** With what follows from what is given: the usual grants, no code without its grant, `native` for private-use redirect URIs, no repeated values. */
export function completed(metadata: ClientMetadata): ClientMetadata {
  const { grant_types: wanted, response_types, application_type, redirect_uris = [] } = metadata
  const withoutCode =
    Array.isArray(wanted) && !wanted.includes('authorization_code') && response_types === undefined
  const isNative =
    application_type === undefined && Array.isArray(redirect_uris) && redirect_uris.some(isPrivate)
  const defined = Object.entries(metadata).filter(([, value]) => value !== undefined && value !== null)
  const unique = defined.map(([name, value]) => [name, Array.isArray(value) ? [...new Set(value)] : value])
  return {
    ...(wanted === undefined ? { grant_types: usualGrants(metadata) } : {}),
    ...Object.fromEntries(unique),
    ...(withoutCode ? { response_types: [] } : {}),
    ...(isNative ? { application_type: 'native' } : {}),
  }
}

/** People expect a sign-in to last (refresh tokens, bound to the session unless more was allowed), and a client that can keep a secret to act for itself. */
function usualGrants({ token_endpoint_auth_method }: ClientMetadata): readonly string[] {
  return grants.filter((grant) => grant !== 'client_credentials' || token_endpoint_auth_method !== 'none')
}

/** The client authenticates with a secret that Signet makes. */
export function needsSecret(metadata: ClientMetadata): boolean {
  return secretMethods.includes(metadata.token_endpoint_auth_method ?? 'client_secret_basic')
}

function together(metadata: ClientMetadata): readonly string[] {
  const { grant_types = ['authorization_code'], response_types = ['code'], redirect_uris = [] } = metadata
  const method = metadata.token_endpoint_auth_method
  const hosts = new Set(redirect_uris.map((uri) => new URL(uri).host))
  const rules: readonly (readonly [boolean, string])[] = [
    [response_types.length > 0 && redirect_uris.length === 0, 'redirect_uris must name at least one address'],
    [
      response_types.includes('code') && !grant_types.includes('authorization_code'),
      'grant_types must include authorization_code for the response type code',
    ],
    [
      grant_types.includes('refresh_token') && !grant_types.includes('authorization_code'),
      'grant_types has refresh_token without a grant that issues one',
    ],
    [
      method === 'none' && grant_types.includes('client_credentials'),
      'grant_types has client_credentials, which needs a client that authenticates',
    ],
    [
      method === 'private_key_jwt' && metadata.jwks === undefined && metadata.jwks_uri === undefined,
      'jwks or jwks_uri is needed for private_key_jwt',
    ],
    ...encryptable.flatMap((what) => encryptionRules(metadata, what)),
    [metadata.jwks !== undefined && metadata.jwks_uri !== undefined, 'jwks and jwks_uri exclude each other'],
    [
      metadata.token_endpoint_auth_signing_alg !== undefined && method !== 'private_key_jwt',
      'token_endpoint_auth_signing_alg belongs to private_key_jwt',
    ],
    [
      metadata.subject_type === 'pairwise' && hosts.size > 1 && metadata.sector_identifier_uri === undefined,
      'sector_identifier_uri is needed for pairwise subjects with redirect URIs on several hosts',
    ],
  ]
  return rules.flatMap(([broken, reason]) => (broken ? [reason] : []))
}

/** OIDC Registration 2: content is encrypted to a key of the client, by an algorithm that it names. */
function encryptionRules(
  metadata: ClientMetadata,
  what: (typeof encryptable)[number],
): readonly (readonly [boolean, string])[] {
  const [alg, enc] = [`${what}_encrypted_response_alg`, `${what}_encrypted_response_enc`]
  const hasKeys = metadata.jwks !== undefined || metadata.jwks_uri !== undefined
  return [
    [metadata[alg] !== undefined && !hasKeys, `jwks or jwks_uri is needed for ${alg}`],
    [metadata[enc] !== undefined && metadata[alg] === undefined, `${alg} is needed with ${enc}`],
  ]
}

function redirects(value: unknown, { application_type, redirect_uris }: ClientMetadata): readonly string[] {
  const isNative =
    application_type === 'native' ||
    (application_type === undefined && (redirect_uris ?? []).some?.(isPrivate))
  if (!Array.isArray(value)) return ['must be a list']
  return faults(value, (uri) => redirectFault(uri, isNative))
}

function isPrivate(uri: unknown): boolean {
  return typeof uri === 'string' && isPrivateUse(uri)
}

function text(longest: number): Check {
  return (value) => {
    if (typeof value !== 'string' || value.trim() === '' || value.length > longest)
      return [`must be text of 1 to ${longest} characters`]
    // Direction marks could turn one name into another on a consent page.
    return /[\p{Cc}\p{Bidi_Control}]/u.test(value) ? ['holds control characters'] : []
  }
}

function oneOf(choices: readonly string[]): Check {
  return (value) => (choices.includes(value as string) ? [] : [`must be one of ${choices.join(', ')}`])
}

function listOf(choices: readonly string[]): Check {
  return strings((value) => choices.includes(value), `is none of ${choices.join(', ')}`)
}

function strings(isFine: (value: string) => boolean, fault: string): Check {
  return (value) => {
    if (!Array.isArray(value)) return ['must be a list']
    return faults(value, (item) => (typeof item === 'string' && isFine(item) ? undefined : fault))
  }
}

function faults(
  items: readonly unknown[],
  faultOf: (item: unknown) => string | undefined,
): readonly string[] {
  return items.flatMap((item) => {
    const fault = faultOf(item)
    return fault === undefined ? [] : [`has ${quoted(item)}, which ${fault}`]
  })
}

function address(faultOf: (uri: unknown) => string | undefined): Check {
  return (value) => {
    const fault = faultOf(value)
    return fault === undefined ? [] : [fault]
  }
}

function flag(value: unknown): readonly string[] {
  return typeof value === 'boolean' ? [] : ['must be true or false']
}

function quoted(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 200)
}
