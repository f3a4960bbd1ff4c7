/** The link "this wasn't me" itself: what it is made of, that it works once, and what happens when things go wrong in between. */
import { expect, it } from 'vitest'
import type { Ended, Questioned } from '../../src/domain/objection.ts'
import { day, minute } from '../../src/domain/time.ts'
import type { Message } from '../../src/ports/messenger.ts'
import type { Store } from '../../src/ports/store.ts'
import { createObjectionBook } from '../../src/recovery/objections/book.ts'
import { createObjections } from '../../src/recovery/objections/index.ts'
import { createWorld, failing, issuer, operator, parallel, worldOn } from '../identities/world.ts'
import { eachStore, type OpenStore } from '../support/stores.ts'

const settings = { alerts: { objection_lifetime: 7 * day } }
const visit = { address: '198.51.100.9', language: 'en', userAgent: 'Browser 2' }
const messageId = 'a message'

interface World {
  /** What was ended, by whom it is about. */
  readonly frozen: Questioned[]
  /** Throws from then on, until it is empty. */
  readonly faults: Error[]
}

function objectionsOn(store: Store, now: () => number, { frozen, faults }: World) {
  const world = worldOn(store, now)
  const tools = { ...world, store, clock: now, issuer, settings }
  const book = createObjectionBook(tools)
  const freeze = async (about: Questioned): Promise<readonly Ended[]> => {
    const fault = faults.shift()
    if (fault !== undefined) throw fault
    frozen.push(about)
    return ['device-forgotten']
  }
  return { ...world, book, objections: createObjections({ ...tools, book, freeze }) }
}

async function openObjections(open: OpenStore) {
  const { clock, store, identities } = await createWorld(open)
  const created = await identities.create(
    {
      identifiers: [{ kind: 'email', written: 'ana@example.com', verified: true }],
      claims: { name: 'Ana Lima' },
      state: 'active',
    },
    operator,
  )
  if (created.status !== 'created') throw new Error(created.status)
  const identityId = created.identity.id
  const faults: World = { frozen: [], faults: [] }
  const world = objectionsOn(store, clock.now, faults)
  const message: Message = {
    template: 'new-device',
    to: { kind: 'email', written: 'ana@example.com' },
    language: 'de',
    values: {
      name: 'Ana Lima',
      code: '123456',
      at: clock.now(),
      address: '203.0.113.7',
      device: 'Browser 1',
      application: 'Orchard',
      link: `${issuer}/account`,
    },
    about: { identityId, session: 'a session' },
  }
  const link = (await world.book.linkFor(message, messageId, clock.now())) ?? ''
  return { ...world, ...faults, clock, store, identityId, message, link, token: tokenIn(link) }
}

function tokenIn(link: string): string {
  return new URL(link).searchParams.get('key') ?? ''
}

