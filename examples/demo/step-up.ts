/**
 * Asking for more (RFC 9470), both sides, free of any library: `challengeFor` is the API's, `parametersFor` the application's. Copy what you need.
 * What the levels mean: docs/assurance.md.
 */

/** What an API asks of the sign-in behind an access token. */
export interface Demand {
  /** Values of `acr` that will do, in order of preference. */
  readonly acr: readonly string[]
  /** How long ago the sign-in may be at most, in seconds. */
  readonly maxAge: number
}

/** The claims of a JWT access token whose signature was checked, or the answer of the introspection endpoint. */
type Claims = Readonly<Record<string, unknown>>

/** For the API: undefined if this sign-in is enough, else the value of `WWW-Authenticate` for the 401. `now` in milliseconds. */
export function challengeFor(token: Claims, demand: Demand, now = Date.now()): string | undefined {
  const strong = demand.acr.some((acr) => acr === token.acr)
  const recent = typeof token.auth_time === 'number' && now / 1000 - token.auth_time <= demand.maxAge
  if (strong && recent) return undefined
  const why = strong ? 'A more recent sign-in is needed' : 'A stronger sign-in is needed'
  return [
    'Bearer error="insufficient_user_authentication"',
    `error_description="${why}"`,
    `acr_values="${demand.acr.join(' ')}"`,
    `max_age="${demand.maxAge}"`,
  ].join(', ')
}

/**
 * For the application: what to add to its next authorization request, undefined if the API did not ask for a better sign-in. Do it once per
 * answer of the API, never in a loop; and only for an API that is yours, since it decides what your people are asked.
 */
export function parametersFor(response: Response): Record<string, string> | undefined {
  const header = response.headers.get('www-authenticate') ?? ''
  const found = header.matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g)
  const given = Object.fromEntries(
    [...found].map(([, name = '', quoted, plain]) => [name, quoted ?? plain ?? '']),
  )
  if (response.status !== 401 || given.error !== 'insufficient_user_authentication') return undefined
  const { acr_values, max_age } = given
  return { ...(acr_values && { acr_values }), ...(max_age && { max_age }) }
}
