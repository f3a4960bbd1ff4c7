import { type Client, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { isPublic, mayUse, type Client as OurClient } from '../domain/client.ts'
import type { IdentityDirectory } from '../ports/identity-directory.ts'
import type { Vault } from '../ports/vault.ts'
import { isHonoured } from './account.ts'
import { clientOf } from './clients.ts'
import type { OidcSettings } from './dependencies.ts'

/** What the policies need to know of a token, whatever its kind. */
interface Presented {
  readonly kind: string
  readonly clientId?: string | undefined
  readonly accountId?: string | undefined
  readonly aud?: unknown
  readonly iat?: number | undefined
}

/**
 * Who may learn what a token is (S15): the client it was issued to, and the API it was made for, if they authenticate; a public client's id
 * is no secret and proves nothing about who asks. Everyone else, and everyone asking about a token of a suspended person or disabled client,
 * reads `active: false`, as for a token that never was.
 */
export function createIntrospectionPolicy(settings: OidcSettings, identities: IdentityDirectory) {
  return async (ctx: KoaContextWithOIDC, asking: Client, token: Presented): Promise<boolean> => {
    const client = clientOf(asking)
    if (client === undefined || isPublic(client)) return false
    if (token.clientId !== client.id && !isAudience(settings, client, token)) return false
    const issuedTo = await ctx.oidc.provider.Client.find(String(token.clientId))
    if (issuedTo === undefined) return false
    if (token.accountId === undefined) return true
    const identity = await identities.get(token.accountId)
    if (identity === undefined || !isHonoured(identity, token.iat)) return false
    const holder = clientOf(issuedTo)
    return holder === undefined || mayUse(identity, holder)
  }
}

function isAudience(settings: OidcSettings, client: OurClient, token: Presented): boolean {
  if (token.kind === 'RefreshToken' || typeof token.aud !== 'string') return false
  const resource = Object.hasOwn(settings.resources, token.aud) ? settings.resources[token.aud] : undefined
  return resource?.introspected_by?.includes(client.id) === true
}

/** RFC 7009 2.1: a token of another client is refused, and stays alive. */
export async function mayRevoke(
  _ctx: KoaContextWithOIDC,
  asking: Client,
  token: Presented,
): Promise<boolean> {
  if (token.clientId !== asking.clientId) {
    throw new errors.InvalidRequest('client is not authorized to revoke the presented token')
  }
  return true
}

/** Browser clients call from the origin of one of their redirect URIs, compared as a whole; nobody else calls from a browser. */
export function isOwnOrigin(ctx: KoaContextWithOIDC, origin: string, client: Client): boolean {
  if (origin === 'null') return false
  if (ctx.oidc.route !== 'userinfo' && client.clientAuthMethod !== 'none') return false
  return client.redirectUris?.some((uri) => URL.parse(uri)?.origin === origin) === true
}

/** S3: everyone, except a confidential client that an administrator exempted, which binds its code by `nonce` instead (S1). */
export function isPkceRequired(ctx: KoaContextWithOIDC, asking: Client): boolean {
  const client = clientOf(asking)
  const exempt = client?.pkceExempt === true && !isPublic(client)
  return !(exempt && ctx.oidc.params?.nonce !== undefined)
}

/**
 * The `sub` by which a client knows an identity (OIDC Core 8): its id, or for pairwise clients a value of its own per sector, which tells
 * nobody without the key who it is.
 */
export type SubjectOf = (identityId: string, client: object) => string

export function createSubjects(mac: Vault['mac']): SubjectOf {
  return (identityId, client) => {
    const { subjectType, sectorIdentifier } = client as { subjectType?: string; sectorIdentifier?: string }
    return subjectType === 'pairwise' ? mac('oidc-pairwise', `${sectorIdentifier} ${identityId}`) : identityId
  }
}
