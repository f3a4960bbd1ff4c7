import { expect, it } from 'vitest'
import { builtInClients, configuredClient, demoClient } from '../../src/clients/built-in.ts'
import { checkMetadata } from '../../src/clients/metadata.ts'
import { digest } from '../../src/vault/vault.ts'
import { operator } from '../identities/world.ts'
import { eachStore } from '../support/stores.ts'
import { declared, openClients } from './client-world.ts'

eachStore((_, open) => {
  it('finds and lists declared clients beside the stored ones, and changes none of them', async () => {
    const places = {
      builtIn: [declared('signet-account', 'built-in')],
      configured: [declared('shop', 'configuration')],
    }
    const { clients, create, ended } = await openClients(open, places)
    const { client } = await create()
    expect((await clients.find('shop'))?.origin).toBe('configuration')
    expect((await clients.list({ limit: 10 })).items.map(({ id }) => id)).toEqual([
      'signet-account',
      'shop',
      client.id,
    ])
    for (const verb of ['disable', 'enable', 'remove'] as const)
      expect(await clients[verb]('shop', operator)).toEqual({ status: 'declared' })
    expect(await clients.update('shop', { firstParty: false }, operator)).toEqual({ status: 'declared' })
    expect(await clients.addSecret('shop', operator)).toEqual({ status: 'declared' })
    expect(ended).toEqual([])
    await clients.checkCollisions()
  })

  it('names both places of every client that is declared twice', async () => {
    const shop = declared('shop', 'configuration')
    const { clients, store } = await openClients(open, {
      builtIn: [declared('signet-account', 'built-in')],
      configured: [shop, declared('signet-account', 'configuration')],
    })
    const { version: _version, ...stored } = { ...shop, origin: 'store' as const }
    await store.clients.insert(stored)
    await expect(clients.checkCollisions()).rejects.toMatchObject({ code: 'conflict' })
    await expect(clients.checkCollisions()).rejects.toThrow(
      /"shop" is declared in the configuration.*stored in the database.*"signet-account" is declared in the configuration.*built into/,
    )
  })

  it('S1: refuses to start with metadata in the configuration that could not be registered either', async () => {
    const wrong = {
      ...declared('shop', 'configuration'),
      metadata: { redirect_uris: ['https://*.example.com/'] },
    }
    const { clients } = await openClients(open, { configured: [wrong] })
    await expect(clients.checkCollisions()).rejects.toThrow(/"shop".*configuration.*redirect_uris.*wildcard/)
  })

  it('takes a machine from the configuration without redirect URIs, and the built-in clients as they are', async () => {
    const machine = {
      id: 'machine',
      redirect_uris: [],
      secret: 's'.repeat(32),
      first_party: false,
      pkce_exempt: false,
    }
    const configured = [
      configuredClient({ ...machine, metadata: { grant_types: ['client_credentials'] } }, digest),
    ]
    const builtIn = [
      ...builtInClients('https://id.example.com', 'Signet'),
      demoClient('http://localhost:3001', digest('x')),
    ]
    const { clients } = await openClients(open, { configured, builtIn })
    await clients.checkCollisions()
    const found = await clients.find('machine')
    expect(found?.metadata.response_types).toEqual([])
    expect(found !== undefined && clients.secretMatches(found, machine.secret)).toBe(true)
    for (const client of builtIn) expect(checkMetadata(client.metadata)).toEqual([])
  })
})
