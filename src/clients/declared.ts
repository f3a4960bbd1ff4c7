import type { Client } from '../domain/client.ts'
import { Problem } from '../domain/problem.ts'
import type { Store } from '../ports/store.ts'
import { checkMetadata, type MetadataRules } from './metadata.ts'

/** The clients that live in the process: built in, and declared in the configuration. They change with a restart. */
export interface Declared {
  get(clientId: string): Client | undefined
  readonly all: readonly Client[]
  /**
   * `Problem('conflict')` that names both places of every id that is declared twice, or declared and stored, and everything that is wrong with the
   * metadata in the configuration. Call at start, before serving.
   */
  checkCollisions(): Promise<void>
}

const places: Record<Client['origin'], string> = {
  'built-in': 'built into Signet',
  configuration: 'declared in the configuration file (clients)',
  store: 'stored in the database',
}

export function createDeclared(
  store: Pick<Store, 'clients'>,
  all: readonly Client[],
  rules?: MetadataRules,
): Declared {
  const byId = new Map(all.map((client) => [client.id, client]))

  async function collision(client: Client, index: number): Promise<readonly string[]> {
    const earlier = all.slice(0, index).find(({ id }) => id === client.id)
    const other = earlier ?? (await store.clients.get(client.id))
    if (other === undefined) return []
    const both = `${places[client.origin]} and also ${places[other.origin]}`
    return [`The client "${client.id}" is ${both}: rename or remove one of them.`]
  }

  function faults({ id, origin, metadata }: Client): readonly string[] {
    const reasons = origin === 'configuration' ? checkMetadata(metadata, rules) : []
    return reasons.map((reason) => `The client "${id}" is ${places[origin]}, but its ${reason}.`)
  }

  return {
    get: (clientId) => byId.get(clientId),
    all,
    async checkCollisions() {
      const collisions = await Promise.all(all.map(collision))
      const detail = [...collisions.flat(), ...all.flatMap(faults)].join(' ')
      if (detail !== '') throw new Problem('conflict', { detail })
    },
  }
}
