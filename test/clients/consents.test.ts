import { expect, it } from 'vitest'
import { createConsents } from '../../src/clients/consents.ts'
import { day } from '../../src/domain/time.ts'
import { createWorld, parallel } from '../identities/world.ts'
import { eachStore, type OpenStore } from '../support/stores.ts'

const by = { kind: 'identity', id: 'ana' } as const

async function openConsents(open: OpenStore) {
  const world = await createWorld(open)
  const ended: string[] = []
  const sessions = () => ({
    async endGrants(
      identityId: string,
      clientId: string,
      { carrying = [] }: { carrying?: readonly string[] } = {},
    ) {
      ended.push([identityId, clientId, ...carrying].join(' '))
    },
  })
  const consents = createConsents({
    ...world,
    clock: world.clock.now,
    sessions,
    settings: { consent: 365 * day },
  })
  return { ...world, consents, ended }
}

eachStore((_, open) => {
  it('remembers what was allowed and adds to it', async () => {
    const { consents } = await openConsents(open)
    expect(await consents.get('ana', 'shop')).toBeUndefined()
    await consents.allow(
      'ana',
      'shop',
      { scopes: ['openid', 'email'], resources: { 'https://api': ['read'] } },
      by,
    )
    await consents.allow(
      'ana',
      'shop',
      {
        scopes: ['profile'],
        claims: ['birthdate'],
        resources: { 'https://api': ['write'], 'https://b': ['x'] },
      },
      by,
    )
    expect(await consents.get('ana', 'shop')).toMatchObject({
      scopes: ['email', 'openid', 'profile'],
      claims: ['birthdate'],
      resources: { 'https://api': ['read', 'write'], 'https://b': ['x'] },
    })
    expect(await consents.get('ana', 'other')).toBeUndefined()
    expect(await consents.get('ben', 'shop')).toBeUndefined()
  })

  it('remembers what was unticked, until it is allowed after all', async () => {
    const { consents } = await openConsents(open)
    await consents.allow('ana', 'shop', { scopes: ['openid'], refused: ['email', 'phone'] }, by)
    expect(await consents.get('ana', 'shop')).toMatchObject({
      scopes: ['openid'],
      refused: ['email', 'phone'],
    })
    await consents.allow('ana', 'shop', { scopes: ['email'] }, by)
    expect(await consents.get('ana', 'shop')).toMatchObject({
      scopes: ['email', 'openid'],
      refused: ['phone'],
    })
    await consents.allow('ana', 'shop', { scopes: ['openid'], refused: ['email'] }, by)
    expect(await consents.get('ana', 'shop')).toMatchObject({
      scopes: ['openid'],
      refused: ['email', 'phone'],
    })
  })

  it('F3: of 8 parallel answers none is lost', async () => {
    const { consents, store } = await openConsents(open)
    await parallel(8, (index) => consents.allow('ana', 'shop', { scopes: [`scope${index}`] }, by))
    expect((await consents.get('ana', 'shop'))?.scopes).toHaveLength(8)
    expect(await store.consents.count()).toBe(1)
  })

  it('asks again after a year, which one scope more does not prolong', async () => {
    const { consents, clock } = await openConsents(open)
    const { expiresAt } = await consents.allow('ana', 'shop', { scopes: ['openid'] }, by)
    clock.advance(300 * day)
    expect((await consents.allow('ana', 'shop', { scopes: ['email'] }, by)).expiresAt).toBe(expiresAt)
    clock.advance(64 * day)
    expect(await consents.get('ana', 'shop')).toBeDefined()
    clock.advance(day)
    expect(await consents.get('ana', 'shop')).toBeUndefined()
    const renewed = await consents.allow('ana', 'shop', { scopes: ['openid'] }, by)
    expect(renewed).toMatchObject({ scopes: ['openid'], expiresAt: clock.now() + 365 * day })
    clock.advance(day)
    expect((await consents.allow('ana', 'shop', { scopes: ['openid', 'email'] }, by)).expiresAt).toBe(
      clock.now() + 365 * day,
    )
  })

  it('withdraws: the record is gone and every grant between the two ends', async () => {
    const { consents, ended, audit } = await openConsents(open)
    await consents.allow('ana', 'shop', { scopes: ['openid'] }, by)
    await consents.allow('ana', 'mail', { scopes: ['openid'] }, by)
    expect((await consents.list('ana')).map(({ clientId }) => clientId).sort()).toEqual(['mail', 'shop'])
    expect(await consents.withdraw('ana', 'shop', by)).toBe(true)
    expect(await consents.withdraw('ana', 'shop', by)).toBe(false)
    expect(ended).toEqual(['ana shop', 'ana shop'])
    expect((await consents.list('ana')).map(({ clientId }) => clientId)).toEqual(['mail'])
    const { items } = await audit.list({ identityId: 'ana', clientId: 'shop', limit: 10 })
    expect(items.map(({ action }) => action)).toEqual(['consent.withdrawn', 'consent.granted'])
  })

  it('withdraws a part: what is named, and nothing else; it is not refused, so that it can be asked for again', async () => {
    const { consents, ended, audit } = await openConsents(open)
    const answer = {
      scopes: ['openid', 'email', 'profile'],
      claims: ['birthdate'],
      resources: { 'https://api': ['read', 'write'], 'https://b': ['x'] },
    }
    const { expiresAt } = await consents.allow('ana', 'shop', answer, by)
    const names = ['email', 'openid', 'claims birthdate', 'https://api write', 'https://b x', 'never']
    expect(await consents.narrow('ana', 'shop', names, by)).toBe(true)
    expect(await consents.get('ana', 'shop')).toMatchObject({
      scopes: ['openid', 'profile'],
      claims: [],
      resources: { 'https://api': ['read'] },
      refused: [],
      expiresAt,
    })
    expect(await consents.narrow('ana', 'shop', ['email'], by)).toBe(false)
    expect(await consents.narrow('ana', 'other', ['email'], by)).toBe(false)
    expect(ended).toEqual([
      'ana shop email claims birthdate https://api write https://b x never',
      'ana shop email',
      'ana other email',
    ])
    const { items } = await audit.list({ identityId: 'ana', clientId: 'shop', limit: 10 })
    expect(items.map(({ action }) => action)).toEqual(['consent.withdrawn', 'consent.granted'])
  })

  it('F3: of 8 parts withdrawn at once none comes back', async () => {
    const { consents } = await openConsents(open)
    const scopes = Array.from({ length: 8 }, (_, index) => `scope${index}`)
    await consents.allow('ana', 'shop', { scopes: ['openid', ...scopes] }, by)
    await parallel(8, (index) => consents.narrow('ana', 'shop', [`scope${index}`], by))
    expect((await consents.get('ana', 'shop'))?.scopes).toEqual(['openid'])
  })
})
