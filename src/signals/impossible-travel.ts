import { distanceBetween } from '../domain/place.ts'
import { hour } from '../domain/time.ts'
import type { Facts } from '../ports/signal.ts'

export interface ImpossibleTravelSettings {
  /** Kilometres per hour that nobody exceeds. */
  readonly speed: number
  /** Kilometres by which a database may be wrong: nothing nearer is ever a journey. */
  readonly uncertainty: number
}

/** Nobody gets here that fast from where the person last signed in. */
export function impossibleTravel(
  { now, place, earlier }: Facts,
  { speed, uncertainty }: ImpossibleTravelSettings,
): boolean {
  const [last] = earlier.toSorted((one, other) => other.at - one.at)
  if (last === undefined || place === undefined) return false
  const distance = distanceBetween(last.place, place)
  if (distance === undefined || distance <= uncertainty) return false
  const hours = (now - last.at) / hour
  // "Before it happened" is a wrong clock, set back by an hour at most: only what is out of reach within one still counts.
  return distance > speed * (hours < 0 ? 1 : hours)
}
