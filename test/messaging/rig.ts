import { randomBytes } from 'node:crypto'
import { afterEach } from 'vitest'
import { createJobQueue, type KindLimits, type Outbox } from '../../src/messaging/outbox.ts'
import type { Store } from '../../src/ports/store.ts'
import { createVault, random } from '../../src/vault/vault.ts'
import { createClock } from '../support/clock.ts'
import type { OpenStore } from '../support/stores.ts'
import { createLines } from './lines.ts'

/** Queues on one store, one root key and one clock, as several processes would have them. */
export function createRig(store: Store, clock = createClock()) {
  const rootKey = randomBytes(32)
  const vault = createVault(rootKey)
  const log = createLines()
  const queues: Outbox[] = []
  return {
    store,
    rootKey,
    vault,
    random,
    log,
    clock,
    queue(
      limits: Record<string, KindLimits> = {},
      timing: Parameters<typeof createJobQueue>[0]['timing'] = {},
    ) {
      const queue = createJobQueue({
        store: store.jobs,
        vault,
        random,
        log,
        limits,
        clock: clock.now,
        timing: { poll: 10, ...timing },
      })
      queues.push(queue)
      return queue
    },
    async stop() {
      await Promise.all(queues.map((queue) => queue.stop()))
    },
    async rows(prefix = '') {
      return (await store.jobs.page({ prefix, limit: 1_000 })).items
    },
  }
}

/** For what a queue does in its own time, by `vi.waitFor`. */
export const patience = { timeout: 30_000, interval: 5 }

/** Makes rigs on stores of their own, which stop after the test. */
export function useRigs(open: OpenStore) {
  const rigs: ReturnType<typeof createRig>[] = []
  afterEach(async () => {
    await Promise.all(rigs.splice(0).map((rig) => rig.stop()))
  })
  return async () => {
    const clock = createClock()
    const rig = createRig(await open(clock.now), clock)
    rigs.push(rig)
    return rig
  }
}
