/** OIDC Core 5.1.1 */
export interface AddressClaim {
  readonly formatted?: string
  readonly street_address?: string
  readonly locality?: string
  readonly region?: string
  readonly postal_code?: string
  readonly country?: string
}

/** The stored standard claims of OIDC Core 5.1 (the derived ones come from identifiers and state). */
export interface Claims {
  readonly name?: string
  readonly given_name?: string
  readonly family_name?: string
  readonly middle_name?: string
  readonly nickname?: string
  readonly profile?: string
  readonly picture?: string
  readonly website?: string
  readonly gender?: string
  readonly birthdate?: string
  readonly zoneinfo?: string
  readonly locale?: string
  readonly address?: AddressClaim
}

/** Scope → claims (OIDC Core 5.4), and our `groups`. */
export const claimsByScope: Record<string, readonly string[]> = {
  openid: ['sub'],
  profile: [
    'name',
    'given_name',
    'family_name',
    'middle_name',
    'nickname',
    'preferred_username',
    'profile',
    'picture',
    'website',
    'gender',
    'birthdate',
    'zoneinfo',
    'locale',
    'updated_at',
  ],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  address: ['address'],
  groups: ['groups'],
  offline_access: [],
}

/** New values by name; null or an empty string takes a claim away. */
export type ClaimsChange = { readonly [Name in keyof Claims]?: Claims[Name] | null }

type Check = (value: unknown) => boolean

const checks: Record<keyof Claims, Check> = {
  name: line(200),
  given_name: line(200),
  family_name: line(200),
  middle_name: line(200),
  nickname: line(200),
  profile: webAddress,
  picture: webAddress,
  website: webAddress,
  gender: line(64),
  birthdate: isBirthdate,
  zoneinfo: isZone,
  locale: isLanguageTag,
  address: isAddress,
}

const addressParts: Record<keyof AddressClaim, Check> = {
  formatted: lines(1_000),
  street_address: lines(500),
  locality: line(200),
  region: line(200),
  postal_code: line(40),
  country: line(100),
}

/**
 * The claims after a change, or the name of the first one that is not as OIDC Core 5.1 wants it. Names that are no stored claim are invalid,
 * so that nothing else is ever written through here. `change` may be input.
 */
export function changedClaims(
  current: Claims,
  change: Readonly<Record<string, unknown>>,
): { readonly claims: Claims } | { readonly invalid: string } {
  const next: Record<string, unknown> = { ...current }
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) continue
    if (!Object.hasOwn(checks, name)) return { invalid: name }
    if (value === null || value === '') delete next[name]
    else if (checks[name as keyof Claims](value)) next[name] = value
    else return { invalid: name }
  }
  return { claims: next as Claims }
}

function line(longest: number): Check {
  return (value) => isText(value, longest) && !/\p{Cc}/u.test(value)
}

function lines(longest: number): Check {
  return (value) => isText(value, longest) && !/(?![\r\n])\p{Cc}/u.test(value)
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= longest && value.isWellFormed()
}

/** https only: pages and applications show these as links and pictures (S37). */
function webAddress(value: unknown): boolean {
  if (!isText(value, 2_000)) return false
  const url = URL.parse(value)
  return url !== null && url.protocol === 'https:' && url.username === '' && url.password === ''
}

/** `YYYY`, `YYYY-MM-DD`, or `0000-MM-DD` when the year is nobody's business. */
function isBirthdate(value: unknown): boolean {
  if (typeof value !== 'string') return false
  if (/^\d{4}$/.test(value)) return value !== '0000'
  const [, year, monthAndDay] = /^(\d{4})-(\d\d-\d\d)$/.exec(value) ?? []
  if (year === undefined || monthAndDay === undefined) return false
  // Year 0000 is a leap year, so that the 29th of February stays possible without a year.
  const time = Date.parse(`${year}-${monthAndDay}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().slice(5, 10) === monthAndDay
}

/** A name of the IANA time zone database; offsets are not names. */
function isZone(value: unknown): boolean {
  if (!isText(value, 64) || !/^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/.test(value)) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }) !== undefined
  } catch {
    return false
  }
}

/** BCP 47. */
function isLanguageTag(value: unknown): boolean {
  if (!isText(value, 64)) return false
  try {
    return Intl.getCanonicalLocales(value).length === 1
  } catch {
    return false
  }
}

function isAddress(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const parts = Object.entries(value)
  return (
    parts.length > 0 &&
    parts.every(
      ([name, part]) => Object.hasOwn(addressParts, name) && addressParts[name as keyof AddressClaim](part),
    )
  )
}
