/** Where an address is, as far as a list of networks knows: a city at best, never a street. */
export interface Place {
  /** ISO 3166-1, two letters. */
  readonly country: string
  readonly region?: string
  readonly city?: string
  /** Degrees, see `coarse`. */
  readonly latitude?: number
  readonly longitude?: number
}

const earthRadius = 6_371
const radians = Math.PI / 180

/** Without what would be too exact about a person: a tenth of a degree is about 10 km. */
export function coarse(place: Place): Place {
  const { latitude, longitude, ...names } = place
  if (latitude === undefined || longitude === undefined) return names
  return { ...names, latitude: tenths(latitude), longitude: tenths(longitude) }
}

function tenths(degrees: number): number {
  return Math.round(degrees * 10) / 10
}

/** Kilometres as the crow flies; undefined when one of the two has no coordinates. */
export function distanceBetween(one: Place, other: Place): number | undefined {
  if (one.latitude === undefined || one.longitude === undefined) return undefined
  if (other.latitude === undefined || other.longitude === undefined) return undefined
  const north = Math.sin(((other.latitude - one.latitude) * radians) / 2) ** 2
  const east = Math.sin(((other.longitude - one.longitude) * radians) / 2) ** 2
  const narrower = Math.cos(one.latitude * radians) * Math.cos(other.latitude * radians)
  return 2 * earthRadius * Math.asin(Math.min(1, Math.sqrt(north + narrower * east)))
}

/** Within so many kilometres; a database that knows countries only has nothing finer to compare. */
export function isNear(one: Place, other: Place, within: number): boolean {
  const distance = distanceBetween(one, other)
  if (distance !== undefined) return distance <= within
  const regionDiffers = one.region !== undefined && other.region !== undefined && one.region !== other.region
  return one.country === other.country && !regionDiffers
}

/** `Berlin, Germany`, the country in the reader's language. */
export function placeName({ city, region, country }: Place, language: string): string {
  const near = city ?? region
  const far = countryName(country, language)
  return near === undefined || near === far ? far : `${near}, ${far}`
}

function countryName(country: string, language: string): string {
  try {
    return new Intl.DisplayNames([language], { type: 'region' }).of(country) ?? country
  } catch {
    // A code or a language tag that is none.
    return country
  }
}
