import { expect, it } from 'vitest'
import type { IdentityState } from '../../src/domain/identity.ts'
import { minute } from '../../src/domain/time.ts'
import { eachStore } from '../support/stores.ts'
import { createWorld, failing, operator, parallel, type World, worldOn } from './world.ts'

const email = { kind: 'email', written: 'ana@example.com', verified: true } as const

async function person({ identities }: World, state: 'invited' | 'active' = 'active') {
  const created = await identities.create(
    { identifiers: [email], claims: { name: 'Ana Lima' }, state },
    operator,
  )
  if (created.status !== 'created') throw new Error(created.status)
  return created.identity
}

eachStore((_, open) => {
  it('S29: suspending and disabling end every session, and what was issued before stays void after a restoration', async () => {
    const world = await createWorld(open)
    const { identities, ended, clock } = world
    const { id } = await person(world)
    for (const verb of ['suspend', 'disable'] as const) {
      clock.advance(minute)
      const at = clock.now()
      expect(await identities[verb](id, operator)).toMatchObject({
        status: 'done',
        identity: { notBefore: at },
      })
      expect(ended.splice(0)).toEqual([id])
      clock.advance(minute)
      expect(await identities.restore(id, operator)).toMatchObject({
        status: 'done',
        identity: { state: 'active', notBefore: at },
      })
      expect(ended).toEqual([])
    }
  })

  it('refuses what the lifecycle does not allow, changes nothing and records nothing', async () => {
    const world = await createWorld(open)
    const { identities, audit, ended } = world
    const { id } = await person(world)
    const before = await identities.get(id)
    expect(await identities.activate(id, operator)).toEqual({ status: 'refused', state: 'active' })
    expect(await identities.restore(id, operator)).toEqual({ status: 'refused', state: 'active' })
    expect(await identities.suspend('nobody', operator)).toEqual({ status: 'unknown' })
    expect(await identities.get(id)).toEqual(before)
    expect(ended).toEqual([])
    expect((await audit.list({ limit: 10 })).items.map(({ action }) => action)).toEqual(['identity.created'])
  })

  it('F3: exactly one of 8 parallel acceptances activates', async () => {
    const world = await createWorld(open)
    const { id } = await person(world, 'invited')
    const outcomes = await parallel(8, () => world.identities.activate(id, operator))
    expect(outcomes.filter(({ status }) => status === 'done')).toHaveLength(1)
  })

  it('erases everything personal at deletion, frees the identifiers and never gives the id away again', async () => {
    const world = await createWorld(open)
    const { identities, store, audit, ended, clock } = world
    const { id } = await person(world)
    await store.credentials.insert({ id: 'credential', identityId: id, factor: 'x', data: 'y', createdAt: 0 })
    await store.devices.insert({
      id: 'device',
      identityId: id,
      userAgent: 'z',
      firstSeenAt: 0,
      lastSeenAt: 0,
    })
    const foreverNearly = clock.now() + 100 * minute
    await store.links.insert({
      id: 'link',
      identityId: id,
      purpose: 'recovery',
      address: email.written,
      expiresAt: foreverNearly,
    })

    expect(await identities.remove(id, { ...operator, address: '203.0.113.7' })).toMatchObject({
      status: 'done',
      identity: { state: 'deleted' },
    })

    expect(ended).toEqual([id])
    expect(await identities.get(id)).toMatchObject({
      id,
      state: 'deleted',
      identifiers: [],
      claims: {},
      groups: [],
      roles: [],
    })
    expect(await store.identities.insert({ ...(await person(world)), id })).toBe(false)
    for (const collection of ['credentials', 'devices', 'links'] as const)
      expect(await store[collection].count()).toBe(0)
    const about = (await audit.list({ identityId: id, limit: 10 })).items
    expect(about.map(({ action }) => action)).toEqual(['identity.deleted', 'identity.created'])
    expect(about.map(({ personal }) => personal)).toEqual([undefined, undefined])
  })

  it('lets the address of a deleted person be used by somebody else, who is somebody else', async () => {
    const world = await createWorld(open)
    const first = await person(world)
    await world.identities.remove(first.id, operator)
    const second = await person(world)
    expect(second.id).not.toBe(first.id)
    expect((await world.identities.findByIdentifier('email', email.written))?.id).toBe(second.id)
  })

  it.each(['credentials.removeBy', 'claims.removeBy'])(
    'finishes a deletion that a crash cut short at %s',
    async (where) => {
      const world = await createWorld(open)
      const { store, clock } = world
      const { id } = await person(world)
      await store.credentials.insert({
        id: 'credential',
        identityId: id,
        factor: 'x',
        data: 'y',
        createdAt: 0,
      })
      const killed = worldOn(failing(store, where), clock.now)
      await expect(killed.identities.remove(id, operator)).rejects.toThrow('killed')
      expect((await world.identities.get(id))?.state).toBe('deleted')
      expect(await world.identities.findByIdentifier('email', email.written)).toBeUndefined()

      clock.advance(11 * minute)
      expect(await world.identities.freeOrphanedClaims()).toBe(1)
      expect([await store.credentials.count(), await store.claims.count()]).toEqual([0, 0])
    },
  )

  it('records every transition with the state that it left', async () => {
    const world = await createWorld(open)
    const { identities, audit } = world
    const { id } = await person(world, 'invited')
    for (const verb of ['activate', 'suspend', 'restore', 'disable', 'remove'] as const)
      await identities[verb](id, operator)
    const moves = (await audit.list({ identityId: id, limit: 10 })).items.map(({ action, details }) => [
      action,
      details?.from,
    ])
    const expected: [string, IdentityState | undefined][] = [
      ['identity.deleted', 'disabled'],
      ['identity.disabled', 'active'],
      ['identity.restored', 'suspended'],
      ['identity.suspended', 'active'],
      ['identity.activated', 'invited'],
      ['identity.created', undefined],
    ]
    expect(moves).toEqual(expected)
  })
})
