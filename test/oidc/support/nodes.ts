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
    const made = await Promise.all(Array.from({ length: count }, () => startNode(store, options)))
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
