/** Deletions asked for, called off and carried out by several at once, or by a process that is killed in the middle. */
import { expect, it } from 'vitest'
import { day, minute } from '../../src/domain/time.ts'
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
import { failing, parallel } from './world.ts'

eachStore((_, open) => {
  it('two requests at once, and every later one, are one: one day, one set of messages', async () => {
    const world = await createDepartures(open)
    const id = await person(world)
    const other = world.process()
    world.queue.start()
    other.queue.start()
    const asked = await parallel(6, (index) =>
      (index % 2 ? other : world).deletions.request(id, visit, self(id)),
    )
    await delivered(world)
    world.clock.advance(2 * minute)
    expect(new Set(asked.map((one) => one.status === 'planned' && one.dueAt)).size).toBe(1)
    await until(() => expect(sent(world)).toEqual(['deletion-planned ana@example.com']))
    await delivered(world)
    world.clock.advance(day)
    expect(await world.deletions.request(id, visit, self(id))).toEqual(asked[0])
    await quiet()
    expect(world.mails).toHaveLength(1)
    const { items } = await world.audit.list({ identityId: id, action: 'deletion.requested', limit: 10 })
    expect(items).toHaveLength(1)
  })

  it('of keeping and deleting in the same moment exactly one happens, and only that one is told', async () => {
    const world = await createDepartures(open)
    const { clock, queue } = world
    queue.start()
    for (let round = 0; round < 4; round++) {
      const address = `ana${round}@example.com`
      const id = await planned(world, [address])
      await delivered(world)
      clock.advance(6 * day)
      await until(() => expect(sent(world)).toContain(`deletion-reminder ${address}`))
      await delivered(world)
      clock.advance(day)
      const tries = await parallel(4, async () => {
        await new Promise((done) => setTimeout(done, Math.random() * 12))
        return world.deletions.keep(id, self(id))
      })
      const kept = tries.filter(Boolean).length
      const last = kept === 1 ? 'deletion-kept' : 'account-deleted'
      await until(() => expect(sent(world)).toContain(`${last} ${address}`))
      expect(kept).toBeLessThanOrEqual(1)
      expect(await stateOf(world, id)).toBe(kept === 1 ? 'active' : 'deleted')
      await quiet()
      expect(world.mails.filter(({ to }) => to.written === address)).toHaveLength(3)
    }
  })

  it('kill -9 between the plan and its messages: they go out all the same, once', async () => {
    const world = await createDepartures(open)
    const id = await person(world)
    const killed = world.process(undefined, [], {
      send: () => async () => {
        throw new Error('killed')
      },
    })
    await expect(killed.deletions.request(id, visit, self(id))).rejects.toThrow('killed')
    world.queue.start()
    await delivered(world)
    world.clock.advance(minute)
    await until(() => expect(sent(world)).toEqual(['deletion-planned ana@example.com']))
  })

  it('kill -9 before the plan is written leaves none behind, and no message', async () => {
    const world = await createDepartures(open)
    const id = await person(world)
    const killed = world.process(failing(world.store, 'identities.replace'))
    await expect(killed.deletions.request(id, visit, self(id))).rejects.toThrow('killed')
    world.queue.start()
    await delivered(world)
    world.clock.advance(10 * day)
    await quiet()
    expect([await stateOf(world, id), world.mails]).toEqual(['active', []])
  })

  it.each(['replays.insert', 'identities.replace', 'credentials.removeBy', 'claims.removeBy'])(
    'S39: kill -9 in the middle of the deletion, at %s: another process finishes it, and says so once',
    async (where) => {
      const world = await createDepartures(open)
      const { clock, store } = world
      const id = await planned(world)
      world.queue.start()
      await delivered(world)
      clock.advance(6 * day)
      await until(() => expect(sent(world)).toContain('deletion-reminder ana@example.com'))
      await world.queue.stop()
      await delivered(world)
      clock.advance(day)
      const killed = world.process(failing(store, where))
      killed.queue.start()
      await until(() => expect(killed.log.lines.length).toBeGreaterThan(0))
      await killed.queue.stop()
      clock.advance(minute)
      world.queue.start()
      await until(() => expect(sent(world)).toContain('account-deleted ana@example.com'))
      await quiet()
      expect(sent(world).filter((mail) => mail.startsWith('account-deleted'))).toHaveLength(1)
      expect(world.told).toEqual(['shop'])
      expect(await stateOf(world, id)).toBe('deleted')
      await until(async () => expect(await store.claims.count()).toBe(0))
    },
  )

  it('refuses the last administrator, and of two who leave in one moment both stay', async () => {
    const world = await createDepartures(open)
    const { clock, queue, deletions, identities } = world
    const one = await person(world, ['one@example.com'], ['administrator'])
    expect(await deletions.request(one, visit, self(one))).toEqual({
      status: 'refused',
      reason: 'last-administrator',
    })
    expect((await identities.get(one))?.deletion).toBeUndefined()
    const two = await person(world, ['two@example.com'], ['administrator'])
    for (const id of [one, two])
      expect(await deletions.request(id, visit, self(id))).toMatchObject({ status: 'planned' })
    queue.start()
    world.process().queue.start()
    await delivered(world)
    clock.advance(6 * day)
    await until(() => expect(world.mails).toHaveLength(4))
    await delivered(world)
    clock.advance(day)
    await until(() => expect(world.mails.length).toBeGreaterThanOrEqual(6))
    await quiet()
    const left = await Promise.all([one, two].map((id) => stateOf(world, id)))
    expect(left).toContain('active')
  })
})
