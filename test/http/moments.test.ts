import { expect, it } from 'vitest'
import { daysOf, momentOf, momentsOf } from '../../src/http/moments.ts'

const at = Date.UTC(2026, 6, 1, 22, 30)
const plain = (text: string) => text.replaceAll('\u202f', ' ')

it('a moment names the time zone that it is told in', () => {
  expect(momentOf(at, 'en')).toMatchObject({ iso: '2026-07-01T22:30:00.000Z' })
  expect(plain(momentOf(at, 'en').text)).toBe('Jul 1, 2026, 10:30 PM UTC')
  expect(plain(momentOf(at, 'de', 'Europe/Berlin').text)).toBe('2. Juli 2026, 00:30 MESZ')
})

it('a moment is told in UTC where the zone is not known, rather than not at all', () => {
  expect(plain(momentOf(at, 'en', 'Europe/Atlantis').text)).toBe('Jul 1, 2026, 10:30 PM UTC')
})

it('whoever is signed in reads moments in the language of the page and a zone of their own', () => {
  const page = (claims: { readonly zoneinfo?: string }) => ({
    ctx: { state: { language: 'en' } },
    identity: { claims },
  })
  expect(plain(momentsOf(page({ zoneinfo: 'America/New_York' }))(at).text)).toBe('Jul 1, 2026, 6:30 PM EDT')
  expect(daysOf(page({ zoneinfo: 'America/New_York' }))(at).text).toBe('Jul 1, 2026')
  expect(daysOf(page({}))(at)).toEqual(momentsOf(page({}))(at))
  expect(plain(momentsOf(page({}))(at).text)).toBe('Jul 1, 2026, 10:30 PM UTC')
})
