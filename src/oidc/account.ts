import type { FindAccount } from 'oidc-provider'
import { mayUse } from '../domain/client.ts'
import { type Identity, may } from '../domain/identity.ts'
import type { IdentityDirectory } from '../ports/identity-directory.ts'
import { claimsAbout } from './claims.ts'
import { clientOf } from './clients.ts'

/** What a session or token says about its age, in seconds. */
interface Issued {
  readonly iat?: number | undefined
}

/**
 * Loads the person behind a session or token at each use, so that suspension counts from the next request (S39). Undefined for whoever may
 * not hold tokens now, and for what was issued before the identity's `notBefore`; for a token also once the person left the groups that the
 * client is for (who comes to sign in is told so by the interaction policy).
 */
export function createFindAccount(identities: IdentityDirectory): FindAccount {
  return async (ctx, sub, token) => {
    const identity = await identities.get(sub)
    const issuedAt = token === undefined ? ctx.oidc.session?.loginTs : (token as Issued).iat
    if (identity === undefined || !isHonoured(identity, issuedAt)) return undefined
    const client = token === undefined ? undefined : clientOf(ctx.oidc.client)
    if (client !== undefined && !mayUse(identity, client)) return undefined
    return { accountId: identity.id, claims: () => ({ sub: identity.id, ...claimsAbout(identity) }) }
  }
}

/** `issuedAt` in seconds: what was issued in the very second of `notBefore` is left to the registry, which ended what was there. */
export function isHonoured(identity: Identity, issuedAt: number | undefined): boolean {
  if (!may(identity, 'hold-tokens')) return false
  return (
    identity.notBefore === undefined || issuedAt === undefined || (issuedAt + 1) * 1000 > identity.notBefore
  )
}
