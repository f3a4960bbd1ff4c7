import type { Configuration, RefreshToken } from 'oidc-provider'
import type { Duration } from '../domain/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { OidcSettings } from './dependencies.ts'

/** No code lives longer, whatever the settings say (S2). */
const longestCode = 60

/**
 * The library's lifetimes, in seconds. Those of resources are `resources.ts`'; sessions are cut shorter by their idle and absolute limits,
 * which are counted where sessions are stored.
 */
export function lifetimesFor(settings: OidcSettings, clock: Clock): NonNullable<Configuration['ttl']> {
  const { lifetimes } = settings
  const accessToken = seconds(lifetimes.access_token)
  return {
    AccessToken: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? accessToken,
    AuthorizationCode: () => Math.min(seconds(lifetimes.code), longestCode),
    ClientCredentials: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? accessToken,
    Grant: (_ctx, grant) => grantLifetime(grant.getOIDCScope().split(' ').includes('offline_access')),
    IdToken: () => seconds(lifetimes.id_token),
    Interaction: () => seconds(lifetimes.interaction),
    RefreshToken: (_ctx, token) => refreshLifetime(token),
    Session: (_ctx, session) => {
      const limit = seconds(session.transient ? lifetimes.session_absolute : lifetimes.session_remembered)
      return session.loginTs === undefined ? limit : atLeastOne(session.loginTs + limit - now())
    },
  }

  function now(): number {
    return Math.floor(clock() / 1000)
  }

  /** Used within the idle time, and never later than the absolute time after the first one of the family (S8). */
  function refreshLifetime(token: RefreshToken): number {
    const first = token.iiat ?? now()
    return atLeastOne(
      Math.min(seconds(lifetimes.refresh_idle), first + seconds(lifetimes.refresh_absolute) - now()),
    )
  }

  /** A family lives as long as its longest token. */
  function grantLifetime(offline: boolean): number {
    const session = seconds(Math.max(lifetimes.session_absolute, lifetimes.session_remembered))
    return accessToken + (offline ? Math.max(seconds(lifetimes.refresh_absolute), session) : session)
  }
}

function seconds(duration: Duration): number {
  return atLeastOne(Math.floor(duration / 1000))
}

function atLeastOne(value: number): number {
  return Math.max(1, value)
}