eachStore((_, open) => {
  it('S33: the link is the issuer’s, its token is stored as a digest, and what it is about is sealed', async () => {
    const { link, token, store, digest, identityId } = await openObjections(open)
    expect(link).toMatch(/^https:\/\/id\.example\.com\/objection\?key=[A-Za-z0-9_-]{43}$/)
    const { items } = await store.objections.page({ limit: 10 })
    expect(items).toMatchObject([{ id: digest(token), identityId }])
    expect(JSON.stringify(items)).not.toMatch(/203\.0\.113\.7|Orchard|Ana|a session|Browser/)
    expect(JSON.stringify(items)).not.toContain(token)
  })

  it('S33: a message that is tried again carries the same link, and another one another', async () => {
    const { book, message, link, clock, store } = await openObjections(open)
    const sent = Number(message.values.at)
    clock.advance(minute)
    expect(await book.linkFor(message, messageId, sent)).toBe(link)
    expect(await book.linkFor(message, 'another', sent)).not.toBe(link)
    expect((await store.objections.page({ limit: 10 })).items).toHaveLength(2)
  })

  it('a message about nothing that can be ended has no link, nor one that goes out when the link would be too old', async () => {
    const { book, message, clock } = await openObjections(open)
    const { about: _, ...plain } = message
    expect(await book.linkFor(plain, messageId, clock.now())).toBeUndefined()
    expect(await book.linkFor(message, messageId, clock.now() - 7 * day)).toBeUndefined()
  })

  it('S33: looking shows what the message said, no more, and spends nothing', async () => {
    const { objections, token, message, frozen } = await openObjections(open)
    for (const _ of [1, 2])
      expect(await objections.look(token)).toEqual({
        message: {
          template: 'new-device',
          at: message.values.at,
          application: 'Orchard',
          address: '203.0.113.7',
          userAgent: 'Browser 1',
        },
      })
    expect(frozen).toEqual([])
  })

  it('S33: the button ends what the message was about, once; later ones are told what was done', async () => {
    const { objections, token, frozen, clock, messages, audit, identityId, message } =
      await openObjections(open)
    expect(await objections.raise(token, visit)).toEqual({ status: 'done', ended: ['device-forgotten'] })
    const at = clock.now()
    clock.advance(day)
    expect(await objections.raise(token, visit)).toEqual({ status: 'already' })
    expect(frozen).toEqual([message.about])
    expect(await objections.look(token)).toMatchObject({ raised: { at, ended: ['device-forgotten'] } })
    expect(messages).toMatchObject([
      {
        template: 'objection-raised',
        to: { written: 'ana@example.com' },
        language: 'de',
        values: { ended: 'device-forgotten', address: '198.51.100.9', device: 'Browser 2' },
      },
    ])
    // What answers an objection cannot be objected to.
    expect(messages[0]?.about).toBeUndefined()
    const { items } = await audit.list({ identityId, limit: 10 })
    expect(items.filter(({ action }) => action === 'objection.raised')).toMatchObject([
      {
        result: 'success',
        actor: { kind: 'system' },
        details: { message: 'new-device', ended: ['device-forgotten'] },
      },
    ])
  })

  it('tells the address that was asked too, when the account has another one by now', async () => {
    const { objections, token, identities, identityId, messages } = await openObjections(open)
    const change = {
      add: { kind: 'email', written: 'thief@example.com' },
      remove: { kind: 'email', value: 'ana@example.com' },
    } as const
    await identities.changeIdentifier(identityId, change, operator)
    await objections.raise(token, visit)
    expect(messages.map(({ to }) => to.written).sort()).toEqual(['ana@example.com', 'thief@example.com'])
  })

  it.each([2, 16])('S33: of %i who press at once one acts, and one is told', async (racers) => {
    const { objections, token, frozen, messages, store, clock, ...world } = await openObjections(open)
    const elsewhere = objectionsOn(store, clock.now, { frozen, faults: [] })
    const raised = await parallel(racers, (index) =>
      (index % 2 === 0 ? objections : elsewhere.objections).raise(token, visit),
    )
    expect(raised.filter(({ status }) => status === 'done')).toHaveLength(1)
    expect(raised.filter(({ status }) => status === 'already')).toHaveLength(racers - 1)
    expect(frozen).toHaveLength(1)
    expect([...messages, ...elsewhere.messages]).toHaveLength(1)
    const { items } = await world.audit.list({ identityId: world.identityId, limit: 50 })
    expect(items.filter(({ action }) => action === 'objection.raised')).toHaveLength(1)
  })

  it('S33: after its time, or made up, it is worth nothing', async () => {
    const { objections, token, frozen, clock } = await openObjections(open)
    for (const guess of ['', 'x', `${token}x`, token.slice(1)]) {
      expect(await objections.look(guess)).toBeUndefined()
      expect(await objections.raise(guess, visit)).toEqual({ status: 'gone' })
    }
    clock.advance(7 * day)
    expect(await objections.look(token)).toBeUndefined()
    expect(await objections.raise(token, visit)).toEqual({ status: 'gone' })
    expect(frozen).toEqual([])
  })

  it('what cannot be ended just now can be tried again at once', async () => {
    const { objections, token, frozen, faults } = await openObjections(open)
    faults.push(new Error('the store does not answer'))
    await expect(objections.raise(token, visit)).rejects.toThrow('does not answer')
    expect((await objections.look(token))?.raised).toBeUndefined()
    expect(await objections.raise(token, visit)).toMatchObject({ status: 'done' })
    expect(frozen).toHaveLength(1)
  })

  it('whoever is killed between ending and telling leaves it to the next, who tells', async () => {
    const { token, store, clock, frozen, objections, messages } = await openObjections(open)
    const dying = objectionsOn(failing(store, 'audit.insert'), clock.now, { frozen, faults: [] })
    await expect(dying.objections.raise(token, visit)).rejects.toThrow('killed')
    expect(dying.messages).toEqual([])
    // A process that is killed puts nothing back.
    const row = (await store.objections.page({ limit: 1 })).items[0]
    if (row === undefined) throw new Error('no row')
    await store.objections.replace({ ...row, raisedAt: clock.now() })

    expect(await objections.raise(token, visit)).toEqual({ status: 'already' })
    expect(await objections.look(token)).toMatchObject({ raised: { ended: [] } })
    clock.advance(minute)
    expect((await objections.look(token))?.raised).toBeUndefined()
    expect(await objections.raise(token, visit)).toMatchObject({ status: 'done' })
    expect(messages).toHaveLength(1)
  })

  it('is erased with the identity', async () => {
    const { identities, identityId, objections, token } = await openObjections(open)
    await identities.remove(identityId, operator)
    expect(await objections.look(token)).toBeUndefined()
    expect(await objections.raise(token, visit)).toEqual({ status: 'gone' })
  })
})
