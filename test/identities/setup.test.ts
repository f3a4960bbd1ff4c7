import { expect, it } from 'vitest'
import { day } from '../../src/domain/time.ts'
import { createSetup } from '../../src/identities/setup.ts'
import type { Store } from '../../src/ports/store.ts'
import { random } from '../../src/vault/vault.ts'
import { eachStore, type OpenStore } from '../support/stores.ts'
import { createWorld, failing, operator, parallel, worldOn } from './world.ts'

const form = { email: 'admin@example.com', name: 'Ada Admin' }

function setupOn(store: Store, now: () => number) {
  const world = worldOn(store, now)
  const invited: string[] = []
  const invite = async (identityId: string) => {
    invited.push(identityId)
    return { link: `link of ${identityId}` }
  }
  return { ...world, invited, setup: createSetup({ ...world, store, clock: now, random, invite }) }
}

async function openSetup(open: OpenStore) {
  const { clock, store } = await createWorld(open)
  return { clock, store, ...setupOn(store, clock.now) }
}

eachStore((_, open) => {
  it('makes the first administrator with the code of the terminal, who goes on to a way to sign in', async () => {
    const { setup, identities, audit, messages } = await openSetup(open)
    expect(await setup.needed()).toBe(true)
    const code = await setup.code()
    const created = await setup.complete({ ...form, code: ` ${code} ` })
    if (created.status !== 'created') throw new Error(created.reason)
    expect(created.link).toBe(`link of ${created.identityId}`)
    expect(await identities.get(created.identityId)).toMatchObject({
      state: 'active',
      roles: ['administrator'],
      groups: ['administrators'],
      claims: { name: 'Ada Admin' },
      identifiers: [{ value: 'admin@example.com', verifiedAt: expect.any(Number) }],
    })
    expect(await setup.needed()).toBe(false)
    expect((await audit.list({ limit: 1 })).items[0]).toMatchObject({
      action: 'setup.completed',
      identityId: created.identityId,
    })
    expect(messages).toEqual([])
  })

  it('is over for ever, also with another code and after the administrator is gone', async () => {
    const { setup, identities, store } = await openSetup(open)
    const [code, later] = [await setup.code(), await setup.code()]
    const created = await setup.complete({ ...form, code })
    for (const again of [code, later, await setup.code()])
      expect(await setup.complete({ email: 'eve@example.com', name: 'Eve', code: again })).toEqual({
        status: 'refused',
        reason: 'done',
      })
    await identities.remove(created.status === 'created' ? created.identityId : '', operator)
    expect(await setup.needed()).toBe(false)
    expect(await identities.findByIdentifier('email', 'eve@example.com')).toBeUndefined()
    expect(
      (await store.settings.page({ prefix: 'setup', limit: 10 })).items.filter(({ value }) =>
        value.startsWith('done'),
      ),
    ).toHaveLength(1)
  })

  it('refuses a wrong code and a bad form without spending the code, and keeps only a keyed hash of it', async () => {
    const { setup, store, digest } = await openSetup(open)
    const code = await setup.code()
    const reason = async (changed: object) => setup.complete({ ...form, code, ...changed })
    expect(await reason({ code: 'x' })).toEqual({ status: 'refused', reason: 'code' })
    expect(await reason({ code: '' })).toEqual({ status: 'refused', reason: 'code' })
    expect(await reason({ email: 'admin' })).toEqual({ status: 'refused', reason: 'email' })
    expect(await reason({ name: ' ' })).toEqual({ status: 'refused', reason: 'name' })
    const raw = JSON.stringify((await store.settings.page({ limit: 100 })).items)
    for (const clear of [code, digest(code)]) expect(raw).not.toContain(clear)
    expect((await reason({})).status).toBe('created')
  })

  it('takes a code for a day, and those of all processes that were started', async () => {
    const { setup, clock } = await openSetup(open)
    const old = await setup.code()
    clock.advance(day)
    expect(await setup.complete({ ...form, code: old })).toEqual({ status: 'refused', reason: 'code' })
    const first = await setup.code()
    await setup.code()
    expect((await setup.complete({ ...form, code: first })).status).toBe('created')
  })

  it.each([2, 8, 32])(
    'F3: of %i parallel set-ups with one code exactly one makes an administrator',
    async (racers) => {
      const { setup, store } = await openSetup(open)
      const code = await setup.code()
      const outcomes = await parallel(racers, (index) =>
        setup.complete({ code, name: 'Ada', email: `admin${index % 4}@example.com` }),
      )
      expect(outcomes.filter(({ status }) => status === 'created')).toHaveLength(1)
      const { items } = await store.identities.page({ limit: 100 })
      expect(items.filter(({ roles }) => roles.length > 0)).toHaveLength(1)
      expect(items.filter(({ state }) => state !== 'deleted')).toHaveLength(1)
      expect(await store.claims.count()).toBe(1)
    },
  )

  it.each(['settings.insert', 'settings.replace', 'settings.remove'])(
    'survives a crash at %s: an administrator in the end, and never two',
    async (where) => {
      const { clock, store, setup, identities } = await openSetup(open)
      const code = await setup.code()
      const killed = setupOn(failing(store, where), clock.now)
      await expect(killed.setup.complete({ ...form, code })).rejects.toThrow('killed')
      if (await setup.needed()) expect((await setup.complete({ ...form, code })).status).toBe('created')
      expect(await setup.needed()).toBe(false)
      expect(await identities.findByIdentifier('email', form.email)).toMatchObject({
        state: 'active',
        roles: ['administrator'],
      })
      expect((await store.identities.page({ limit: 10 })).items).toHaveLength(1)
    },
  )

  it('makes no administrator out of somebody who signs in already', async () => {
    const { setup, identities } = await openSetup(open)
    const created = await identities.create(
      { identifiers: [{ kind: 'email', written: form.email }], state: 'active' },
      operator,
    )
    expect(await setup.complete({ ...form, code: await setup.code() })).toEqual({
      status: 'refused',
      reason: 'taken',
    })
    expect(await identities.get(created.status === 'created' ? created.identity.id : '')).toMatchObject({
      roles: [],
    })
    expect(await setup.needed()).toBe(true)
  })

  it('is not needed where the command line made an administrator', async () => {
    const { setup, identities } = await openSetup(open)
    const code = await setup.code()
    await identities.create(
      { identifiers: [{ kind: 'email', written: 'root@example.com' }], roles: ['administrator'] },
      operator,
    )
    expect(await setup.needed()).toBe(false)
    expect(await setup.complete({ ...form, code })).toEqual({ status: 'refused', reason: 'done' })
  })
})
