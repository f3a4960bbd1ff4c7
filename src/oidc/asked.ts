import type { Client } from '../domain/client.ts'
import { type Consent, refusedClaim, refusedResourceScope } from '../domain/consent.ts'
import { claimsCoveredBy, claimsOfScopes, identityScopes } from './claims.ts'
import type { Decision, ResourceSettings } from './dependencies.ts'
import { type Params, requestedClaims } from './requirement.ts'
import { allowedScopes } from './resources.ts'

/** What a consent page has to ask: only what was not decided before, unless the client wants everything asked again (`prompt=consent`). */
export interface Asked {
  readonly scopes: readonly { readonly name: string; readonly optional: boolean; readonly granted: boolean }[]
  /** Asked for by name and not covered by one of the scopes. */
  readonly claims: readonly string[]
  readonly resources: readonly {
    readonly indicator: string
    readonly name: string
    readonly scopes: readonly string[]
  }[]
}

export interface ConsentAnswer {
  readonly scopes: readonly string[]
  readonly claims: readonly string[]
  readonly resources: Readonly<Record<string, readonly string[]>>
}

/** About the sign-in and not about the person: nobody is asked (the library's list). */
const unasked = new Set(['sub', 'sid', 'auth_time', 'acr', 'amr', 'iss'])
const supported = new Set(Object.values(claimsOfScopes()).flat())

export function askedIn(
  params: Params,
  client: Client,
  record: Consent | undefined,
  resources: Readonly<Record<string, ResourceSettings>>,
): Asked {
  const again = words(params.prompt).includes('consent')
  const isNew = (allowed: readonly string[] | undefined, name: string, refusal: string) =>
    again || !(allowed?.includes(name) === true || record?.refused.includes(refusal) === true)
  const requested = [...new Set(words(params.scope))]
  const own = requested.filter((scope) => identityScopes.has(scope))
  const covered = claimsCoveredBy(own)
  return {
    scopes: own
      .filter((scope) => isNew(record?.scopes, scope, scope))
      .map((name) => ({
        name,
        optional: name !== 'openid',
        granted: record?.scopes.includes(name) === true,
      })),
    claims: requestedClaims(params)
      .filter((claim) => supported.has(claim) && !unasked.has(claim) && !covered.has(claim))
      .filter((claim) => isNew(record?.claims, claim, refusedClaim(claim))),
    resources: indicatorsIn(params).flatMap((indicator) => {
      const resource = Object.hasOwn(resources, indicator) ? resources[indicator] : undefined
      const scopes = allowedScopes(resource?.scopes ?? [], client)
        .filter((scope) => requested.includes(scope))
        .filter((scope) => isNew(record?.resources[indicator], scope, refusedResourceScope(indicator, scope)))
      return scopes.length === 0 ? [] : [{ indicator, name: resource?.name ?? indicator, scopes }]
    }),
  }
}

/** What an answer means for what was asked; what was not asked cannot be answered. */
export function decisionOn(asked: Asked, answer: ConsentAnswer): Decision {
  const scopes = asked.scopes.filter((scope) => !scope.optional || answer.scopes.includes(scope.name))
  const claims = asked.claims.filter((claim) => answer.claims.includes(claim))
  const allowedOf = ({ indicator, scopes: all }: Asked['resources'][number]) =>
    all.filter(
      (scope) => Object.hasOwn(answer.resources, indicator) && answer.resources[indicator]?.includes(scope),
    )
  return {
    scopes: scopes.map((scope) => scope.name),
    claims,
    resources: Object.fromEntries(
      asked.resources.map((resource) => [resource.indicator, allowedOf(resource)]),
    ),
    refused: [
      ...asked.scopes.filter((scope) => !scopes.includes(scope)).map((scope) => scope.name),
      ...asked.claims.filter((claim) => !claims.includes(claim)).map(refusedClaim),
      ...asked.resources.flatMap((resource) =>
        resource.scopes
          .filter((scope) => !allowedOf(resource).includes(scope))
          .map((scope) => refusedResourceScope(resource.indicator, scope)),
      ),
    ],
  }
}

function indicatorsIn(params: Params): string[] {
  const { resource } = params as { resource?: unknown }
  return [resource].flat().filter((indicator) => typeof indicator === 'string')
}

function words(value: unknown): string[] {
  return typeof value === 'string' && value !== '' ? value.split(' ') : []
}
