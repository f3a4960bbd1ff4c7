import type { Context } from 'koa'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { consentId, refusedClaim, refusedResourceScope } from '../domain/consent.ts'
import { day, type Instant, minute } from '../domain/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Store } from '../ports/store.ts'
import { identityScopes } from './claims.ts'

export interface DisclosureDeps {
  readonly store: Pick<Store, 'disclosures'>
  readonly clock: Clock
  readonly log: Logger
}

/** Called with each answer of the protocol's. Never fails: a token is not refused for want of a note. */
export type NoteDisclosure = (ctx: Context) => Promise<void>

/** Rows that this process wrote: however often an application asks, it costs one write a minute. */
const remembered = 10_000
const pause = minute
const giving = new Set(['token', 'userinfo'])
const kept = 366 * day

/**
 * What an application was last given, and when, for the page where its person looks at it. The audit has it too (`token.issued`), among thousands of
 * lines; here it is one row per person and application, overwritten, never flushed to the disk by itself (a power cut may take the last minute), and
 * written at most once a minute for the same content. Tokens and userinfo, which are what an application sees of a person, come by here.
 */
export function createDisclosures({ store, clock, log }: DisclosureDeps): NoteDisclosure {
  const written = new Map<string, Instant>()

  function isKnown(key: string, now: Instant): boolean {
    const at = written.get(key)
    if (at !== undefined && Math.abs(now - at) < pause) return true
    // Deleted first, so that the oldest stands first.
    written.delete(key)
    written.set(key, now)
    const [oldest] = written.keys()
    if (written.size > remembered && oldest !== undefined) written.delete(oldest)
    return false
  }

  return async (ctx) => {
    const { oidc } = ctx as unknown as Partial<KoaContextWithOIDC>
    if (oidc === undefined || !giving.has(oidc.route) || ctx.status !== 200) return
    const { account, client } = oidc
    const names = namesIn(oidc)
    if (account === undefined || client === undefined || names.length === 0) return
    const [identityId, { clientId }] = [account.accountId, client]
    const now = clock()
    const id = consentId(identityId, clientId)
    const key = `${id} ${names.join(' ')}`
    if (isKnown(key, now)) return
    try {
      await store.disclosures.put({ id, identityId, clientId, at: now, names, expiresAt: now + kept })
    } catch (error) {
      written.delete(key)
      log.warn({ err: error, clientId }, 'it could not be noted what an application was given')
    }
  }
}

/** As a consent names it: scopes, single claims, scopes of an API. */
function namesIn(oidc: KoaContextWithOIDC['oidc']): readonly string[] {
  const token = oidc.entities.AccessToken
  const scopes = [...new Set([...(token?.scopes ?? []), ...identityScopesOf(oidc)])]
  const claims = Object.keys(token?.claims?.userinfo ?? {})
  const granted = new Set(oidc.entities.Grant?.getOIDCClaims() ?? [])
  const { aud } = token ?? {}
  return [
    ...scopes.map((scope) =>
      typeof aud === 'string' && !identityScopes.has(scope) ? refusedResourceScope(aud, scope) : scope,
    ),
    ...claims.filter((claim) => granted.has(claim)).map(refusedClaim),
  ]
}

/** A token for an API comes with an ID token. */
function identityScopesOf({ entities }: KoaContextWithOIDC['oidc']): readonly string[] {
  const from = entities.AuthorizationCode ?? entities.RefreshToken ?? entities.DeviceCode
  return [...(from?.scopes ?? [])].filter((scope) => identityScopes.has(scope))
}
