import { decodeJwt } from 'jose'
import { type AcrNames, acrOf, type Level, levelOf, levels, reaches, strongest } from '../domain/assurance.ts'
import type { Requirement } from '../domain/authentication.ts'

/** The parameters of an authorization request, as stored with its interaction. */
export type Params = Readonly<Record<string, unknown>>

/** One of the `acr` values asked for, and what we call it. */
interface AskedAcr {
  readonly name: string
  readonly level: Level
}

/**
 * How strong the sign-in must be: from the `acr` claim with values (OIDC Core 5.5.1.1), essential or a wish, or from `acr_values`, which is
 * a wish (3.1.2.1). Of both the claim counts: it says more.
 */
export interface WantedAcr {
  readonly essential: boolean
  /** In the client's order of preference; values that we do not know are left out. */
  readonly asked: readonly AskedAcr[]
}

/** What the request asks of `acr`; undefined when it asks nothing. Essential with nothing known is something that we can never do. */
export function wantedAcr(params: Params, names: AcrNames): WantedAcr | undefined {
  const claim = idTokenClaim(params, 'acr')
  const claimed = [...(claim?.value === undefined ? [] : [claim.value]), ...listed(claim?.values)]
  if (claimed.length > 0) return { essential: claim?.essential === true, asked: known(claimed, names) }
  const wishes =
    text(params.acr_values)
      ?.split(' ')
      .filter((name) => name !== '') ?? []
  return wishes.length === 0 ? undefined : { essential: false, asked: known(wishes, names) }
}

/** What is wrong with the members of the `claims` parameter. */
export function claimsFault({ userinfo = {}, id_token = {} }: ClaimsParameter): string | undefined {
  const members: readonly unknown[] = [...Object.values(userinfo), ...Object.values(id_token)]
  if (members.some((member) => typeof member !== 'object' || Array.isArray(member)))
    return 'members of claims.userinfo and claims.id_token should be null or objects'
  return acrFault(id_token.acr)
}

function acrFault(claim: ClaimRequest | null | undefined): string | undefined {
  if (claim === undefined || claim === null) return undefined
  const { essential, value, values } = claim
  if (values !== undefined && !isTexts(values))
    return 'claims.id_token.acr.values should be an array of strings'
  if (value !== undefined && typeof value !== 'string') return 'claims.id_token.acr.value should be a string'
  if (essential !== undefined && typeof essential !== 'boolean')
    return 'claims.id_token.acr.essential should be a boolean'
  return undefined
}

/** The least of what must be will do; a wish is taken at its first word. */
function levelFor(wanted: WantedAcr | undefined): Level {
  if (wanted === undefined) return 'none'
  if (!wanted.essential) return wanted.asked[0]?.level ?? 'none'
  return levels.find((level) => wanted.asked.some((one) => one.level === level)) ?? 'none'
}

/** True when a session of this level answers what was asked for. */
export function satisfies(level: Level, wanted: WantedAcr): boolean {
  return wanted.asked.some((one) => reaches(level, one.level))
}

/** The `acr` to report: the first of those asked for that says the most of what was reached; else what the session has, in our words. */
export function reportedAcr(level: Level, wanted: WantedAcr): string {
  const reached = wanted.asked.filter((one) => reaches(level, one.level))
  const most = strongest(reached.map((one) => one.level))
  return reached.find((one) => one.level === most)?.name ?? acrOf(level)
}

/** The question for the authentication engine. `hinted`: the identity that the hints name, if it could be told. */
export function requirementOf(params: Params, hinted: string | undefined, names: AcrNames): Requirement {
  const wanted = wantedAcr(params, names)
  const hint = text(params.login_hint)
  return {
    level: levelFor(wanted),
    essential: wanted?.essential ?? false,
    ...(hinted === undefined ? {} : { identityId: hinted }),
    ...(hint === undefined ? {} : { hint }),
    ...(isStepUp(params, wanted) ? { stepUp: true } : {}),
  }
}

/** The request asks by name for more than that somebody is signed in (RFC 9470 4). */
export function isStepUp({ max_age, prompt }: Params, wanted: WantedAcr | undefined): boolean {
  return wanted !== undefined || max_age !== undefined || text(prompt)?.split(' ').includes('login') === true
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

export interface ClaimsParameter {
  readonly userinfo?: Record<string, ClaimRequest | null> | undefined
  readonly id_token?: Record<string, ClaimRequest | null> | undefined
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

function known(values: readonly unknown[], names: AcrNames): AskedAcr[] {
  return values.flatMap((name) => {
    const level = typeof name === 'string' ? levelOf(name, names) : undefined
    return typeof name === 'string' && level !== undefined ? [{ name, level }] : []
  })
}

function listed(values: unknown): readonly unknown[] {
  return Array.isArray(values) ? values : []
}

function isTexts(values: unknown): boolean {
  return Array.isArray(values) && values.every((value) => typeof value === 'string')
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
