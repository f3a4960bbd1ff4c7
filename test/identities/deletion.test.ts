import { expect, it } from 'vitest'
import { day, hour, minute } from '../../src/domain/time.ts'
import { eachStore } from '../support/stores.ts'
import {
  createDepartures,
  delivered,
  person,
  planned,
  quiet,
  self,
  sent,
  stateOf,
  until,
  visit,
} from './departures.ts'
import { operator } from './world.ts'

const somebody = { kind: 'system' } as const

eachStore((_, open) => {
  it('is told at every address, reminded of a day before, done on its day, and told for the last time; each once', async () => {
    const world = await createDepartures(open)
    const { clock, queue, identities, audit, ended } = world
    const addresses = ['ana@example.com', 'ana@work.example']
    const id = await planned(world, addresses)
    const due = clock.now() + 7 * day
    expect((await identities.get(id))?.deletion).toMatchObject({ dueAt: due })
    queue.start()
    const both = (template: string) => addresses.map((address) => `${template} ${address}`)
    await until(() => expect(sent(world)).toEqual(both('deletion-planned')))
    await delivered(world)
    clock.advance(6 * day - minute)
    await quiet()
    expect(sent(world)).toEqual(both('deletion-planned'))
    await delivered(world)
    clock.advance(minute)
    await until(() =>
      expect(sent(world)).toEqual([...both('deletion-planned'), ...both('deletion-reminder')]),
    )
    await delivered(world)
    clock.advance(day - minute)
    await quiet()
    expect(await stateOf(world, id)).toBe('active')
    await delivered(world)
    clock.advance(minute)
    await until(() => expect(sent(world)).toHaveLength(6))
    expect(sent(world)).toEqual([
      ...both('account-deleted'),
      ...both('deletion-planned'),
      ...both('deletion-reminder'),
    ])
    expect(await identities.get(id)).toMatchObject({ state: 'deleted', identifiers: [], claims: {} })
    expect(await identities.get(id)).not.toHaveProperty('deletion')
    expect(ended).toContain(id)
    const { items } = await audit.list({ identityId: id, limit: 10 })
    expect(items.map(({ action }) => action)).toEqual([
      'identity.deleted',
      'deletion.requested',
      'identity.created',
    ])
    expect(items.map(({ personal }) => personal)).toEqual([undefined, undefined, undefined])
    await delivered(world)
    clock.advance(3 * day)
    await quiet()
    expect(world.mails).toHaveLength(6)
    expect(world.told).toEqual(['shop'])
  })

  it('S30: whoever took the account over and changed its address first cannot end it behind its owner’s back', async () => {
    const world = await createDepartures(open)
    const { clock, queue, identities, store } = world
    const id = await person(world)
    const changed = {
      add: { kind: 'email', written: 'eve@example.com' },
      remove: { kind: 'email', value: 'ana@example.com' },
    } as const
    await identities.changeIdentifier(id, changed, self(id))
    clock.advance(13 * day)
    await world.deletions.request(id, visit, self(id))
    queue.start()
    const told = ['deletion-planned ana@example.com', 'deletion-planned eve@example.com']
    await until(() => expect(sent(world)).toEqual(told))
    const link = world.mails.find(({ to }) => to.written === 'ana@example.com')?.values.link
    const key = new URL(String(link)).searchParams.get('key') ?? ''
    expect(await world.deletions.look(key)).toMatchObject({ identityId: id })

    // Somebody whose address that was long ago is told nothing.
    await world.deletions.keep(id, somebody)
    await until(() => expect(sent(world)).toHaveLength(4))
    await delivered(world)
    clock.advance(day)
    await world.deletions.request(id, visit, self(id))
    await until(() => expect(sent(world)).toHaveLength(5))
    await quiet()
    expect(sent(world).filter((one) => one.endsWith('ana@example.com'))).toHaveLength(2)
    expect(await store.identities.get(id)).toMatchObject({ state: 'active' })
  })

  it('S26: who plans and calls off all day buries no other message under theirs', async () => {
    const world = await createDepartures(open)
    const id = await person(world)
    for (let round = 0; round < 10; round += 1) {
      expect(await world.deletions.request(id, visit, self(id))).toMatchObject({ status: 'planned' })
      await world.deletions.keep(id, self(id))
    }
    const refused = { status: 'refused', reason: 'too-often' }
    expect(await world.deletions.request(id, visit, self(id))).toEqual(refused)
    world.clock.advance(day)
    expect(await world.deletions.request(id, visit, self(id))).toMatchObject({ status: 'planned' })
  })

  it('ends later when the server was down: nobody is deleted who was not reminded a day before', async () => {
    const world = await createDepartures(open)
    const { clock, queue } = world
    const id = await planned(world)
    clock.advance(20 * day)
    queue.start()
    await until(() => expect(sent(world)).toContain('deletion-reminder ana@example.com'))
    expect(await stateOf(world, id)).toBe('active')
    expect((await world.identities.get(id))?.deletion?.dueAt).toBe(clock.now() + day)
    await delivered(world)
    clock.advance(day)
    await until(async () => expect(await stateOf(world, id)).toBe('deleted'))
    await until(() => expect(sent(world)).toContain('account-deleted ana@example.com'))
  })

  it('waits for its day when the clock was set back, and is done once all the same', async () => {
    const world = await createDepartures(open)
    const { clock, queue } = world
    const id = await planned(world)
    queue.start()
    await delivered(world)
    clock.advance(6 * day)
    await until(() => expect(sent(world)).toContain('deletion-reminder ana@example.com'))
    await delivered(world)
    clock.advance(-4 * day)
    await quiet()
    await delivered(world)
    clock.advance(4 * day + 23 * hour)
    await quiet()
    expect(await stateOf(world, id)).toBe('active')
    await delivered(world)
    clock.advance(hour)
    await until(() => expect(sent(world)).toContain('account-deleted ana@example.com'))
    expect(world.mails.filter(({ template }) => template === 'deletion-reminder')).toHaveLength(1)
  })

  it('S33: the link in the message keeps the account, once, for that request only, whoever holds it', async () => {
    const world = await createDepartures(open)
    const { deletions, identities, queue } = world
    queue.start()
    const id = await planned(world)
    const eve = await planned(world, ['eve@example.com'])
    await until(() => expect(world.mails).toHaveLength(2))
    const keyOf = (address: string) => {
      const message = world.mails.findLast(({ to }) => to.written === address)
      return new URL(String(message?.values.link)).searchParams.get('key') ?? ''
    }
    const key = keyOf('ana@example.com')
    for (const wrong of ['', id, `${id}.`, `${eve}.${key.split('.')[1]}`, `${key}x`])
      expect(await deletions.look(wrong)).toBeUndefined()
    const found = await deletions.look(key)
    expect(found?.identityId).toBe(id)
    expect(await deletions.keep(id, somebody, found?.plan.request)).toBe(true)
    expect((await identities.get(id))?.deletion).toBeUndefined()
    expect((await identities.get(eve))?.deletion).toBeDefined()
    expect(await deletions.look(key)).toBeUndefined()
    await deletions.request(id, visit, self(id))
    expect(await deletions.look(key)).toBeUndefined()
    expect(await deletions.keep(id, somebody, found?.plan.request)).toBe(false)
    await until(() => expect(sent(world)).toContain('deletion-kept ana@example.com'))
  })

  it('waits while the account is suspended: its owner could not keep it', async () => {
    const world = await createDepartures(open)
    const { clock, queue, identities } = world
    const id = await planned(world)
    queue.start()
    await delivered(world)
    clock.advance(6 * day)
    await until(() => expect(sent(world)).toContain('deletion-reminder ana@example.com'))
    await identities.suspend(id, operator)
    await delivered(world)
    clock.advance(day)
    await until(async () => expect((await identities.get(id))?.deletion?.dueAt).toBe(clock.now() + day))
    await delivered(world)
    clock.advance(day)
    await quiet()
    expect(await stateOf(world, id)).toBe('suspended')
    await identities.restore(id, operator)
    await delivered(world)
    clock.advance(day)
    await until(async () => expect(await stateOf(world, id)).toBe('deleted'))
  })

  it('is over when an operator deleted the person before: nothing more is done or said', async () => {
    const world = await createDepartures(open)
    const id = await planned(world)
    world.queue.start()
    await world.identities.remove(id, operator)
    const said = world.mails.length
    await delivered(world)
    world.clock.advance(10 * day)
    await quiet()
    expect(world.mails.slice(said).map(({ template }) => template)).not.toContain('account-deleted')
    expect(await world.deletions.request(id, visit, self(id))).toMatchObject({ status: 'refused' })
  })
})
