/** People with passkeys. */

import { expect } from 'vitest'
import { passkey } from '../../src/factors/passkey.ts'
import { securityKey } from '../../src/factors/security-key.ts'
import type { WebAuthnSettings } from '../../src/factors/webauthn.ts'
import { asker, createHouse, type House, plain, visit } from '../authentication/house.ts'
import { createClock } from '../support/clock.ts'
import type { OpenStore } from '../support/stores.ts'
import { type Options, type SoftKey, softKey, type Whims } from './soft-key.ts'

export const settings: WebAuthnSettings = {
  enabled: true,
  attestation: 'none',
  attestation_roots: [],
  allow: [],
  deny: [],
}
export const windowsHello = Buffer.from('08987058cadc4b81b6e130de50dcbe96', 'hex')
export const relatedOrigins = ['https://id.example.org']

export function passkeys(open: OpenStore) {
  async function house(change: Partial<WebAuthnSettings> = {}) {
    const clock = createClock()
    const tools = { serviceName: 'Signet', relatedOrigins, settings: { ...settings, ...change } }
    return createHouse(await open(clock.now), { clock, factors: [passkey(tools), securityKey(tools)] })
  }

  async function enrol(
    { enrolments }: House,
    id: string,
    key: SoftKey,
    { whims = {}, factor = 'passkey' }: { whims?: Whims; factor?: string } = {},
  ) {
    const { ticket = '', show } = await enrolments.begin(id, factor, visit())
    const credential = key.create(show?.options as Options, whims)
    return enrolments.finish(id, factor, { credential, ticket }, visit())
  }

  /** Somebody with a password and a passkey. */
  async function withPasskey(here: House, whims: Whims = {}, email = 'ana@example.com') {
    const id = await here.person(email)
    const key = softKey({ user: id })
    const enrolled = await enrol(here, id, key, { whims })
    expect(enrolled.status).toBe('enrolled')
    return { id, key }
  }

  async function asked({ engine }: House, who = asker()) {
    await engine.open(who, { requirement: plain })
    const now = await engine.current(who, visit())
    return { who, options: now?.show?.options as Options, asks: now?.asks }
  }

  const answer = ({ engine }: House, who: ReturnType<typeof asker>, credential: string, factor = 'passkey') =>
    engine.prove(who, visit(), factor, { credential })

  const refused = { status: 'refused' }
  return { house, enrol, withPasskey, asked, answer, refused }
}
