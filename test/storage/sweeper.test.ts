import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { hour, minute } from '../../src/domain/time.ts'
import { startSweeper, sweepAll } from '../../src/storage/sweeper.ts'
import { createClock } from '../support/clock.ts'
import { eachStore } from '../support/stores.ts'

eachStore((_, open) => {
  it('the sweeper deletes the expired of every collection, a minute late for slow clocks', async () => {
    const clock = createClock()
    const store = await open(clock.now)
    const expiresAt = clock.now() + minute
    await store.settings.insert({ id: 'a', value: '', expiresAt })
    await store.replays.insert({ id: 'b', expiresAt })
    await store.identityKeys.insert({ id: 'c', sealed: '' })
    expect(await sweepAll(store, expiresAt + minute - 1)).toBe(0)
    expect(await sweepAll(store, expiresAt + minute)).toBe(2)
    expect([
      await store.settings.count(),
      await store.replays.count(),
      await store.identityKeys.count(),
    ]).toStrictEqual([0, 0, 1])
  })

  it('the sweeper goes through more than one batch', async () => {
    const clock = createClock()
    const store = await open(clock.now)
    await Promise.all(
      Array.from({ length: 1100 }, (_, n) => store.replays.insert({ id: `${n}`, expiresAt: clock.now() })),
    )
    expect(await sweepAll(store, clock.now() + hour)).toBe(1100)
  })

  it('the sweeper runs by itself until it is stopped, and outlives a store that fails', async () => {
    const clock = createClock()
    const store = await open(clock.now)
    await store.replays.insert({ id: 'a', expiresAt: clock.now() + hour })
    let failures = 3
    const failing = {
      ...store,
      identities: {
        ...store.identities,
        sweep: () => (failures-- > 0 ? Promise.reject(new Error('gone')) : Promise.resolve(0)),
      },
    }
    let now = clock.now() + 2 * hour
    const sweeper = startSweeper(failing, () => now, 2)
    // Read by the store's own clock, for which the entity lives: only deletion hides it.
    while ((await store.replays.count()) > 0) await pause(5)
    await sweeper.stop()
    await store.replays.insert({ id: 'b', expiresAt: clock.now() + hour })
    now += hour
    await pause(20)
    expect(await store.replays.count()).toBe(1)
  })
})
