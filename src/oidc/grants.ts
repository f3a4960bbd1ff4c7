import type { Grant, KoaContextWithOIDC, Provider } from 'oidc-provider'
import { type Consent, namesAllowed, refusedClaim } from '../domain/consent.ts'
import { claimsCoveredBy, identityScopes } from './claims.ts'
import { clientOf } from './clients.ts'
import type { ConsentRecords, Decision } from './dependencies.ts'

/**
 * The Grant of a session and client: the family of tokens. It is made once, filled from the person's consent record, and only extended: a
 * new Grant would end the session's earlier tokens. First-party clients get what they ask for. Undefined while nothing was decided.
 */
export function createLoadGrant(consents: ConsentRecords) {
  return async (ctx: KoaContextWithOIDC): Promise<Grant | undefined> => {
    const { account, client, session } = ctx.oidc
    if (account === undefined || client === undefined || session === undefined) return undefined
    const decided = await decision(ctx, consents)
    if (decided === undefined) return undefined
    const ids = { accountId: account.accountId, clientId: client.clientId }
    const grant =
      (await living(session.grantIdFor(ids.clientId), ids)) ?? new (grants(ctx.oidc.provider))(ids)
    const before = JSON.stringify([grant.openid, grant.resources, grant.rejected])
    fill(grant, decided, ctx.oidc.requestParamClaims)
    if (
      grant.jti === undefined ||
      before !== JSON.stringify([grant.openid, grant.resources, grant.rejected])
    ) {
      // Its life is counted anew, or an extended Grant would end before its refresh tokens.
      Object.assign(grant, { exp: undefined })
      await grant.save()
      // Whoever withdraws changes the record first and lists Grants then: one of the two sees the other.
      if (!(await stands(ctx, consents, decided))) {
        await grant.destroy()
        return undefined
      }
    }
    return grant

    async function living(id: string | undefined, owner: typeof ids): Promise<Grant | undefined> {
      const found = id === undefined ? undefined : await ctx.oidc.provider.Grant.find<Grant>(id)
      return found?.accountId === owner.accountId && found.clientId === owner.clientId ? found : undefined
    }
  }
}

/** The person did not take back, meanwhile, what the Grant was filled with. */
async function stands(
  ctx: KoaContextWithOIDC,
  consents: ConsentRecords,
  decided: Decision,
): Promise<boolean> {
  const now = await decision(ctx, consents)
  if (now === undefined) return false
  const allowed = namesAllowed(now)
  return [...namesAllowed(decided)].every((name) => allowed.has(name))
}

function grants(provider: Provider): new (ids: { accountId: string; clientId: string }) => Grant {
  return provider.Grant as unknown as new (ids: {
    accountId: string
    clientId: string
  }) => Grant
}

async function decision(ctx: KoaContextWithOIDC, consents: ConsentRecords): Promise<Decision | undefined> {
  const { account, client } = ctx.oidc
  if (account === undefined || client === undefined) return undefined
  if (clientOf(client)?.firstParty === true) return everythingAsked(ctx)
  const record: Consent | undefined = await consents.get(account.accountId, client.clientId)
  return record
}

function everythingAsked({ oidc }: KoaContextWithOIDC): Decision {
  const resources = Object.entries(oidc.resourceServers ?? {}).map(([indicator, server]) => {
    return [indicator, [...oidc.requestParamScopes].filter((scope) => server.scopes.has(scope))] as const
  })
  return {
    scopes: [...oidc.requestParamOIDCScopes],
    claims: [...oidc.requestParamClaims],
    resources: Object.fromEntries(resources),
    refused: [],
  }
}

function fill(grant: Grant, decided: Decision, requestedClaims: ReadonlySet<string>): void {
  const refused = decided.refused.filter((name) => identityScopes.has(name))
  const covered = claimsCoveredBy(decided.scopes)
  const uncovered = [...claimsCoveredBy(refused)].filter((claim) => !covered.has(claim))
  if (decided.scopes.length > 0) grant.addOIDCScope([...decided.scopes])
  // A claim asked for by name needs no answer of its own where its scope was answered.
  grant.addOIDCClaims([...decided.claims, ...[...requestedClaims].filter((claim) => covered.has(claim))])
  for (const [indicator, scopes] of Object.entries(decided.resources)) {
    if (scopes.length > 0) grant.addResourceScope(indicator, [...scopes])
  }
  // Replaced, not added to: what was refused may have been allowed since.
  Object.assign(grant, { rejected: {} })
  if (refused.length > 0) grant.rejectOIDCScope(refused)
  const claims = [...requestedClaims].filter((claim) => decided.refused.includes(refusedClaim(claim)))
  const rejectedClaims = [...new Set([...claims, ...uncovered])].filter(
    (claim) => !decided.claims.includes(claim),
  )
  if (rejectedClaims.length > 0) grant.rejectOIDCClaims(rejectedClaims)
  for (const [indicator, scope] of decided.refused.map((name) => name.split(' '))) {
    if (indicator === undefined || scope === undefined || indicator === 'claims') continue
    grant.rejectResourceScope(indicator, scope)
  }
}
