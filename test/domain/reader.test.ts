import { describe, expect, it } from 'vitest'
import { parseAs } from '../../src/domain/identifier.ts'
import type { Identity } from '../../src/domain/identity.ts'
import { readerAt, readerOf, readersOf } from '../../src/domain/reader.ts'

const address = {
  kind: 'email',
  value: 'ana@example.com',
  written: 'Ana@example.com',
  verifiedAt: 1,
} as const
/** What a message needs to know of where it goes. */
const destination = { kind: 'email', written: 'Ana@example.com' }
const cause = { language: 'en' }

function person(claims: Identity['claims'], identifiers: Identity['identifiers'] = [address]): Identity {
  const lists = { groups: [], roles: [] }
  return { id: 'ana', version: 1, state: 'active', identifiers, claims, ...lists, createdAt: 0, updatedAt: 0 }
}

describe('whom a message is for', () => {
  it('reads in their own language and time zone, whoever causes it', () => {
    const ana = person({ name: 'Ana', locale: 'de', zoneinfo: 'Europe/Berlin' })
    expect(readerOf(ana, cause)).toEqual({
      to: destination,
      name: 'Ana',
      language: 'de',
      timeZone: 'Europe/Berlin',
    })
  })

  it('reads in the language of whoever causes it, and in UTC, when they never chose', () => {
    expect(readerOf(person({ name: 'Ana' }), cause)).toEqual({
      to: destination,
      name: 'Ana',
      language: 'en',
    })
  })

  it('S28: reads everywhere what nobody must keep from them, and where messages go if they proved nothing yet', () => {
    const phone = { kind: 'phone', value: '+14155550100', written: '+14155550100', verifiedAt: 1 } as const
    const { verifiedAt: _, ...unproved } = address
    const places = (...own: Identity['identifiers']) => readersOf(person({}, own), cause).map(({ to }) => to)
    const mobile = { kind: 'phone', written: '+14155550100' }
    expect(places(address, phone)).toEqual([destination, mobile])
    expect(places(unproved, phone)).toEqual([mobile])
    expect(places(unproved)).toEqual([destination])
    expect(readersOf(undefined, cause)).toEqual([])
  })

  it('is nobody without an address, or without a person', () => {
    const username = parseAs('username', 'ana')
    expect(readerOf(person({}, username === undefined ? [] : [username]), cause)).toBeUndefined()
    expect(readerOf(undefined, cause)).toBeUndefined()
  })

  it('is written to where the message wants, as somebody without a name when nobody is known there', () => {
    const to = { kind: 'phone', written: '+4915112345678' } as const
    expect(readerAt(to, person({ locale: 'de' }), cause)).toMatchObject({ to, language: 'de' })
    expect(readerAt(to, undefined, cause)).toEqual({ to, language: 'en' })
  })
})
