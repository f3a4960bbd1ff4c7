import type { GuardedFetch } from '../ports/outbound.ts'
import type { Deliver } from './delivery.ts'

/** `{{to}}`, `{{text}}` and `{{id}}` are filled in: in the URL and in a form percent-encoded, in JSON as the inside of a string, elsewhere as they are. */
export interface SmsSettings {
  readonly url: string
  readonly method: 'POST' | 'PUT' | 'GET'
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

type Encode = (value: string) => string

const encoders: readonly (readonly [RegExp, Encode])[] = [
  [/[/+]json\b/, (value) => JSON.stringify(value).slice(1, -1)],
  [/x-www-form-urlencoded/, encodeURIComponent],
  [/[/+]xml\b/, (value) => value.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)],
]

/**
 * Hands an SMS to an HTTP gateway. 2xx is taken; 4xx is a message that it will never take (but for 401, 403, 408 and 429, which pass);
 * anything else is tried again by the outbox.
 */
export function createSmsDelivery(settings: SmsSettings, fetch: GuardedFetch): Deliver {
  const headers = new Headers({ 'content-type': 'application/json', ...lowerCase(settings.headers) })
  const type = (headers.get('content-type') ?? '').toLowerCase()
  const encode = encoders.find(([pattern]) => pattern.test(type))?.[1] ?? ((value) => value)

  return async ({ id, to, text }) => {
    const values = { id, to, text }
    const status = await ask(fetch, filled(settings.url, values, encodeURIComponent), {
      method: settings.method,
      headers,
      ...(settings.method === 'GET' ? {} : { body: filled(settings.body, values, encode) }),
    })
    if (status < 300) return undefined
    if (status >= 400 && status < 500 && !passing.has(status)) return 'given-up'
    throw new Error(`the SMS gateway answered ${status}`)
  }
}

const passing = new Set([401, 403, 408, 429])

/** The status; the error names the gateway's host at most, never the number or the text. */
async function ask(fetch: GuardedFetch, url: string, init: RequestInit): Promise<number> {
  const response = await fetch(url, init)
  await response.body?.cancel()
  return response.status
}

function filled(template: string, values: Readonly<Record<string, string>>, encode: Encode): string {
  return template.replace(/\{\{(id|to|text)\}\}/g, (_all, name: string) => encode(values[name] ?? ''))
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
