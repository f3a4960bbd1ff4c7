import type { Place } from '../domain/place.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * What an entry of a database says about a place. Publishers use one of two forms: nested with names in several languages (GeoIP2, GeoLite2,
 * DB-IP) or flat (IPinfo and others). Undefined without a country.
 */
export function placeIn(record: unknown, language: string): Place | undefined {
  const entry = fieldsOf(record)
  const country = countryOf(entry)
  if (country === undefined) return undefined
  const [division] = Array.isArray(entry.subdivisions) ? entry.subdivisions : []
  const region = nameOf(division, language) ?? textOf(entry.region, entry.region_name, entry.state1)
  const city = nameOf(entry.city, language) ?? textOf(entry.city)
  return {
    country,
    ...(region === undefined ? {} : { region }),
    ...(city === undefined ? {} : { city }),
    ...coordinatesOf(entry),
  }
}

function countryOf(entry: Fields): string | undefined {
  // An address abroad that was registered by a company at home has both.
  const nested = [entry.country, entry.registered_country].map((one) => fieldsOf(one).iso_code)
  const found = [...nested, entry.country_code, entry.country].find(
    (code) => typeof code === 'string' && /^[a-z]{2}$/i.test(code),
  )
  return found === undefined ? undefined : String(found).toUpperCase()
}

function nameOf(named: unknown, language: string): string | undefined {
  const names = fieldsOf(fieldsOf(named).names)
  return textOf(names[language], names[language.split('-')[0] ?? ''], names.en)
}

function coordinatesOf(entry: Fields): Pick<Place, 'latitude' | 'longitude'> {
  const { location } = entry
  const within = fieldsOf(location)
  const latitude = degrees(90, within.latitude, entry.latitude, entry.lat)
  const longitude = degrees(180, within.longitude, entry.longitude, entry.lng)
  return latitude === undefined || longitude === undefined ? {} : { latitude, longitude }
}

/** Flat databases write them as text. */
function degrees(most: number, ...written: readonly unknown[]): number | undefined {
  const found = written.find((one) => typeof one === 'number' || (typeof one === 'string' && one !== ''))
  const number = Number(found ?? Number.NaN)
  return Math.abs(number) <= most ? number : undefined
}

function textOf(...written: readonly unknown[]): string | undefined {
  return written.find((one): one is string => typeof one === 'string' && one !== '')
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}
