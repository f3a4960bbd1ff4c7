import { expect, it } from 'vitest'
import { minute } from '../../src/domain/time.ts'
import { eachStore } from '../support/stores.ts'
import { createWorld, failing, operator, parallel, worldOn } from './world.ts'

const ana = { kind: 'email', written: 'Ana@example.com' } as const

eachStore((_, open) => {
  it('creates an identity that is found by each of its identifiers, however they are written', async () => {
    const { identities } = await createWorld(open)
    const created = await identities.create(
      {
        identifiers: [
          { ...ana, verified: true },
          { kind: 'phone', written: '+49 170 1234567' },
          { kind: 'username', written: 'Ana' },
        ],
        claims: { name: 'Ana Lima' },
        groups: ['staff', 'staff'],
      },
      operator,
    )
    if (created.status !== 'created') throw new Error(created.status)
    const { identity } = created
    expect(identity).toMatchObject({
      state: 'invited',
      claims: { name: 'Ana Lima' },
      groups: ['staff'],
      roles: [],
      version: 1,
    })
    expect(identity.id).toMatch(/^[A-Za-z0-9_-]{22}$/)
    expect(identity.identifiers.map((one) => one.verifiedAt !== undefined)).toEqual([true, false, false])
    for (const text of ['ANA@EXAMPLE.COM', ' ana@example.com', '0049 170 1234567', 'aNa'])
      expect((await identities.findByIdentifier('any', text))?.id).toBe(identity.id)
    expect(await identities.findByIdentifier('username', 'ana@example.com')).toBeUndefined()
    expect(await identities.get(identity.id)).toEqual(identity)
  })

  it('refuses what is malformed and names the field, leaving nothing behind', async () => {
    const { identities, store } = await createWorld(open)
    const refused = async (draft: object) =>
      identities.create({ identifiers: [ana], ...draft } as never, operator)
    expect(await refused({ identifiers: [] })).toEqual({ status: 'invalid', kind: 'identifiers' })
    expect(await refused({ identifiers: [ana, { kind: 'phone', written: '12' }] })).toEqual({
      status: 'invalid',
      kind: 'phone',
    })
    expect(await refused({ claims: { website: 'javascript:alert(1)' } })).toEqual({
      status: 'invalid',
      kind: 'website',
    })
    expect(await refused({ groups: ['<b>'] })).toEqual({ status: 'invalid', kind: 'groups' })
    expect(await refused({ roles: ['root'] })).toEqual({ status: 'invalid', kind: 'roles' })
    expect([await store.identities.count(), await store.claims.count(), await store.audit.count()]).toEqual([
      0, 0, 0,
    ])
  })

  it('gives back what it took when a later identifier is taken', async () => {
    const { identities, store } = await createWorld(open)
    await identities.create({ identifiers: [ana] }, operator)
    const ben = { kind: 'username', written: 'ben' } as const
    expect(
      await identities.create(
        { identifiers: [ben, { kind: 'email', written: 'ANA@example.com' }] },
        operator,
      ),
    ).toEqual({
      status: 'taken',
      kind: 'email',
    })
    expect((await identities.create({ identifiers: [ben] }, operator)).status).toBe('created')
    expect(await store.claims.count()).toBe(2)
  })

  it.each([2, 8, 32])(
    'F3: of %i parallel creations with one address exactly one wins, with one claim and one identity',
    async (racers) => {
      const { identities, store } = await createWorld(open)
      const outcomes = await parallel(racers, (index) =>
        identities.create({ identifiers: [{ kind: 'username', written: `racer${index}` }, ana] }, operator),
      )
      expect(outcomes.filter(({ status }) => status === 'created')).toHaveLength(1)
      expect(outcomes.filter(({ status }) => status === 'taken')).toHaveLength(racers - 1)
      expect(await store.identities.count()).toBe(1)
      expect(await store.claims.count()).toBe(2)
    },
  )

  it('frees the claims that a crash left without an identity, after some minutes and not before', async () => {
    const { identities, store, clock } = await createWorld(open)
    const killed = worldOn(failing(store, 'identities.insert'), clock.now)
    await expect(killed.identities.create({ identifiers: [ana] }, operator)).rejects.toThrow('killed')
    const kept = await identities.create({ identifiers: [{ kind: 'username', written: 'kept' }] }, operator)

    expect(await identities.create({ identifiers: [ana] }, operator)).toEqual({
      status: 'taken',
      kind: 'email',
    })
    expect(await identities.findByIdentifier('email', ana.written)).toBeUndefined()
    expect(await identities.freeOrphanedClaims()).toBe(0)

    clock.advance(11 * minute)
    expect(await identities.freeOrphanedClaims()).toBe(1)
    expect(await identities.freeOrphanedClaims()).toBe(0)
    expect((await identities.create({ identifiers: [ana] }, operator)).status).toBe('created')
    expect((await identities.findByIdentifier('username', 'kept'))?.id).toBe(
      kept.status === 'created' && kept.identity.id,
    )
  })

  it('lets others be answered while it looks for orphaned claims', async () => {
    const { identities, store } = await createWorld(open)
    const created = await identities.create({ identifiers: [ana] }, operator)
    const identityId = created.status === 'created' ? created.identity.id : ''
    for (let count = 0; count < 210; count += 1)
      await store.claims.insert({ id: `email:${count}@example.com`, identityId, takenAt: 0 })
    let turns = 0
    const turn = () => {
      turns += 1
      running = setImmediate(turn)
    }
    let running = setImmediate(turn)
    await identities.freeOrphanedClaims()
    clearImmediate(running)
    expect(turns).toBeGreaterThanOrEqual(4)
  })

  it('does not wait for the job when somebody wants an identifier that a crash left', async () => {
    const { identities, store, clock } = await createWorld(open)
    const killed = worldOn(failing(store, 'identities.insert'), clock.now)
    await expect(killed.identities.create({ identifiers: [ana] }, operator)).rejects.toThrow('killed')
    clock.advance(11 * minute)
    const outcomes = await parallel(8, () => identities.create({ identifiers: [ana] }, operator))
    expect(outcomes.filter(({ status }) => status === 'created')).toHaveLength(1)
    expect([await store.claims.count(), await store.identities.count()]).toEqual([1, 1])
  })

  it('records who created whom, with the identifiers sealed', async () => {
    const { identities, audit, store } = await createWorld(open)
    const created = await identities.create(
      { identifiers: [ana] },
      { kind: 'identity', id: 'admin', address: '203.0.113.7' },
    )
    const [entry] = (await audit.list({ limit: 10 })).items
    expect(entry).toMatchObject({
      action: 'identity.created',
      actor: { kind: 'identity', id: 'admin' },
      identityId: created.status === 'created' && created.identity.id,
      personal: { email: 'Ana@example.com', address: '203.0.113.7' },
    })
    expect(JSON.stringify((await store.audit.page({ limit: 10 })).items)).not.toMatch(/ana@example/i)
  })
})
