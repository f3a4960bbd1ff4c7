import { isIP } from 'node:net'
import { z } from 'zod'
import { day, hour, minute, second } from '../domain/time.ts'

// Every type says in one phrase what it expects: faults and the reference both quote it.

const durationUnits: Record<string, number> = { ms: 1, s: second, m: minute, h: hour, d: day }
const sizeUnits: Record<string, number> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }

/** Milliseconds in a text such as `500ms`, `60s`, `10m`, `1h`, `30d`; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  return parseAmount(text, durationUnits)
}

/** The other way round, in the largest unit that fits. */
export function writtenDuration(duration: number): string {
  const units = Object.entries(durationUnits).toReversed()
  const [unit, length] = units.find(([, length]) => duration % length === 0) ?? ['ms', 1]
  return `${duration / length}${unit}`
}

/** Bytes in a text such as `64kb`, `1mb` (1 kb = 1024 bytes); undefined when it is none. */
export function parseSize(text: string): number | undefined {
  return parseAmount(text, sizeUnits)
}

function parseAmount(text: string, units: Record<string, number>): number | undefined {
  const [, amount, unit] = /^(\d{1,9})([a-z]{1,2})$/.exec(text.trim().toLowerCase()) ?? []
  const factor = units[unit ?? '']
  return factor === undefined ? undefined : Number(amount) * factor
}

/** A duration in milliseconds, within the limits (written as durations too). */
export function duration(limits: { min?: string; max?: string } = {}) {
  return amount('a duration such as 60s, 10m or 30d', parseDuration, limits)
}

/** A size in bytes, within the limits (written as sizes too). */
export function size(limits: { min?: string; max?: string } = {}) {
  return amount('a size such as 64kb or 1mb', parseSize, limits)
}

function amount(
  what: string,
  parse: (text: string) => number | undefined,
  { min, max }: { min?: string; max?: string },
) {
  const bounds = [min && `at least ${min}`, max && `at most ${max}`].filter(Boolean).join(' and ')
  const expected = bounds ? `${what}, ${bounds}` : what
  const lowest = min === undefined ? 0 : (parse(min) ?? 0)
  const highest = max === undefined ? Number.MAX_SAFE_INTEGER : (parse(max) ?? 0)
  return z.string(expected).transform((text, context) => {
    const value = parse(text)
    if (value !== undefined && value >= lowest && value <= highest) return value
    context.addIssue({ code: 'custom', message: expected })
    return z.NEVER
  })
}

/** A whole number from `min` to `max`. */
export function whole(min: number, max: number) {
  const expected = `a whole number from ${min} to ${max}`
  return z.number(expected).int(expected).min(min, expected).max(max, expected)
}

export const flag = z.boolean('true or false')

/** One of the given words. */
export function word<const Words extends readonly string[]>(words: Words) {
  return z.enum(words, `one of ${words.join(', ')}`)
}

/** Text that passes `test`, described by `expected`. */
export function text(expected: string, test: (value: string) => boolean = (value) => value.trim() !== '') {
  return z.string(expected).refine(test, expected)
}

/** A list of `element`, itself described by `expected`. */
export function list<Element extends z.ZodType>(element: Element, expected: string) {
  return z.array(element, expected)
}

/** A URL with one of the schemes (`https:` …). */
export function url(expected: string, ...schemes: readonly string[]) {
  return text(expected, (value) => {
    const parsed = URL.parse(value)
    return parsed !== null && schemes.includes(parsed.protocol)
  })
}

/** An IP address or a range in CIDR notation. */
export const range = text('an IP address or a range such as 10.0.0.0/8 or fd00::/8', isRange)

function isRange(value: string): boolean {
  const [address = '', bits, ...rest] = value.split('/')
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  if (longest < 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest)
}

/** A key of 32 random bytes or more, in base64url, base64 or hexadecimal. */
export const masterKey = text(
  '32 random bytes or more as base64url, which is at least 43 characters',
  (value) => {
    // Random bytes use most of their alphabet (16 characters in hexadecimal); a key that somebody typed does not.
    return /^[\w+/=-]{43,}$/.test(value) && new Set(value).size >= 12
  },
)
