import { setImmediate } from 'node:timers/promises'
import { afterEach } from 'vitest'
import type { Store } from '../../../src/ports/store.ts'
import type { OpenStore } from '../../support/stores.ts'
import { type Node, type NodeOptions, startNode } from './provider-server.ts'

export type Nodes<Count extends 1 | 2> = Count extends 1 ? [Node] : [Node, Node]

/** Starts instances over one fresh store, closed after the test. `store()` is what they share. */
export function useNodes(open: OpenStore) {
  const started: Node[] = []
  let shared: Store | undefined
  afterEach(async () => {
    await Promise.all(started.splice(0).map((node) => node.close()))
  })
  async function nodes<Count extends 1 | 2>(count: Count, options: NodeOptions = {}): Promise<Nodes<Count>> {
    const store = await open(options.clock)
    shared = store
    const first = await startNode(yielding(store), options)
    const made = [first]
    while (made.length < count)
      made.push(await startNode(yielding(store), { ...options, issuer: first.issuer }))
    started.push(...made)
    return made as unknown as Nodes<Count>
  }
  return Object.assign(nodes, {
    store(): Store {
      if (shared === undefined) throw new Error('no store was opened')
      return shared
    },
  })
}

/** The embedded store answers within the same turn of the event loop, so that requests of one process would run one after the other. */
function yielding(store: Store): Store {
  const { artifacts, sessions, replays } = store
  return { ...store, artifacts: slow(artifacts), sessions: slow(sessions), replays: slow(replays) }
}

function slow<Verbs extends object>(collection: Verbs): Verbs {
  const verbs = Object.entries(collection).map(([name, verb]) => [
    name,
    async (...values: unknown[]) => {
      await setImmediate()
      const answer = await verb(...values)
      await setImmediate()
      return answer
    },
  ])
  return Object.fromEntries(verbs) as Verbs
}
