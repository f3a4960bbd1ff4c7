/** Somebody signs in, somebody objects. */

import { createDevices } from '../../src/authentication/devices.ts'
import { createHalt } from '../../src/authentication/halting.ts'
import type { Ended, Questioned } from '../../src/domain/objection.ts'
import type { House } from '../../src/house/index.ts'
import { createFreeze } from '../../src/recovery/objections/freezing.ts'
import { keyIn } from '../support/objection.ts'
import { prove } from '../support/person.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import type { FreshUrl } from '../support/stores.ts'
import type { Page, Visitor } from '../support/visitor.ts'

export const ana = 'ana@example.com'
export const eve = 'eve@example.com'
export const offline = { scope: 'openid email offline_access', prompt: 'consent' }
export const visit = { address: '198.51.100.9', language: 'en', userAgent: 'test' }
export const somebody = { kind: 'system' } as const
export const byCode = { name: 'factor', value: 'email-code' }
export const totp_secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

/** The part that ends things, on a running Signet. */
export function freezeIn(house: House): (about: Questioned) => Promise<readonly Ended[]> {
  const freeze = createFreeze({
    store: house.store,
    halt: createHalt(house),
    devices: createDevices(house),
    enrolments: house.enrolments,
    consents: house.consents,
    contacts: house.contacts,
    vouchings: house.vouchings,
    cases: house.cases,
    recoveries: house.recoveries,
    sessions: () => house.oidc.sessions,
    deletions: house.deletions,
    exports: house.exports,
  })
  return (about) => freeze(about, somebody)
}

export async function raise(
  { house }: Signet,
  message: Parameters<typeof keyIn>[0],
): Promise<readonly Ended[]> {
  const raised = await house.objections.raise(keyIn(message), visit)
  if (raised.status !== 'done') throw new Error(raised.status)
  return raised.ended
}

export const isAsked = (page: Page) => page.document.querySelector('input[name="identifier"]') !== null
export function csrfOn(page: Page): string {
  return page.document.querySelector('input[name="csrf"]')?.getAttribute('value') ?? ''
}

export function actionOf(page: Page): string {
  const field = page.document.querySelector('input[name="code"]')
  return field?.closest('form')?.getAttribute('action') ?? ''
}

export function visits(fresh: FreshUrl) {
  const open = useSignet(fresh)

  const home = (signet: Signet, visitor: Visitor) => visitor.get(`${signet.issuer}/account`)
  const signIn = async (signet: Signet, visitor: Visitor, email = ana) =>
    prove(visitor, await home(signet, visitor), email)

  /** Asks for a code by mail for the application's sign-in. */
  async function askForCode(visitor: Visitor, url: URL, email = ana): Promise<Page> {
    return visitor.submit(await visitor.submit(await visitor.get(url), { identifier: email }), {}, byCode)
  }

  async function idOf({ house }: Signet, email: string): Promise<string> {
    return (await house.identities.findByIdentifier('email', email))?.id ?? ''
  }
  return { open, home, signIn, askForCode, idOf }
}
