/** Authenticator apps, and people who have one. */

import { expect } from 'vitest'
import type { Credential } from '../../src/domain/credential.ts'
import { totp } from '../../src/factors/totp.ts'
import type { Context } from '../../src/ports/factor.ts'
import { random } from '../../src/vault/vault.ts'
import { createHouse, type House, identified, second, secret, visit } from '../authentication/house.ts'
import { createClock } from '../support/clock.ts'
import type { OpenStore } from '../support/stores.ts'
import { codeOf } from './authenticator.ts'

export const settings = {
  enabled: true,
  algorithm: 'SHA-1',
  digits: 6,
  period: 30 * second,
  window: 1,
} as const
export const make = (more: Partial<Parameters<typeof totp>[0]['settings']> = {}, serviceName = 'Signet') =>
  totp({ serviceName, settings: { ...settings, ...more } })

export const context = (now: number): Context =>
  ({ now, address: '203.0.113.7', language: 'en', mac: (value: string) => value, random }) as Context

export const row = <Data>(data: Data): Credential<Data> => ({
  id: 'one',
  version: 1,
  identityId: 'ana',
  factor: 'totp',
  data,
  createdAt: 0,
})

export const start = 1_800_000_000 * second
// RFC 6238 appendix B: the text 1234567890… as long as each digest.
export const ascii = (length: number) => '1234567890'.repeat(7).slice(0, length)
export const base32 = (text: string) => {
  const bits = [...Buffer.from(text)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const letters = bits.match(/.{1,5}/g) ?? []
  return letters
    .map((five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(five.padEnd(5, '0'), 2)])
    .join('')
}

export const keyIn = (show: Readonly<Record<string, unknown>> = {}) => (show.groups as string[]).join('')

export function world(open: OpenStore) {
  async function house(): Promise<House> {
    const clock = createClock(start)
    return createHouse(await open(clock.now), { clock, factors: [make()] })
  }

  /** Enrols as people do; answers the key. */
  async function enrol({ enrolments, clock }: House, id: string, label = 'Phone'): Promise<string> {
    const { ticket = '', show } = await enrolments.begin(id, 'totp', visit())
    const key = keyIn(show)
    const form = { code: codeOf(key, clock.now()), label, ticket }
    expect(await enrolments.finish(id, 'totp', form, visit())).toMatchObject({ status: 'enrolled' })
    // What confirmed it is spent: on to the next code.
    clock.advance(30 * second)
    return key
  }

  async function halfway(here: House) {
    const who = await identified(here, 'ana@example.com')
    const moved = await here.engine.prove(who, visit(), 'password', { password: secret })
    expect(moved).toMatchObject({ step: { kind: 'prove', oneOf: ['totp'], why: 'level' } })
    return who
  }
  return { house, enrol, halfway }
}
