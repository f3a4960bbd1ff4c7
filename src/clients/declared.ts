import type { Client } from '../domain/client.ts'
import { Problem } from '../domain/problem.ts'
import type { Store } from '../ports/store.ts'

/** The clients that live in the process: built in, and declared in the configuration. They change with a restart. */
export interface Declared {
  get(clientId: string): Client | undefined
  readonly all: readonly Client[]
  /** `Problem('conflict')` that names both places of every id that is declared twice, or declared and stored. Call at start, before serving. */
  checkCollisions(): Promise<void>
}

const places: Record<Client['origin'], string> = {
  'built-in': 'built into Signet',
  configuration: 'declared in the configuration file (clients)',
  store: 'stored in the database',
}

export function createDeclared(store: Pick<Store, 'clients'>, all: readonly Client[]): Declared {
  const byId = new Map(all.map((client) => [client.id, client]))
  return {
    get: (clientId) => byId.get(clientId),
    all,
    async checkCollisions() {
      const collisions: string[] = []
      for (const [index, client] of all.entries()) {
        const earlier = all.slice(0, index).find(({ id }) => id === client.id)
        const other = earlier ?? (await store.clients.get(client.id))
        if (other !== undefined)
          collisions.push(
            `The client "${client.id}" is ${places[client.origin]} and also ${places[other.origin]}.`,
          )
      }
      if (collisions.length > 0)
        throw new Problem('conflict', { detail: `${collisions.join(' ')} Rename or remove one of them.` })
    },
  }
}
