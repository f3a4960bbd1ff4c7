import { z } from 'zod'
import { acrPrefix } from '../domain/assurance.ts'
import { cases } from './cases.ts'
import { contacts } from './contacts.ts'
import { client, resource, withoutTwins } from './entries.ts'
import { level, policySchema } from './policy.ts'
import { recoveries } from './recovery.ts'
import { places, signals } from './risk.ts'
import { duration, flag, list, masterKey, range, size, text, url, whole, word } from './values.ts'

// What may stand in the configuration. Defaults and the explanation of each key are in config/default.yaml, which has every key.
// The upper limits are those that security promises rest on; see docs/configuration.md.

const map = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape, 'a map of settings')

const webUrl = url('a URL with http or https', 'http:', 'https:').nullable()
const languageTag = text('a language tag such as en or pt-BR', (tag) =>
  /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(tag),
)
const host = text('a host such as id.example.com, with a port if it is not the usual one', (value) =>
  /^(\[[\da-f:.]+\]|[a-z\d.-]+)(:\d{1,5})?$/i.test(value),
)
const indicator = text('an absolute URI without fragment (RFC 8707)', (value) => {
  return URL.canParse(value) && !value.includes('#')
})

// In `acr_values` a space ends a name.
const acrName = text(
  `a name without spaces that does not begin with ${acrPrefix}`,
  (name) => /^[\x21-\x7e]+$/.test(name) && !name.startsWith(acrPrefix),
)

const passwordFactor = map({
  enabled: flag,
  min_length: whole(15, 64),
  min_length_with_second_factor: whole(8, 64),
  max_length: whole(64, 4096),
  breach_check: map({ url: webUrl, timeout: duration({ max: '10s' }) }),
})

const aaguid = text('an AAGUID such as 08987058-cadc-4b81-b6e1-30de50dcbe96', (value) =>
  /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(value),
)

const publicKeyFactor = map({
  enabled: flag,
  attestation: word(['none', 'indirect', 'direct', 'enterprise']),
  attestation_roots: list(
    text('a certificate in PEM form', (pem) => pem.trim().startsWith('-----BEGIN CERTIFICATE-----')),
    'a list of certificates',
  ),
  allow: list(aaguid, 'a list of AAGUIDs'),
  deny: list(aaguid, 'a list of AAGUIDs'),
}).superRefine(({ attestation, allow, attestation_roots }, context) => {
  // Without asking, most authenticators do not say which make they are.
  if (attestation !== 'none' || (allow.length === 0 && attestation_roots.length === 0)) return
  const message = 'direct, because `allow` or `attestation_roots` is set'
  context.addIssue({ code: 'custom', message, path: ['attestation'] })
})

// S28: at least six digits, at most ten minutes.
const sentCode = {
  enabled: flag,
  digits: whole(6, 9),
  lifetime: duration({ min: '1m', max: '10m' }),
  tries: whole(1, 10),
  per_hour: whole(1, 1_000),
}
const magicLinkFactor = map({
  enabled: flag,
  lifetime: duration({ min: '1m', max: '15m' }),
  per_hour: whole(1, 1_000),
})
const pushFactor = map({
  enabled: flag,
  lifetime: duration({ min: '30s', max: '10m' }),
  per_hour: whole(1, 1_000),
  contact: url('mailto:somebody@example.com or a URL with https', 'mailto:', 'https:').nullable(),
  queue: whole(1, 10_000_000),
})
const smsCodeFactor = map({
  ...sentCode,
  first: flag,
  per_number_per_month: whole(1, 1_000_000),
  per_month: whole(1, 1_000_000_000),
})

const totpFactor = map({
  enabled: flag,
  algorithm: word(['SHA-1', 'SHA-256', 'SHA-512']),
  digits: whole(6, 8),
  period: duration({ min: '15s', max: '60s' }),
  // Each further step is one more code that a guess may hit (S27).
  window: whole(0, 2),
})

const factors = map({
  password: passwordFactor,
  totp: totpFactor,
  push: pushFactor,
  magic_link: magicLinkFactor,
  backup_code: map({ enabled: flag, count: whole(5, 20) }),
  trusted_device: map({ enabled: flag, lifetime: duration({ min: '1h', max: '90d' }) }),
  email_code: map(sentCode),
  sms_code: smsCodeFactor,
  passkey: publicKeyFactor,
  security_key: publicKeyFactor,
})

const lifetimes = map({
  authentication: duration({ min: '1m', max: '24h' }),
  code: duration({ min: '1s', max: '60s' }),
  interaction: duration({ min: '1m', max: '24h' }),
  access_token_jwt: duration({ min: '1s', max: '5m' }),
  access_token: duration({ min: '1s', max: '24h' }),
  id_token: duration({ min: '1s', max: '24h' }),
  refresh_idle: duration({ min: '1s' }),
  refresh_absolute: duration({ min: '1s' }),
  refresh_retry_window: duration({ max: '60s' }),
  session_idle: duration({ min: '1s' }),
  session_idle_two_factors: duration({ min: '1s' }),
  session_absolute: duration({ min: '1s' }),
  session_remembered: duration({ min: '1s' }),
  consent: duration({ min: '1s' }),
})

