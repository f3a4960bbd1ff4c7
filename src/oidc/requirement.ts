import { decodeJwt } from 'jose'
import { acrOf, type Level, levelOf, levels, reaches } from '../domain/assurance.ts'
import type { Requirement } from '../domain/authentication.ts'

/** The parameters of an authorization request, as stored with its interaction. */
export type Params = Readonly<Record<string, unknown>>

/** How strong the sign-in must be, from `acr_values` (a wish, OIDC Core 3.1.2.1) or from the `acr` claim marked essential (5.5.1.1). */
export interface WantedAcr {
  readonly essential: boolean
  /** In the client's order of preference; values that we do not know are left out. */
  readonly levels: readonly Level[]
}

/** What the request asks of `acr`; undefined when it asks nothing. Essential with no level is something that we can never do. */
export function wantedAcr(params: Params): WantedAcr | undefined {
  const claim = idTokenClaim(params, 'acr')
  if (claim?.essential === true) {
    const values = Array.isArray(claim.values) ? claim.values : claim.value === undefined ? [] : [claim.value]
    if (values.length > 0) return { essential: true, levels: known(values) }
  }
  const wishes = text(params.acr_values)?.split(' ') ?? []
  return wishes.length === 0 ? undefined : { essential: false, levels: known(wishes) }
}

/** The least of the wanted levels will do; a wish is taken at its first word. */
function levelFor(wanted: WantedAcr | undefined): Level {
  if (wanted === undefined) return 'none'
  if (!wanted.essential) return wanted.levels[0] ?? 'none'
  return levels.find((level) => wanted.levels.includes(level)) ?? 'none'
}

/** True when a session of this level answers what was asked for. */
export function satisfies(level: Level, wanted: WantedAcr): boolean {
  return wanted.levels.some((one) => reaches(level, one))
}

/** The `acr` to report: one of those asked for, the strongest that was reached; else what the session has. */
export function reportedAcr(level: Level, wanted: WantedAcr): string {
  const reached = levels.filter((one) => wanted.levels.includes(one) && reaches(level, one))
  return acrOf(wanted.levels.includes(level) ? level : (reached.at(-1) ?? level))
}

/** The question for the authentication engine. `hinted`: the identity that the hints name, if it could be told. */
export function requirementOf(params: Params, hinted: string | undefined): Requirement {
  const wanted = wantedAcr(params)
  const hint = text(params.login_hint)
  return {
    level: levelFor(wanted),
    essential: wanted?.essential ?? false,
    ...(hinted === undefined ? {} : { identityId: hinted }),
    ...(hint === undefined ? {} : { hint }),
  }
}

/** The subjects that the request insists on: of `id_token_hint` (verified when the request came in) and of the `sub` claim's value. */
export function insistedSubjects(params: Params): string[] {
  const hint = text(params.id_token_hint)
  const hinted = hint === undefined ? undefined : decodeJwt(hint).sub
  return [hinted, text(idTokenClaim(params, 'sub')?.value)].filter((subject) => subject !== undefined)
}

/** Names of the claims that the `claims` parameter asks for, in either place. */
export function requestedClaims(params: Params): string[] {
  const claims = parsed(params)
  return [...new Set([...Object.keys(claims?.userinfo ?? {}), ...Object.keys(claims?.id_token ?? {})])]
}

interface ClaimRequest {
  readonly essential?: unknown
  readonly value?: unknown
  readonly values?: unknown
}

interface ClaimsParameter {
  readonly userinfo?: Record<string, ClaimRequest | null>
  readonly id_token?: Record<string, ClaimRequest | null>
}

function idTokenClaim(params: Params, name: string): ClaimRequest | null | undefined {
  const requests = parsed(params)?.id_token
  return requests !== undefined && Object.hasOwn(requests, name) ? requests[name] : undefined
}

/** The library refused malformed ones before any of this is asked. */
function parsed(params: Params): ClaimsParameter | undefined {
  const claims = text(params.claims)
  return claims === undefined ? undefined : (JSON.parse(claims) as ClaimsParameter)
}

function known(values: readonly unknown[]): Level[] {
  return values.flatMap((value) => (typeof value === 'string' ? (levelOf(value) ?? []) : []))
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
