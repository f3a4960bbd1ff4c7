interface ZoneOption {
  readonly value: string
  readonly label: string
  /** What browsers may call it. */
  readonly former: string | undefined
}

interface ZoneGroup {
  readonly label: string
  readonly options: readonly ZoneOption[]
}

// JavaScript calls places by the names that they had when they were first listed; the database calls them as they are called today.
const renamed: Readonly<Record<string, string>> = {
  'Africa/Asmera': 'Africa/Asmara',
  'America/Godthab': 'America/Nuuk',
  'Asia/Calcutta': 'Asia/Kolkata',
  'Asia/Katmandu': 'Asia/Kathmandu',
  'Asia/Rangoon': 'Asia/Yangon',
  'Asia/Saigon': 'Asia/Ho_Chi_Minh',
  'Atlantic/Faeroe': 'Atlantic/Faroe',
  'Europe/Kiev': 'Europe/Kyiv',
  'Pacific/Enderbury': 'Pacific/Kanton',
  'Pacific/Ponape': 'Pacific/Pohnpei',
  'Pacific/Truk': 'Pacific/Chuuk',
}

// What this machine can tell the time of, by continent, as the names of the zones are built.
const groups: readonly ZoneGroup[] = grouped(Intl.supportedValuesOf('timeZone'))
const known = new Set(groups.flatMap(({ options }) => options.map(({ value }) => value)))

/** Every time zone there is to choose; one that goes by another name here stays if the person has it. */
export function timeZones(value: string): {
  readonly groups: readonly ZoneGroup[]
  readonly other: string | undefined
} {
  return { groups, other: value === '' || known.has(value) ? undefined : value }
}

function grouped(zones: readonly string[]): ZoneGroup[] {
  const places = zones.filter((zone) => zone.includes('/'))
  return Object.entries(Object.groupBy(places, (zone) => zone.slice(0, zone.indexOf('/')))).map(
    ([label, own = []]) => ({
      label,
      options: own.map(optionOf).sort((one, other) => one.label.localeCompare(other.label)),
    }),
  )
}

function optionOf(zone: string): ZoneOption {
  const value = renamed[zone] ?? zone
  return { value, label: nameOf(value), former: value === zone ? undefined : zone }
}

/** `America/Argentina/Buenos_Aires` → `Buenos Aires, Argentina`. */
function nameOf(zone: string): string {
  return zone.split('/').slice(1).reverse().join(', ').replaceAll('_', ' ')
}
