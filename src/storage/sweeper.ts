import { setTimeout as pause } from 'node:timers/promises'
import { type Duration, minute } from '../domain/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { Store } from '../ports/store.ts'
import { collectionNames } from './collections.ts'

const batch = 500
// A process whose clock is slow may still be using what is expired by ours.
const grace: Duration = minute

/** Deletes what has expired, every `everyMs`, in batches small enough that no request waits for them. A failed round is tried again by the next. */
export function startSweeper(store: Store, clock: Clock, everyMs: Duration): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const running = run(store, clock, everyMs, stopping.signal)
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}

/** One pass over all collections; answers how many entities it deleted. */
export async function sweepAll(store: Store, now: number, signal?: AbortSignal): Promise<number> {
  let deleted = 0
  for (const name of collectionNames) {
    for (let last = batch; last === batch && !signal?.aborted; deleted += last) {
      last = await store[name].sweep(now - grace, batch)
      // Requests that came in meanwhile go first.
      if (last === batch) await pause(5)
    }
  }
  return deleted
}

async function run(store: Store, clock: Clock, every: Duration, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // Jittered, so that processes which started together do not sweep together.
    const wait = every * (0.75 + Math.random() / 2)
    await pause(wait, undefined, { signal, ref: false }).catch(() => undefined)
    if (!signal.aborted) await sweepAll(store, clock(), signal).catch(() => undefined)
  }
}
