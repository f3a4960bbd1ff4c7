import { expect, it } from 'vitest'
import { parseAs } from '../../src/domain/identifier.ts'
import { day, minute } from '../../src/domain/time.ts'
import { eachStore } from '../support/stores.ts'
import { createWorld, failing, operator, parallel, type World, worldOn } from './world.ts'

const add = (written: string) => ({ kind: 'username', written }) as const
const own = (value: string) => ({ kind: 'username', value }) as const

async function person({ identities }: Pick<World, 'identities'>, email: string, username?: string) {
  const identifiers = [
    { kind: 'email', written: `${email}@example.com`, verified: true } as const,
    ...(username === undefined ? [] : [add(username)]),
  ]
  const created = await identities.create({ identifiers, state: 'active' }, operator)
  if (created.status !== 'created') throw new Error(created.status)
  return created.identity.id
}

eachStore((_, open) => {
  const names = async ({ identities }: Pick<World, 'identities'>, id: string) =>
    (await identities.get(id))?.identifiers
      .filter(({ kind }) => kind === 'username')
      .map(({ written }) => written)

  it('a username that was given up goes to nobody else for 90 days, and back to its owner at any time', async () => {
    const world = await createWorld(open)
    const { identities, clock } = world
    const [ana, bob] = [await person(world, 'ana', 'ana'), await person(world, 'bob')]
    const change = { add: add('ana.ruiz'), remove: own('ana') }
    expect((await identities.changeIdentifier(ana, change, operator)).status).toBe('changed')
    expect(await names(world, ana)).toEqual(['ana.ruiz'])
    expect(await identities.findByIdentifier('username', 'ana')).toBeUndefined()
    clock.advance(89 * day)
    await identities.freeOrphanedClaims()
    expect(await identities.changeIdentifier(bob, { add: add('Ana') }, operator)).toEqual({ status: 'taken' })
    const draft = { identifiers: [add('ana')] }
    expect(await identities.create(draft, operator)).toEqual({ status: 'taken', kind: 'username' })
    const back = { add: add('ana'), remove: own('ana.ruiz') }
    expect((await identities.changeIdentifier(ana, back, operator)).status).toBe('changed')
    // Theirs as before: time does not take it away.
    clock.advance(200 * day)
    await identities.freeOrphanedClaims()
    expect((await identities.findByIdentifier('username', 'ana'))?.id).toBe(ana)
    // The other one was given up longer ago than it is held.
    expect((await identities.changeIdentifier(bob, { add: add('ana.ruiz') }, operator)).status).toBe(
      'changed',
    )
  })

  it('a username that was removed is held as well, and stays so when its owner is erased', async () => {
    const world = await createWorld(open)
    const { identities, clock } = world
    const [ana, bob] = [await person(world, 'ana', 'ana'), await person(world, 'bob')]
    await identities.changeIdentifier(ana, { remove: own('ana') }, operator)
    clock.advance(day)
    expect((await identities.changeIdentifier(bob, { add: add('ana') }, operator)).status).toBe('taken')
    await identities.remove(ana, operator)
    expect((await identities.changeIdentifier(bob, { add: add('ana') }, operator)).status).toBe('taken')
  })

  it('the username of somebody who was deleted goes to nobody for 90 days; addresses do at once, and nothing of the name is kept that can be read', async () => {
    const world = await createWorld(open)
    const { identities, clock, store } = world
    const [ana, bob] = [await person(world, 'ana', 'Ana.Ruiz'), await person(world, 'bob')]
    await identities.remove(ana, operator)
    const wanted = async () =>
      (await identities.changeIdentifier(bob, { add: add('ana.ruiz') }, operator)).status
    expect(await wanted()).toBe('taken')
    const email = { kind: 'email', written: 'ana@example.com' } as const
    expect(await identities.create({ identifiers: [add('ANA.ruiz'), email] }, operator)).toEqual({
      status: 'taken',
      kind: 'username',
    })
    expect((await identities.create({ identifiers: [email] }, operator)).status).toBe('created')
    const kept = JSON.stringify([
      await store.replays.page({ limit: 100 }),
      await store.claims.page({ limit: 100 }),
    ])
    expect(kept).not.toMatch(/ruiz/i)
    expect(kept).not.toContain(ana)
    // A second erasure does not begin the time anew.
    clock.advance(89 * day)
    await identities.remove(ana, operator)
    expect(await wanted()).toBe('taken')
    clock.advance(day + minute)
    expect(await wanted()).toBe('changed')
  })

  it('asked twice at once, or again after a kill, a reserved name is refused as well', async () => {
    const world = await createWorld(open)
    const { identities, clock, store } = world
    const [ana, bob] = [await person(world, 'ana', 'ana'), await person(world, 'bob', 'bob')]
    await identities.remove(ana, operator)
    const change = { add: add('ana'), remove: own('bob') }
    const wanted = async () => (await identities.changeIdentifier(bob, change, operator)).status
    let second: string | undefined
    const between = Object.create(store.replays, {
      get: {
        value: async (id: string) => {
          second ??= await wanted()
          // Whoever gives up what is only asked for does not own it by that.
          await identities.changeIdentifier(bob, { remove: own('ana') }, operator)
          return store.replays.get(id)
        },
      },
    })
    const slow = worldOn(Object.create(store, { replays: { value: between } }), clock.now)
    expect((await slow.identities.changeIdentifier(bob, change, operator)).status).toBe('taken')
    expect(second).toBe('taken')
    expect(await store.claims.get('username:ana')).toBeUndefined()
    const killed = worldOn(failing(store, 'replays.get'), clock.now)
    await expect(killed.identities.changeIdentifier(bob, change, operator)).rejects.toThrow('killed')
    expect(await wanted()).toBe('taken')
    expect(await names(world, bob)).toEqual(['bob'])
  })

  it('a shorter time frees what was reserved before, and a longer one takes nothing from who has it by then', async () => {
    const world = await createWorld(open)
    const { identities, clock, store } = world
    const [ana, bob] = [await person(world, 'ana', 'ana'), await person(world, 'bob')]
    await identities.remove(ana, operator)
    clock.advance(2 * day)
    const wanted = async (reserved: number) =>
      (
        await worldOn(store, clock.now, reserved).identities.changeIdentifier(
          bob,
          { add: add('ana') },
          operator,
        )
      ).status
    expect(await wanted(3 * day)).toBe('taken')
    expect(await wanted(2 * day)).toBe('changed')
    const renamed = { add: add('Ana'), remove: own('ana') }
    expect((await identities.changeIdentifier(bob, renamed, operator)).status).toBe('changed')
    const removed = await identities.changeIdentifier(bob, { remove: own('ana') }, operator)
    expect(removed.status).toBe('changed')
    expect(await wanted(90 * day)).toBe('changed')
    // The next one who is deleted has the whole time.
    await worldOn(store, clock.now, 2 * day).identities.remove(bob, operator)
    const eve = await person(world, 'eve')
    clock.advance(day)
    const shorter = worldOn(store, clock.now, 2 * day).identities
    expect((await shorter.changeIdentifier(eve, { add: add('ana') }, operator)).status).toBe('taken')
    const none = worldOn(store, clock.now, 0).identities
    expect((await none.changeIdentifier(eve, { add: add('ana') }, operator)).status).toBe('changed')
  })

  it('whoever never came leaves no reserved name, also after a kill in between', async () => {
    const world = await createWorld(open)
    const { identities, clock, store } = world
    const dying = worldOn(failing(store, 'claims.removeBy'), clock.now).identities
    const draft = { identifiers: [add('ana')] }
    const made = async (state: 'invited' | 'active') => {
      const created = await identities.create({ ...draft, state }, operator)
      if (created.status !== 'created') throw new Error(created.status)
      return created.identity.id
    }
    await identities.remove(await made('invited'), operator)
    await identities.discard(await made('active'), operator)
    await expect(dying.discard(await made('active'), operator)).rejects.toThrow('killed')
    clock.advance(day)
    await identities.remove(await made('active'), operator)
    expect(await identities.create(draft, operator)).toEqual({ status: 'taken', kind: 'username' })
  })

  it('nobody gets the name in the moment in which its owner is deleted, nor after a kill in between', async () => {
    const world = await createWorld(open)
    const { identities, clock, store } = world
    const [ana, ...others] = [
      await person(world, 'ana', 'ana'),
      ...(await parallel(8, (index) => person(world, `racer${index}`))),
    ]
    const dying = worldOn(failing(store, 'claims.removeBy'), clock.now)
    await expect(dying.identities.remove(ana, operator)).rejects.toThrow('killed')
    clock.advance(day)
    const [, ...outcomes] = await Promise.all([
      identities.remove(ana, operator),
      ...others.map((id) =>
        worldOn(store, clock.now).identities.changeIdentifier(id, { add: add('ana') }, operator),
      ),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(others.map(() => 'taken'))
    await identities.freeOrphanedClaims()
    expect(await identities.findByIdentifier('username', 'ana')).toBeUndefined()
  })

  it('of any number who want a name at once one gets it, and nobody keeps it from the others without having it', async () => {
    const world = await createWorld(open)
    const { identities } = world
    const people = await parallel(6, (index) => person(world, `p${index}`, `name${index}`))
    const all = await Promise.all(
      people.map((id, index) =>
        identities.changeIdentifier(id, { add: add('wanted'), remove: own(`name${index}`) }, operator),
      ),
    )
    expect(all.filter(({ status }) => status === 'changed')).toHaveLength(1)
    expect(all.filter(({ status }) => status === 'taken')).toHaveLength(5)
    const owner = await identities.findByIdentifier('username', 'wanted')
    expect(people).toContain(owner?.id)
    // Whoever did not get it keeps what they had, unheld.
    for (const [index, id] of people.entries()) {
      if (id === owner?.id) continue
      expect((await identities.findByIdentifier('username', `name${index}`))?.id).toBe(id)
      expect(await world.store.claims.get(`username:name${index}`)).not.toHaveProperty('heldUntil')
    }
  })

  it('of two changes of one name in the same moment one counts, and nothing of the other is kept', async () => {
    const world = await createWorld(open)
    const { identities } = world
    const [ana, bob] = [await person(world, 'ana', 'ana'), await person(world, 'bob')]
    const wishes = ['anna', 'anne'] as const
    const both = await Promise.all(
      wishes.map((name) =>
        identities.changeIdentifier(ana, { add: add(name), remove: own('ana') }, operator),
      ),
    )
    expect(both.map(({ status }) => status).sort()).toEqual(['changed', 'gone'])
    const kept = (await names(world, ana))?.[0]
    const other = kept === 'anna' ? 'anne' : 'anna'
    for (const [name, status] of [
      [kept, 'taken'],
      ['ana', 'taken'],
      [other, 'changed'],
    ] as const)
      expect([
        name,
        (await identities.changeIdentifier(bob, { add: add(name ?? '') }, operator)).status,
      ]).toEqual([name, status])
  })

  it('nobody hoards names: at most five are held for one person', async () => {
    const world = await createWorld(open)
    const { identities, clock } = world
    const ana = await person(world, 'ana', 'n0')
    for (let index = 1; index <= 5; index += 1) {
      const change = { add: add(`n${index}`), remove: own(`n${index - 1}`) }
      expect((await identities.changeIdentifier(ana, change, operator)).status).toBe('changed')
    }
    const sixth = { add: add('n6'), remove: own('n5') }
    expect(await identities.changeIdentifier(ana, sixth, operator)).toEqual({ status: 'too-often' })
    expect(await names(world, ana)).toEqual(['n5'])
    expect(await identities.changeIdentifier(ana, { remove: own('n5') }, operator)).toEqual({
      status: 'too-often',
    })
    clock.advance(91 * day)
    expect((await identities.changeIdentifier(ana, sixth, operator)).status).toBe('changed')
  })

  it('the same name in other letters is the same name', async () => {
    const world = await createWorld(open)
    const ana = await person(world, 'ana', 'ana')
    const change = { add: add('Ana'), remove: own('ana') }
    expect((await world.identities.changeIdentifier(ana, change, operator)).status).toBe('changed')
    expect(await names(world, ana)).toEqual(['Ana'])
    expect(await world.store.claims.get('username:ana')).not.toHaveProperty('heldUntil')
  })

  it('a kill between holding the old name and writing the new one loses neither', async () => {
    const world = await createWorld(open)
    const [ana, bob] = [await person(world, 'ana', 'ana'), await person(world, 'bob')]
    const killed = worldOn(failing(world.store, 'identities.replace'), world.clock.now)
    const change = { add: add('ana.ruiz'), remove: own('ana') }
    await expect(killed.identities.changeIdentifier(ana, change, operator)).rejects.toThrow('killed')
    expect((await world.identities.findByIdentifier('username', 'ana'))?.id).toBe(ana)
    world.clock.advance(11 * minute)
    await world.identities.freeOrphanedClaims()
    expect((await world.identities.findByIdentifier('username', 'ana'))?.id).toBe(ana)
    expect((await world.identities.changeIdentifier(bob, { add: add('ana.ruiz') }, operator)).status).toBe(
      'changed',
    )
  })

  it('needs no proof', async () => {
    const world = await createWorld(open)
    const ana = await person(world, 'ana')
    await world.identities.changeIdentifier(ana, { add: add('ana') }, operator)
    const identity = await world.identities.get(ana)
    expect(identity?.identifiers.at(-1)).toEqual(parseAs('username', 'ana'))
  })
})
