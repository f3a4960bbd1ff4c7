import type { Duration, Instant } from '../../src/domain/time.ts'
import type { Clock } from '../../src/ports/clock.ts'

/** A clock that only moves when told. Starts at the real time by default: MongoDB's own clean-up follows the server's clock. */
export function createClock(start: Instant = Date.now()): {
  readonly now: Clock
  advance(ms: Duration): void
} {
  let now = start
  return {
    now: () => now,
    advance(ms) {
      now += ms
    },
  }
}
