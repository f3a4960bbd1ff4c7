import { placeName } from '../domain/place.ts'
import type { Places } from '../ports/places.ts'

/** An address with where it is, as far as that is known: `Berlin, Germany (203.0.113.7)`. */
export function addressShown<Address extends string | undefined>(
  address: Address,
  language: string,
  places: Places,
): Address | string {
  const place = address === undefined ? undefined : places.find(address, language)
  return place === undefined ? address : `${placeName(place, language)} (${address})`
}
