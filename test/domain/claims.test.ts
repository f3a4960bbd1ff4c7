import { describe, expect, it } from 'vitest'
import { changedClaims } from '../../src/domain/claims.ts'

describe('profile claims', () => {
  it.each([
    { name: 'Ana Lima', given_name: 'Ana', nickname: 'ana' },
    { birthdate: '1990-02-28' },
    { birthdate: '0000-02-29' },
    { birthdate: '1990' },
    { zoneinfo: 'Europe/Lisbon' },
    { zoneinfo: 'UTC' },
    { locale: 'pt-PT' },
    { picture: 'https://example.com/ana.png' },
    { address: { street_address: 'Rua 1\n2 esq', country: 'PT' } },
  ])('accepts %j', (change) => {
    expect(changedClaims({}, change)).toEqual({ claims: change })
  })

  it.each([
    { name: 'a'.repeat(201) },
    { name: 'Ana\u0000' },
    { name: 'Ana\nLima' },
    { name: 42 },
    { name: ['Ana'] },
    { name: '\ud800' },
    { birthdate: '1990-02-30' },
    { birthdate: '28.02.1990' },
    { birthdate: '0000' },
    { zoneinfo: 'Mars/Olympus' },
    { zoneinfo: '+01:00' },
    { locale: 'pt_PT' },
    { address: 'Rua 1' },
    { address: {} },
    { address: { planet: 'Mars' } },
    { address: { country: 1 } },
  ])('refuses %j', (change) => {
    expect(changedClaims({}, change)).toEqual({ invalid: Object.keys(change)[0] })
  })

  it.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'http://example.com/',
    'https://ana:secret@example.com/',
    'ana.png',
    '//example.com',
  ])('S37: refuses the address %j, which pages would show as a link or a picture', (uri) => {
    for (const name of ['picture', 'profile', 'website'])
      expect(changedClaims({}, { [name]: uri })).toEqual({ invalid: name })
  })

  it('S38: writes nothing that is no stored claim, whatever its name', () => {
    for (const name of [
      'sub',
      'email',
      'email_verified',
      'groups',
      'roles',
      'state',
      '__proto__',
      'constructor',
      'toString',
    ])
      expect(changedClaims({}, JSON.parse(`{ ${JSON.stringify(name)}: "x" }`))).toEqual({ invalid: name })
  })

  it('takes a claim away by null or an empty text, and keeps the others', () => {
    const current = { name: 'Ana', nickname: 'ana', gender: 'f' }
    expect(changedClaims(current, { nickname: null, gender: '' })).toEqual({ claims: { name: 'Ana' } })
    expect(current).toHaveProperty('nickname')
  })
})
