import { openSigned, signFor } from './signed.ts'

/** Where a browser goes after a sign-in that a page of ours asked for. */
export interface Return {
  /** A path of ours, with its query. */
  readonly to: string
  /** The page wanted a fresh sign-in of this person. */
  readonly fresh?: string
}

/** The `state` of our own authorization requests: no other browser's answer is taken for one to this browser, and nobody else can write one that leads somewhere. */
export function sealReturn(browser: string, value: Return): string {
  const text = Buffer.from(JSON.stringify([value.to, value.fresh])).toString('base64url')
  return signFor(browser, 'return', text)
}

/** Undefined when this browser did not ask, or the place is none of the area's own pages. `state` may be input. */
export function openReturn(browser: string, state: string | undefined, base: string): Return | undefined {
  const text = openSigned(browser, 'return', state)
  if (text === undefined) return undefined
  const [to, fresh] = JSON.parse(Buffer.from(text, 'base64url').toString()) as [string, string | null]
  if (!isOwnPage(to, base)) return undefined
  return fresh === null ? { to } : { to, fresh }
}

/** `/account`, or below it; nothing that a browser could read as another host. */
function isOwnPage(to: string, base: string): boolean {
  if (!to.startsWith(base) || /\/\/|\\/.test(to.split('?')[0] ?? '')) return false
  return ['', '/', '?'].includes(to.charAt(base.length))
}