/** The whole configuration: input as in the YAML, output with durations in milliseconds and sizes in bytes. */
export const schema = map({
  mode: word(['development', 'production']),
  issuer: text('a URL with scheme and host only, such as https://id.example.com', isOrigin).nullable(),
  port: whole(1, 65_535),
  host: text('an address or host name to listen on'),
  trusted_proxies: list(range, 'a list of addresses or ranges'),
  allowed_hosts: list(host, 'a list of hosts'),
  data: text('a folder'),
  storage: text('sqlite:<file> or a mongodb:// URL', (value) =>
    /^(sqlite:.|mongodb(\+srv)?:\/\/.)/.test(value),
  ).nullable(),
  master_key: masterKey.nullable(),
  previous_master_keys: list(masterKey, 'a list of keys'),
  log: map({ level: word(['trace', 'debug', 'info', 'warn', 'error', 'silent']) }),
  brand: map({ name: text('text'), support_url: webUrl, terms_url: webUrl, privacy_url: webUrl }),
  languages: list(languageTag, 'a list of languages').min(1, 'at least one language'),
  registration: map({
    open: flag,
    allowed_domains: list(text('a domain such as example.com', isDomain).toLowerCase(), 'a list of domains'),
    code_lifetime: duration({ min: '1m', max: '10m' }),
    code_tries: whole(1, 10),
  }),
  identifiers: map({
    code_lifetime: duration({ min: '1m', max: '10m' }),
    code_tries: whole(1, 10),
    per_hour: whole(1, 1_000),
    username_reserved: duration({ max: '3650d' }),
  }),
  invitation: map({ lifetime: duration({ min: '1m', max: '60d' }) }),
  recovery: map({ link_lifetime: duration({ min: '1m', max: '15m' }), ...recoveries, contacts, cases }),
  alerts: map({ new_device: flag, new_place: flag, objection_lifetime: duration({ min: '1h', max: '30d' }) }),
  account: map({
    deletion_delay: duration({ min: '1h', max: '30d' }),
    export_lifetime: duration({ min: '10m', max: '7d' }),
  }),
  factors,
  webauthn: map({
    related_origins: list(text('an origin such as https://example.org', isOrigin), 'a list of origins'),
  }),
  hashing: map({
    memory: size({ min: '8kb', max: '4gb' }),
    iterations: whole(1, 1_000),
    parallelism: whole(1, 64),
    in_flight: whole(0, 256),
    queue: whole(1, 100_000),
    queue_per_address: whole(1, 100_000),
    nice: whole(0, 19),
  }),
  throttle: map({
    free_tries: whole(1, 100),
    free_tries_per_address: whole(1, 100_000),
    first_pause: duration({ min: '1s', max: '1h' }),
    longest_pause: duration({ min: '1s', max: '24h' }),
    forget_after: duration({ min: '1m', max: '30d' }),
    lock_after: whole(5, 100),
  }),
  policy: policySchema({
    factors: namesIn(factors.omit({ trusted_device: true })),
    signals: namesIn(signals),
  }),
  acr: z.record(acrName, level, 'a map of levels by name'),
  places,
  signals,
  lifetimes,
  keys: map({
    algorithms: list(word(['ES256', 'RS256', 'EdDSA']), 'a list of algorithms').min(
      1,
      'at least one algorithm',
    ),
    rotate_every: duration({ min: '1h' }),
    jwks_max_age: duration({ min: '1s', max: '24h' }),
    poll: duration({ min: '100ms', max: '5m' }),
  }),
  backchannel_logout: map({
    timeout: duration({ min: '100ms', max: '30s' }),
    queue: whole(1, 10_000_000),
  }),
  mail: map({
    url: url('smtp://user:password@host:587 or smtps://user:password@host', 'smtp:', 'smtps:').nullable(),
    from: text('an address such as "Signet <id@example.com>"', (value) => value.includes('@')).nullable(),
    require_tls: flag,
    queue: whole(1, 10_000_000),
  }),
  sms: map({
    url: url('the https URL of an HTTP gateway', 'https:', 'http:').nullable(),
    method: word(['POST', 'PUT', 'GET']),
    headers: z.record(
      text('a header name', (name) => /^[\w-]+$/.test(name)),
      text('the text of a header', (value) => /^[\x20-\x7e]*$/.test(value)),
      'a map of headers',
    ),
    body: text('text'),
    queue: whole(1, 10_000_000),
  }),
  inbox: flag,
  demo: map({ enabled: flag, port: whole(1, 65_535) }),
  resources: z.record(indicator, resource, 'a map of resources by indicator'),
  clients: list(client, 'a list of clients').superRefine(withoutTwins),
  outbound: map({
    timeout: duration({ min: '100ms', max: '30s' }),
    max_bytes: size({ min: '1kb', max: '16mb' }),
    allow: list(text('a host or a range'), 'a list of hosts and ranges'),
  }),
})

/** Dotted keys whose values are never shown. */
export const secretKeys: readonly string[] = [
  'master_key',
  'previous_master_keys',
  'storage',
  'mail.url',
  'sms.url',
  'sms.headers',
]

/** The keys that the schema knows at `path`; empty where it has none or takes any. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] {
  const at = schemaAt(path)
  return at instanceof z.ZodObject ? Object.keys(at.shape) : []
}

/** The schema of one key, without its wrapping (nullable, default …); undefined when there is none. */
export function schemaAt(path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  let at: z.core.$ZodType | undefined = schema
  for (const step of path) {
    if (at instanceof z.ZodObject) at = at.shape[String(step)]
    else if (at instanceof z.ZodArray) at = at.element
    else if (at instanceof z.ZodRecord) at = at.valueType
    else return undefined
    at = unwrapped(at)
  }
  return at
}

function unwrapped(type: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  if (type instanceof z.ZodNullable || type instanceof z.ZodOptional || type instanceof z.ZodDefault) {
    return unwrapped(type.def.innerType)
  }
  return type
}

/** What is called `new_place` as a setting is `new-place` as a name. */
function namesIn(settings: z.ZodObject): string[] {
  return Object.keys(settings.shape).map((key) => key.replaceAll('_', '-'))
}

function isOrigin(value: string): boolean {
  const parsed = URL.parse(value)
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return false
  return value === parsed.origin
}

function isDomain(value: string): boolean {
  return /^[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)*$/u.test(value)
}
