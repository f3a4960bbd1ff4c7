import type { Facts } from '../ports/signal.ts'

/** The person never completed a sign-in in this browser, or its cookie is gone. So it is at the very first sign-in. */
export function newDevice({ deviceKnown }: Facts): boolean {
  return !deviceKnown
}
