import type { Duration, Instant } from '../domain/time.ts'
import { day } from '../domain/time.ts'
import type { Draft } from '../ports/storage.ts'
import type { Attempts } from '../ports/store.ts'

/** `Config['throttle']` (S26). */
export interface ThrottleSettings {
  /** Tries before the first pause, per identifier, credential and known device. */
  readonly free_tries: number
  readonly free_tries_per_address: number
  readonly first_pause: Duration
  readonly longest_pause: Duration
  /** A counter without failures for this long pauses as if it were new; for an address, a full budget comes back in this time. */
  readonly forget_after: Duration
  /** Failures in a row after which only a known device or an e-mail proof helps. */
  readonly lock_after: number
}

export interface Block {
  readonly retryAt: Instant
  readonly locked: boolean
}

/** Failures in a row are remembered longer than pauses, so that whoever comes back each day for the free tries still meets the lock. */
const rememberedFor: Duration = 30 * day

/** What stands in the way of another try, if anything. Pure, as is everything here. */
export function blockOn(
  row: Attempts | undefined,
  kind: string,
  settings: ThrottleSettings,
  now: Instant,
): Block | undefined {
  if (row === undefined) return undefined
  const locked = isLocked(row, kind, settings)
  return locked || row.blockedUntil > now ? { retryAt: Math.max(row.blockedUntil, now), locked } : undefined
}

/** The row after one more try was paid for. */
export function charged(
  row: Attempts | undefined,
  kind: string,
  settings: ThrottleSettings,
  now: Instant,
): Omit<Draft<Attempts>, 'id'> {
  const failures = remaining(row, kind, settings, now) + 1
  const inARow = (row?.inARow ?? 0) + 1
  const over = Math.floor(failures) - freeTries(kind, settings)
  const toldAt = row?.toldAt
  const next = {
    failures,
    inARow,
    blockedUntil: over < 0 ? 0 : now + pause(over, settings),
    lastAt: now,
    ...(toldAt === undefined ? {} : { toldAt }),
  }
  // A lock waits for an e-mail proof, however long that takes.
  return isLocked(next, kind, settings) ? next : { ...next, expiresAt: now + lifetime(kind, settings) }
}

/** The row after a try that was paid for turned out to be no failure. `paid` is what the payment wrote. */
export function refunded(row: Attempts, paid: Pick<Attempts, 'failures'>, free: number): Attempts {
  const failures = Math.max(0, row.failures - 1)
  // Nobody can have paid after a payment that began a pause: if it was the last one, its pause was for nothing.
  const pauseIsOurs = row.failures === paid.failures
  const blockedUntil = pauseIsOurs || failures < free ? 0 : row.blockedUntil
  return { ...row, failures, inARow: Math.max(0, row.inARow - 1), blockedUntil }
}

export function freeTries(kind: string, settings: ThrottleSettings): number {
  return kind === 'address' ? settings.free_tries_per_address : settings.free_tries
}

/** An address is shared by strangers and never locked: it only slows down. */
function isLocked(row: Pick<Attempts, 'inARow'>, kind: string, settings: ThrottleSettings): boolean {
  return kind !== 'address' && row.inARow >= settings.lock_after
}

function lifetime(kind: string, { forget_after }: ThrottleSettings): Duration {
  return kind === 'address' ? forget_after : Math.max(forget_after, rememberedFor)
}

/** An address's failures leak away steadily, because no success of one person clears another's; the others' are forgotten at once. */
function remaining(
  row: Attempts | undefined,
  kind: string,
  settings: ThrottleSettings,
  now: Instant,
): number {
  if (row === undefined) return 0
  const quiet = Math.max(0, now - row.lastAt)
  if (kind !== 'address') return quiet >= settings.forget_after ? 0 : row.failures
  return Math.max(0, row.failures - quiet / (settings.forget_after / settings.free_tries_per_address))
}

function pause(over: number, { first_pause, longest_pause }: ThrottleSettings): Duration {
  return Math.min(first_pause * 2 ** Math.min(over, 40), longest_pause)
}
