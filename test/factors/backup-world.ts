/** People with backup codes. */

import { expect } from 'vitest'
import type { Credential } from '../../src/domain/credential.ts'
import { backupCode } from '../../src/factors/backup-code.ts'
import { totp } from '../../src/factors/totp.ts'
import type { Context } from '../../src/ports/factor.ts'
import { random } from '../../src/vault/vault.ts'
import {
  createHouse,
  type House,
  identified,
  operator,
  second,
  secret,
  visit,
} from '../authentication/house.ts'
import { createClock } from '../support/clock.ts'
import type { OpenStore } from '../support/stores.ts'

export const settings = { enabled: true, count: 10 }
export const factor = backupCode({ serviceName: 'Signet', settings })
export const authenticator = totp({
  serviceName: 'Signet',
  settings: { enabled: true, algorithm: 'SHA-1', digits: 6, period: 30 * second, window: 1 },
})
export const context = {
  mac: (value: string) => `mac of ${value}`,
  random,
  identity: { id: 'ana', identifiers: [] },
}
export const cx = context as unknown as Context

export type Data = (typeof factor)['decoy']
export const row = (data: Data): Credential<Data> => ({
  id: 'one',
  version: 1,
  identityId: 'ana',
  factor: 'backup-code',
  data,
  createdAt: 0,
})

export const codesIn = (show: Readonly<Record<string, unknown>> = {}) => show.codes as string[]

export async function made() {
  const { challenge, show } = await factor.enrolment.begin(cx)
  const enrolled = await factor.enrolment.finish(cx, challenge)
  if (enrolled.status !== 'enrolled') throw new Error(enrolled.reason)
  return { codes: codesIn(show), data: enrolled.data as Data }
}

export function backups(open: OpenStore) {
  async function house(options: Partial<Parameters<typeof createHouse>[1]> = {}): Promise<House> {
    const clock = createClock()
    return createHouse(await open(clock.now), { clock, factors: [authenticator, factor], ...options })
  }

  async function makeCodes({ enrolments }: House, id: string): Promise<string[]> {
    const { ticket = '', show } = await enrolments.begin(id, 'backup-code', visit())
    expect(await enrolments.finish(id, 'backup-code', { ticket }, visit())).toMatchObject({
      status: 'enrolled',
    })
    return codesIn(show)
  }

  /** Somebody with a password, an authenticator app and backup codes. */
  async function equipped(here: House) {
    const id = await here.person('ana@example.com')
    const totp_secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
    await here.enrolments.adopt(id, 'totp', { totp_secret }, operator)
    return { id, key: totp_secret, codes: await makeCodes(here, id) }
  }

  async function halfway(here: House) {
    const who = await identified(here, 'ana@example.com')
    await here.engine.prove(who, visit(), 'password', { password: secret })
    return who
  }

  return { house, makeCodes, equipped, halfway }
}
