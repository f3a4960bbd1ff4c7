import { createHmac, timingSafeEqual } from 'node:crypto'

/** Lets this browser look again at what its person showed the code of: in an address, worth nothing in any other browser. */
export function sealClaim(browser: string, id: string): string {
  return `${id}.${sign(browser, id)}`
}

/** Undefined when this browser did not show the code. `ticket` may be input. */
export function openClaim(browser: string, ticket: string | undefined): string | undefined {
  const [id = '', signature = '', ...rest] = (ticket ?? '').split('.')
  const [expected, given] = [Buffer.from(sign(browser, id)), Buffer.from(signature)]
  return rest.length === 0 && expected.length === given.length && timingSafeEqual(expected, given)
    ? id
    : undefined
}

function sign(browser: string, id: string): string {
  return createHmac('sha256', browser).update(`claim ${id}`).digest('base64url')
}
