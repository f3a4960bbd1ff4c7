import { isNear } from '../domain/place.ts'
import type { Facts } from '../ports/signal.ts'

export interface NewPlaceSettings {
  /** Kilometres around an earlier place that count as the same one. */
  readonly within: number
}

/** The person never signed in near here. Raised only where there is something to compare: a known place now, and one before. */
export function newPlace({ place, earlier }: Facts, { within }: NewPlaceSettings): boolean {
  if (place === undefined || earlier.length === 0) return false
  return earlier.every((one) => !isNear(one.place, place, within))
}
