// What follows from the stored keys and the time alone: which key signs, which is announced, which still verifies, which must be made.
import type { Duration, Instant } from '../domain/time.ts'
import type { StoredKey } from '../ports/store.ts'

export type Algorithm = 'ES256' | 'RS256' | 'EdDSA'

/** `next`: published, signs later. `current`: signs. `previous`: verifies what it signed. `withdrawn`: trusted no more. */
export type KeyState = 'next' | 'current' | 'previous' | 'withdrawn'

export interface ScheduleSettings {
  readonly rotate_every: Duration
  /** From the moment a key is stored until no relying party can hold a key set without it. */
  readonly announcement: Duration
  /** How long after its last signature a key may still have to verify: the longest token and the longest session. */
  readonly verification: Duration
}

export interface ScheduledKey {
  readonly key: StoredKey
  readonly state: KeyState
  /** When a key that signs no more is forgotten. */
  readonly until?: Instant
}

/** The keys of one algorithm, newest first. A later generation takes over at its `signsFrom`, whatever the stored order. */
export function schedule(
  keys: readonly StoredKey[],
  now: Instant,
  settings: ScheduleSettings,
): readonly ScheduledKey[] {
  const sorted = [...keys].sort((one, other) => generationOf(other.id) - generationOf(one.id))
  const trusted = sorted.filter((key) => key.retiredAt === undefined)
  // When a clock is set back there may be none whose time has come: the oldest goes on signing.
  const signer = trusted.find((key) => key.signsFrom <= now) ?? trusted.at(-1)
  return sorted.map((key): ScheduledKey => {
    if (key.retiredAt !== undefined)
      return { key, state: 'withdrawn', until: key.retiredAt + settings.verification }
    if (key === signer) return { key, state: 'current' }
    const successor = trusted[trusted.indexOf(key) - 1]
    if (successor === undefined || signer === undefined || generationOf(key.id) > generationOf(signer.id)) {
      return { key, state: 'next' }
    }
    return { key, state: 'previous', until: successor.signsFrom + settings.verification }
  })
}

/** When the next key of an algorithm should begin to sign; undefined while it is too early to make it. */
export function dueAt(
  keys: readonly StoredKey[],
  now: Instant,
  settings: ScheduleSettings,
): Instant | undefined {
  const newest = keys
    .filter((key) => key.retiredAt === undefined)
    .sort((a, b) => b.signsFrom - a.signsFrom)[0]
  if (newest === undefined) return now
  const due = newest.signsFrom + settings.rotate_every
  return now + settings.announcement < due ? undefined : Math.max(due, now + settings.announcement)
}

/** Of two processes that make the same generation, the id lets one win. */
export function keyId(algorithm: string, generation: number): string {
  return `${algorithm}:${generation}`
}

export function generationOf(id: string): number {
  return Number(id.slice(id.indexOf(':') + 1))
}
