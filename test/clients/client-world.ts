import { createClients } from '../../src/clients/index.ts'
import type { Client } from '../../src/domain/client.ts'
import { createWorld, operator } from '../identities/world.ts'
import type { OpenStore } from '../support/stores.ts'

export const metadata = { client_name: 'App', redirect_uris: ['https://app.example.com/callback'] }

export function declared(id: string, origin: Client['origin']): Client {
  return {
    id,
    version: 1,
    state: 'enabled',
    metadata,
    secrets: [],
    firstParty: true,
    origin,
    createdAt: 0,
    updatedAt: 0,
  }
}

export async function openClients(
  open: OpenStore,
  places: { builtIn?: Client[]; configured?: Client[] } = {},
) {
  const world = await createWorld(open)
  const ended: string[] = []
  const sessions = () => ({
    async endClient(clientId: string) {
      ended.push(clientId)
    },
  })
  const clients = createClients({
    ...world,
    clock: world.clock.now,
    sessions,
    builtIn: [],
    configured: [],
    ...places,
  })
  async function create(draft: object = {}) {
    const created = await clients.create({ metadata, ...draft }, operator)
    if (created.status !== 'created') throw new Error(created.reasons.join())
    return created
  }
  return { ...world, clients, ended, create }
}
