/** People with an authenticator app who trust a browser. */

import { expect } from 'vitest'
import { codeOf } from '../factors/authenticator.ts'
import { addPerson, prove } from '../support/person.ts'
import { browser, type RelyingParty, register } from '../support/relying-party.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import type { FreshUrl } from '../support/stores.ts'
import { createVisitor, type Page, type Values, type Visitor } from '../support/visitor.ts'

export const minute = 60_000
export const day = 24 * 60 * minute
export const key = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
export const mail = 'ana@example.com'
export const list = '/account/security/trusted-devices'
export const operator = { kind: 'operator', id: 'test' } as const
export const visit = { address: '127.0.0.1', language: 'en', userAgent: 'test' }

export async function enrol({ house }: Signet, id: string, typed: string): Promise<void> {
  const changed = await house.enrolments.finish(id, 'password', { password: typed }, visit)
  expect(changed.status).toBe('enrolled')
}

export async function addAndRemove({
  signet: { house },
  ana,
}: {
  signet: Signet
  ana: string
}): Promise<void> {
  const added = await house.enrolments.adopt(ana, 'totp', { totp_secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' })
  if (added.status !== 'enrolled') throw new Error(added.reason)
  await house.enrolments.remove(ana, added.credential.id, operator)
}

export async function removeCodes({
  signet: { house },
  ana,
}: {
  signet: Signet
  ana: string
}): Promise<void> {
  const own = await house.enrolments.list(ana)
  const codes = own.find(({ factor }) => factor === 'backup-code')
  const removed = await house.enrolments.remove(ana, codes?.id ?? '', operator)
  expect(removed.status).toBe('removed')
}

export async function recover({ signet }: { signet: Signet }): Promise<void> {
  const before = await signet.mail(mail)
  await signet.house.links.request(mail, { language: 'en', address: '127.0.0.1' })
  const sent = await signet.mail(mail, before.id)
  const visitor = createVisitor()
  const done = await visitor.submit(await visitor.get(sent.links[0] ?? ''), {
    password: 'a different orchard for the winter',
  })
  expect(done.status).toBe(200)
}

export async function suspendAndRestore({
  signet: { house },
  ana,
}: {
  signet: Signet
  ana: string
}): Promise<void> {
  await house.identities.suspend(ana, operator)
  expect((await house.identities.restore(ana, operator)).status).toBe('done')
}

export function asksForCode(page: Page): boolean {
  return page.document.querySelector('input[name="code"][autocomplete="one-time-code"]') !== null
}

export function deviceOf(visitor: Visitor): string {
  return [...visitor.cookies].find(([name]) => name.endsWith('signet-device'))?.[1] ?? ''
}

export function revocations(page: Page): string[] {
  return page.document
    .querySelectorAll('form')
    .map((form) => form.getAttribute('action') ?? '')
    .filter((action) => /trusted-devices\/[^/]+\/revoke$/.test(action))
}

export function trusting(fresh: FreshUrl) {
  const open = useSignet(fresh)

  /** A Signet with a clock that is moved by hand, Ana with a password and an authenticator app, and an application. */
  async function stage(env: Readonly<Record<string, string>> = {}) {
    let now = Date.now()
    const storage = await fresh()
    const signet = await open({ storage, clock: () => now, env })
    const ana = await person(signet)
    const party = await register(signet)
    const later = (ms: number) => {
      now += ms
    }
    /** The code of the authenticator app; never the same one twice. */
    const code = () => {
      later(minute)
      return codeOf(key, now)
    }
    return { signet, storage, ana, party, later, code, now: () => now }
  }

  type Stage = Awaited<ReturnType<typeof stage>>

  async function person({ house }: Signet, email = mail): Promise<string> {
    const id = await addPerson(house, email)
    const added = await house.enrolments.adopt(id, 'totp', { totp_secret: key })
    expect(added.status).toBe('enrolled')
    return id
  }

  /** Signs in with both factors and ticks the box. */
  async function trust(at: Stage, visitor: Visitor, email = mail, values: Values = { trust: 'on' }) {
    const asked = await prove(visitor, await visitor.get((await at.party.begin()).url), email)
    expect(asksForCode(asked)).toBe(true)
    return visitor.submit(asked, { code: at.code(), ...values })
  }

  /** A new browser session in the same browser: what is kept for longer stays. */
  function returning(visitor: Visitor): Visitor {
    const again = browser()
    for (const [name, value] of visitor.cookies)
      if (name.endsWith('signet-device')) again.cookies.set(name, value)
    return again
  }

  async function comesBack(party: RelyingParty, visitor: Visitor, parameters = {}, email = mail) {
    const flow = await party.begin(parameters)
    return { flow, page: await prove(visitor, await visitor.get(flow.url), email) }
  }

  const trusted = ({ signet, ana }: Stage) => signet.house.trustedDevices.list(ana)

  return { open, stage, person, trust, returning, comesBack, trusted }
}

export type Stage = Awaited<ReturnType<ReturnType<typeof trusting>['stage']>>
