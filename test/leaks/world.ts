/** What the flows share: the process, and every secret that was seen on a wire. */
import { randomBytes } from 'node:crypto'
import { password } from '../support/person.ts'
import { type RelyingParty, register } from '../support/relying-party.ts'
import type { Processes } from '../support/signet.ts'
import type { Visitor } from '../support/visitor.ts'

export const api = 'https://api.example.com'
export const masterKey = randomBytes(32).toString('base64url')
export const newPassword = 'a different orchard for the winter'
export const operator = { kind: 'operator', id: 'test' } as const

export interface World extends Processes {
  readonly issuer: string
  readonly secrets: Set<string>
  readonly visitors: Visitor[]
  readonly parties: RelyingParty[]
}

export function worldOn(started: Processes, issuer: string): World {
  const secrets = new Set([masterKey, password, newPassword])
  return { ...started, issuer, secrets, visitors: [], parties: [] }
}

export async function partyOf(world: World, metadata: Record<string, unknown> = {}): Promise<RelyingParty> {
  const party = await register({ house: world.house, issuer: world.issuer }, { metadata })
  world.parties.push(party)
  return party
}

export function visitorOf(world: World, visitor: Visitor): Visitor {
  world.visitors.push(visitor)
  return visitor
}

/** The newest mail; its codes and what its links hold count as seen. */
export async function mailOf(world: World, to: string) {
  const mail = await world.mail(to)
  for (const code of mail.codes) world.secrets.add(code)
  for (const link of mail.links) {
    const { searchParams } = new URL(link)
    for (const name of ['token', 'key'])
      for (const value of searchParams.getAll(name)) world.secrets.add(value)
  }
  return mail
}
