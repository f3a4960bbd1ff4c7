import { levelOf, reaches } from '../domain/assurance.ts'
import type { Duration, Instant } from '../domain/time.ts'
import { hour, second } from '../domain/time.ts'
import type { SessionPayload } from './session-merge.ts'

/** `Config['lifetimes']`, as far as sessions go. */
export interface SessionSettings {
  readonly session_idle: Duration
  readonly session_idle_two_factors: Duration
  readonly session_absolute: Duration
  readonly session_remembered: Duration
}

// Nobody is signed in: it only carries the sign-out form's secret.
const anonymousLifetime = hour

/**
 * When a session is over however much it is used. Counted from the sign-in it stands for, so that a save never stretches it;
 * only proving oneself anew does.
 */
export function absoluteEnd(payload: SessionPayload, startedAt: Instant, settings: SessionSettings): Instant {
  if (payload.accountId === undefined || payload.loginTs === undefined) return startedAt + anonymousLifetime
  const limit = payload.transient ? settings.session_absolute : settings.session_remembered
  return payload.loginTs * second + limit
}

/**
 * How long a session may go unused, by level. One that the person chose to have remembered has no idle limit below two factors:
 * coming back after days is what it is for. At two factors the limit stays, since applications rely on the level.
 */
export function idleLimit(payload: SessionPayload, settings: SessionSettings): Duration {
  if (payload.accountId === undefined) return anonymousLifetime
  const level = payload.acr === undefined ? undefined : levelOf(payload.acr)
  if (level !== undefined && reaches(level, 'two-factor')) return settings.session_idle_two_factors
  return payload.transient ? settings.session_idle : Number.POSITIVE_INFINITY
}
