import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * A text that only this browser's addresses can carry: keyed by its secret cookie, so that it is worth nothing in any other browser, and nobody else can
 * write one. `purpose` keeps one kind from being taken for another; the text holds no dot.
 */
export function signFor(browser: string, purpose: string, text: string): string {
  return `${text}.${signature(browser, purpose, text)}`
}

/** Undefined when it was not written for this browser and purpose. `signed` may be input. */
export function openSigned(browser: string, purpose: string, signed = ''): string | undefined {
  const [text = '', given = '', ...rest] = signed.split('.')
  return rest.length === 0 && isSame(signature(browser, purpose, text), given) ? text : undefined
}

/** In constant time. */
export function isSame(expected: string, given: string): boolean {
  const [one, other] = [Buffer.from(expected), Buffer.from(given)]
  return one.length === other.length && timingSafeEqual(one, other)
}

function signature(browser: string, purpose: string, text: string): string {
  return createHmac('sha256', browser).update(`${purpose} ${text}`).digest('base64url')
}
