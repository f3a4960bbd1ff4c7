/** People who change how they are reached. */

import { expect } from 'vitest'
import { addPerson, prove } from '../support/person.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import type { FreshUrl } from '../support/stores.ts'
import type { Page, Visitor } from '../support/visitor.ts'

export const old = 'ana@example.com'
export const fresh = 'ana.ruiz@example.org'
export const number = '+4915112345678'
export const other = '+4915187654321'
export const operator = { kind: 'operator', id: 'test' } as const
export const visit = { address: '127.0.0.1', language: 'en', userAgent: 'test' }
export const way = (value: string) => ({ name: 'factor', value })

export function moving(freshStore: FreshUrl) {
  const open = useSignet(freshStore)

  async function stage(env: Readonly<Record<string, string>> = {}) {
    let now = Date.now()
    const signet = await open({ clock: () => now, env })
    const ana = await addPerson(signet.house)
    const later = (ms: number) => {
      now += ms
    }
    const at = (path: string) => `${signet.issuer}/account/profile${path}`
    return { signet, ana, later, at }
  }

  async function home(signet: Signet, visitor: Visitor, email = old): Promise<Visitor> {
    const page = await prove(visitor, await visitor.get(`${signet.issuer}/account`), email)
    expect(page.url.pathname).toBe('/account')
    return visitor
  }

  async function addressesOf({ house }: Signet, id: string): Promise<string[]> {
    return (await house.identities.get(id))?.identifiers.map(({ value }) => value) ?? []
  }

  /** From the form to the confirmed code. */
  async function change(
    signet: Signet,
    visitor: Visitor,
    kind: 'email' | 'phone',
    to: string,
  ): Promise<Page> {
    const asked = await visitor.submit(await visitor.get(`${signet.issuer}/account/profile/${kind}`), {
      [kind]: to,
    })
    expect(asked.url.pathname).toBe(`/account/profile/${kind}/code`)
    return visitor.submit(asked, { code: (await signet.mail(to)).codes[0] ?? '' })
  }

  async function sentTo(signet: Signet, to: string, atLeast: number) {
    const messages = await signet.sent(to)
    expect(messages.length).toBeGreaterThanOrEqual(atLeast)
    return messages
  }

  return { stage, home, addressesOf, change, sentTo }
}
