import { expect, it } from 'vitest'
import { createAuditLog } from '../../src/audit/index.ts'
import type { AuditAction } from '../../src/domain/audit-event.ts'
import { hour } from '../../src/domain/time.ts'
import { createWorld } from '../identities/world.ts'
import { eachStore, type OpenStore } from '../support/stores.ts'

const ana = { kind: 'identity', id: 'ana', address: '203.0.113.7' } as const

async function openStories(open: OpenStore) {
  const { store, vault, random, clock } = await createWorld(open)
  const audit = createAuditLog({ store, vault, random, clock: clock.now })
  const happen = (action: AuditAction, result: 'success' | 'failure' = 'success', identityId = 'ana') =>
    audit.record({ action, result, actor: ana, identityId })
  const read = async (query: Partial<Parameters<typeof audit.story>[0]> = {}) => {
    const { items, next } = await audit.story({ identityId: 'ana', limit: 25, ...query })
    return { actions: items.map(({ action }) => action), items, next }
  }
  return { audit, clock, happen, read }
}

eachStore((_, open) => {
  it('fills each page with what is told, whatever lies between', async () => {
    const { happen, read } = await openStories(open)
    for (let round = 0; round < 30; round += 1) {
      await happen('session.started')
      for (let more = 0; more < 3; more += 1) await happen('token.refreshed')
    }
    const first = await read()
    expect(first.actions).toEqual(Array(25).fill('session.started'))
    const second = await read({ after: first.next ?? '' })
    expect(second.actions).toHaveLength(5)
    expect(second.next).toBeUndefined()
  })

  it('tells one topic, what failed only, and nothing from before a moment', async () => {
    const { clock, happen, read } = await openStories(open)
    await happen('consent.granted')
    await happen('authentication.refused', 'failure')
    clock.advance(hour)
    await happen('credential.enrolled')
    await happen('token.reuse-detected', 'failure')
    await happen('session.started', 'success', 'ben')
    expect((await read({ topic: 'applications' })).actions).toEqual([
      'token.reuse-detected',
      'consent.granted',
    ])
    expect((await read({ topic: 'applications', failed: true })).actions).toEqual(['token.reuse-detected'])
    expect((await read({ failed: true })).actions).toEqual(['token.reuse-detected', 'authentication.refused'])
    expect((await read({ since: clock.now() - 1 })).actions).toEqual([
      'token.reuse-detected',
      'credential.enrolled',
    ])
    expect(await read({ topic: 'recovery' })).toMatchObject({ actions: [], next: undefined })
    expect((await read({ topic: 'sign-ins', identityId: 'ben' })).actions).toEqual(['session.started'])
  })

  it('S38: reads one entry back to whom it concerns, and to nobody else', async () => {
    const { audit, happen, read } = await openStories(open)
    await happen('session.started')
    const { items } = await read()
    const id = items[0]?.id ?? ''
    expect(await audit.entry('ana', id)).toMatchObject({
      action: 'session.started',
      personal: { address: ana.address },
    })
    expect(await audit.entry('ben', id)).toBeUndefined()
    expect(await audit.entry('ana', 'nothing')).toBeUndefined()
  })
})
