import { type Duration, day, hour, type Instant, minute, second } from '../domain/time.ts'

/** "in 30 seconds", "in 5 minutes", "in 2 hours": never shorter than it will be. */
export function inWords(duration: Duration, language: string): string {
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'always' })
  if (duration <= 90 * second) return format.format(Math.max(1, Math.ceil(duration / second)), 'second')
  if (duration <= 90 * minute) return format.format(Math.ceil(duration / minute), 'minute')
  return format.format(Math.ceil(duration / hour), 'hour')
}

/** "30 days", "12 hours": how long something lasts. */
export function lengthInWords(duration: Duration, language: string): string {
  const [unit, length] = duration >= 2 * day ? (['day', day] as const) : (['hour', hour] as const)
  const format = new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' })
  return format.format(Math.max(1, Math.floor(duration / length)))
}

/** Seconds for the Retry-After header (RFC 9110 10.2.3). */
export function inSeconds(duration: Duration): number {
  return Math.max(1, Math.ceil(duration / second))
}

export interface Moment {
  /** For `<time datetime>`, which a script shows in the reader's own time zone. */
  readonly iso: string
  readonly text: string
}

/** A moment in words; without a script nobody knows the reader's time zone unless they chose one, so it says which one it means. */
export function momentOf(at: Instant, language: string, timeZone = 'UTC'): Moment {
  const date = new Date(at)
  return { iso: date.toISOString(), text: formatOf(language, timeZone).format(date) }
}

interface Reader {
  readonly ctx: { readonly state: { readonly language: string } }
  readonly identity: { readonly claims: { readonly zoneinfo?: string } }
}

/** Moments as somebody who is signed in reads them: in the language of the page and in their own time zone. */
export function momentsOf(page: Reader): (at: Instant) => Moment {
  const { zoneinfo } = page.identity.claims
  return (at) => momentOf(at, page.ctx.state.language, zoneinfo)
}

/** The same for what has a day and no hour (`data-form="date"`); without a time zone of their own the script of the page makes a day of it. */
export function daysOf(page: Reader): (at: Instant) => Moment {
  const { zoneinfo } = page.identity.claims
  const { language } = page.ctx.state
  return (at) =>
    zoneinfo === undefined
      ? momentOf(at, language)
      : {
          iso: new Date(at).toISOString(),
          text: formatOf(language, zoneinfo, 'day').format(at),
        }
}

const formats = new Map<string, Intl.DateTimeFormat>()
const mostFormats = 500

/** Long lists ask for the same one line after line, and making one takes longer than using it a hundred times. */
function formatOf(
  language: string,
  timeZone: string,
  form: 'day' | 'moment' = 'moment',
): Intl.DateTimeFormat {
  const key = `${form} ${language} ${timeZone}`
  const known = formats.get(key)
  if (known !== undefined) return known
  const made = makeFormat(language, timeZone, form)
  if (formats.size < mostFormats) formats.set(key, made)
  return made
}

function makeFormat(language: string, timeZone: string, form: 'day' | 'moment'): Intl.DateTimeFormat {
  const date = { year: 'numeric', month: 'short', day: 'numeric' } as const
  const time = { hour: 'numeric', minute: '2-digit', timeZoneName: 'short' } as const
  const parts = form === 'day' ? date : { ...date, ...time }
  try {
    return new Intl.DateTimeFormat(language, { ...parts, timeZone })
  } catch {
    // A zone that this machine does not know.
    return new Intl.DateTimeFormat(language, { ...parts, timeZone: 'UTC' })
  }
}
