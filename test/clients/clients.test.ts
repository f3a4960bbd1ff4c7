import { expect, it } from 'vitest'
import { createSecret, matchesAny } from '../../src/clients/secrets.ts'
import { day } from '../../src/domain/time.ts'
import { digest, random } from '../../src/vault/vault.ts'
import { operator, parallel } from '../identities/world.ts'
import { eachStore } from '../support/stores.ts'
import { declared, metadata, openClients } from './client-world.ts'

eachStore((_, open) => {
  it('creates a client with a secret that is shown once and kept as a hash', async () => {
    const { clients, create, store } = await openClients(open)
    const { client, secret = '' } = await create({ allowedGroups: ['staff'] })
    expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(client).toMatchObject({
      state: 'enabled',
      origin: 'store',
      firstParty: false,
      allowedGroups: ['staff'],
      metadata,
    })
    expect(await clients.find(client.id)).toEqual(client)
    expect(clients.secretMatches(client, secret)).toBe(true)
    for (const wrong of ['', 'x', `${secret}x`, secret.slice(1), digest(secret)])
      expect(clients.secretMatches(client, wrong)).toBe(false)
    expect(JSON.stringify((await store.clients.page({ limit: 10 })).items)).not.toContain(secret)
    expect(await clients.listSecrets(client.id)).toEqual([
      { id: expect.any(String), createdAt: client.createdAt },
    ])
  })

  it('gives no secret to public clients and to those with keys', async () => {
    const { clients, create } = await openClients(open)
    const open_ = await create({ public: true })
    expect(open_).not.toHaveProperty('secret')
    expect(open_.client).toMatchObject({ secrets: [], metadata: { token_endpoint_auth_method: 'none' } })
    const keys = await create({
      metadata: {
        ...metadata,
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: 'https://app.example.com/jwks',
      },
    })
    expect(keys).not.toHaveProperty('secret')
    expect(await clients.addSecret(open_.client.id, operator)).toMatchObject({ status: 'refused' })
    expect(clients.secretMatches(open_.client, '')).toBe(false)
  })

  it('refuses with all reasons, and stores nothing', async () => {
    const { clients, store } = await openClients(open)
    const refused = await clients.create(
      {
        metadata: { redirect_uris: ['javascript:alert(1)'], logo_uri: 'x' },
        public: true,
        pkceExempt: true,
        allowedGroups: 'staff' as never,
      },
      operator,
    )
    expect(refused).toMatchObject({ status: 'refused' })
    expect(refused.status === 'refused' && refused.reasons).toHaveLength(4)
    expect([await store.clients.count(), await store.audit.count()]).toEqual([0, 0])
  })

  it('S38: assigns nothing but what a draft or change has', async () => {
    const { clients, create } = await openClients(open)
    const sly = {
      id: 'mine',
      state: 'disabled',
      origin: 'built-in',
      secrets: [{ id: 'x', hash: digest('known'), createdAt: 0 }],
      createdAt: 0,
    }
    const { client } = await create(sly)
    expect(client.id).not.toBe('mine')
    const updated = await clients.update(
      client.id,
      { ...sly, metadata: { client_name: 'New' } } as never,
      operator,
    )
    const after = updated.status === 'done' ? updated.client : undefined
    for (const seen of [client, after]) {
      expect(seen).toMatchObject({ state: 'enabled', origin: 'store', createdAt: client.createdAt })
      expect(seen?.secrets).toEqual(client.secrets)
    }
  })

  it('changes what is given, takes away what is null, keeps the rest', async () => {
    const { clients, create } = await openClients(open)
    const { client } = await create({
      allowedGroups: ['staff'],
      metadata: { ...metadata, logo_uri: 'https://app.example.com/logo.png' },
    })
    const change = { metadata: { client_name: 'New', logo_uri: null }, firstParty: true, pkceExempt: true }
    expect(await clients.update(client.id, change, operator)).toMatchObject({
      status: 'done',
      client: { version: 2 },
    })
    const changed = await clients.find(client.id)
    expect(changed).toMatchObject({
      metadata: { client_name: 'New', redirect_uris: metadata.redirect_uris },
      firstParty: true,
      pkceExempt: true,
      allowedGroups: ['staff'],
    })
    expect(changed?.metadata).not.toHaveProperty('logo_uri')
    await clients.update(client.id, { allowedGroups: null, pkceExempt: false }, operator)
    const again = await clients.find(client.id)
    expect(again).not.toHaveProperty('allowedGroups')
    expect(again).not.toHaveProperty('pkceExempt')
    expect(await clients.update(client.id, { metadata: { redirect_uris: ['x'] } }, operator)).toMatchObject({
      status: 'refused',
    })
    expect((await clients.find(client.id))?.version).toBe(3)
  })

  it('forgets the secrets of a client that becomes public, and refuses to exempt it from PKCE', async () => {
    const { clients, create } = await openClients(open)
    const { client } = await create({ pkceExempt: true })
    const toPublic = { metadata: { token_endpoint_auth_method: 'none' } }
    expect(await clients.update(client.id, toPublic, operator)).toMatchObject({
      status: 'refused',
      reasons: [expect.stringContaining('pkceExempt')],
    })
    expect(await clients.update(client.id, { ...toPublic, pkceExempt: false }, operator)).toMatchObject({
      status: 'done',
      client: { secrets: [] },
    })
  })

  it('S39: a disabled client is disabled at the next look, and its tokens end; enabling does not bring them back', async () => {
    const { clients, create, ended } = await openClients(open)
    const { client } = await create()
    await clients.disable(client.id, operator)
    expect((await clients.find(client.id))?.state).toBe('disabled')
    expect(ended).toEqual([client.id])
    await clients.enable(client.id, operator)
    expect((await clients.find(client.id))?.state).toBe('enabled')
    expect(ended).toEqual([client.id])
  })

  it('removes a client with its tokens and with what people allowed it', async () => {
    const { clients, create, ended, store } = await openClients(open)
    const { client } = await create()
    const consent = {
      scopes: [],
      claims: [],
      resources: {},
      refused: [],
      grantedAt: 0,
      expiresAt: Date.now() + day,
    }
    await store.consents.insert({ id: 'a', identityId: 'ana', clientId: client.id, ...consent })
    await store.consents.insert({ id: 'b', identityId: 'ana', clientId: 'other', ...consent })
    expect((await clients.remove(client.id, operator)).status).toBe('done')
    expect(await clients.find(client.id)).toBeUndefined()
    expect(ended).toEqual([client.id])
    expect(await store.consents.count()).toBe(1)
    expect(await clients.remove(client.id, operator)).toEqual({ status: 'unknown' })
  })

  it('replaces a secret without an outage: both work, until the old one expires or is removed', async () => {
    const { clients, create, clock } = await openClients(open)
    const { client, secret = '' } = await create()
    const added = await clients.addSecret(client.id, operator, { expiresAt: clock.now() + day })
    if (added.status !== 'added') throw new Error(added.status)
    const matches = async (text: string) => {
      const now = await clients.find(client.id)
      return now !== undefined && clients.secretMatches(now, text)
    }
    expect([await matches(secret), await matches(added.secret)]).toEqual([true, true])
    clock.advance(day)
    expect([await matches(secret), await matches(added.secret)]).toEqual([true, false])
    expect((await clients.removeSecret(client.id, client.secrets[0]?.id ?? '', operator)).status).toBe('done')
    expect(await matches(secret)).toBe(false)
    expect(await clients.removeSecret(client.id, 'x', operator)).toEqual({ status: 'unknown' })
    expect(await clients.addSecret('unknown', operator)).toEqual({ status: 'unknown' })
    expect(await clients.listSecrets('unknown')).toBeUndefined()
  })

  it('loses none of 8 secrets that are added at once, and stops at ten', async () => {
    const { clients, create } = await openClients(open)
    const { client } = await create()
    const added = await parallel(8, () => clients.addSecret(client.id, operator))
    expect(added.every(({ status }) => status === 'added')).toBe(true)
    await clients.addSecret(client.id, operator)
    expect(await clients.addSecret(client.id, operator)).toMatchObject({ status: 'refused' })
    expect(await clients.listSecrets(client.id)).toHaveLength(10)
  })

  it('compares with every secret, whether or not an earlier one matched', () => {
    const tools = { clock: () => 0, random, digest }
    const made = Array.from({ length: 5 }, () => createSecret(tools))
    const read: number[] = []
    const secrets = made.map(({ kept }, index) => ({
      ...kept,
      get hash() {
        read.push(index)
        return kept.hash
      },
    }))
    const client = { ...declared('x', 'store'), secrets }
    for (const secret of [made[0]?.secret ?? '', 'wrong']) {
      read.length = 0
      expect(matchesAny(client, secret, tools)).toBe(secret !== 'wrong')
      expect(read).toEqual([0, 1, 2, 3, 4])
    }
  })

  it('records every change with who did it', async () => {
    const { clients, create, audit } = await openClients(open)
    const { client, secret = '' } = await create()
    await clients.update(client.id, { metadata: { client_name: 'New' } }, operator)
    const added = await clients.addSecret(client.id, operator)
    await clients.removeSecret(client.id, added.status === 'added' ? added.id : '', operator)
    await clients.disable(client.id, operator)
    await clients.remove(client.id, operator)
    const { items } = await audit.list({ clientId: client.id, limit: 10 })
    expect(items.map(({ action }) => action)).toEqual([
      'client.removed',
      'client.updated',
      'client.secret-removed',
      'client.secret-added',
      'client.updated',
      'client.created',
    ])
    expect(JSON.stringify(items)).not.toContain(secret)
  })
})
