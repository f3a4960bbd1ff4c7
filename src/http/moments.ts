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

/** A moment in words; without a script nobody knows the reader's time zone, so it says which one it means. */
export function momentOf(at: Instant, language: string): Moment {
  const date = new Date(at)
  const format = new Intl.DateTimeFormat(language, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZone: 'UTC',
    timeZoneName: 'short',
  })
  return { iso: date.toISOString(), text: format.format(date) }
}
