import type { Actor } from './audit-event.ts'
import type { Instant } from './time.ts'

/** What a person allowed a client, until withdrawn. Grants are made from it; it never is one. `id` is `consentId(…)`. */
export interface Consent {
  readonly id: string
  readonly version: number
  readonly identityId: string
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly claims: readonly string[]
  /** Scopes by resource indicator. */
  readonly resources: Readonly<Record<string, readonly string[]>>
  /** What the person unticked, not asked again: a scope by its name, others as `refusedClaim` and `refusedResourceScope` write them. */
  readonly refused: readonly string[]
  readonly grantedAt: Instant
  /** Asked again after this. */
  readonly expiresAt: Instant
}

/** Somebody allowed a client something that it did not have. */
export interface Granted {
  readonly identityId: string
  readonly clientId: string
  /** It had nothing at all. */
  readonly first: boolean
  readonly by: Actor
  /** Of the page. */
  readonly language?: string
}

export function consentId(identityId: string, clientId: string): string {
  return `${identityId} ${clientId}`
}

/** What is allowed, each named as a refusal of it would be. */
export function namesAllowed({
  scopes,
  claims = [],
  resources = {},
}: Pick<Consent, 'scopes'> & Partial<Pick<Consent, 'claims' | 'resources'>>): ReadonlySet<string> {
  return new Set([
    ...scopes,
    ...claims.map(refusedClaim),
    ...Object.entries(resources).flatMap(([indicator, allowed]) =>
      allowed.map((scope) => refusedResourceScope(indicator, scope)),
    ),
  ])
}

export function refusedClaim(claim: string): string {
  return `claims ${claim}`
}

export function refusedResourceScope(indicator: string, scope: string): string {
  return `${indicator} ${scope}`
}
