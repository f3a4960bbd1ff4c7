import { expect, it } from 'vitest'
import { day } from '../../src/domain/time.ts'
import type { StoredAuditEntry } from '../../src/ports/audit-row.ts'
import type { Store } from '../../src/ports/store.ts'
import { createDepartures, delivered, planned, sent, stateOf, until } from '../identities/departures.ts'
import { parallel } from '../identities/world.ts'
import { eachStore } from '../support/stores.ts'
import { inserting, openLedger, rowsOf, written } from './ledger.ts'

const whole = { broken: 0, faults: [], unconfirmed: 0 }

/** What somebody could do to an entry; each must be noticed. */
const changes: Record<string, (row: StoredAuditEntry, other: StoredAuditEntry) => object> = {
  'the action': () => ({ action: 'identity.created' }),
  'the result': () => ({ result: 'failure' }),
  'who did it': () => ({ actor: { kind: 'identity', id: 'ben' } }),
  'whom it concerns': () => ({ identityId: 'ben' }),
  'the application': () => ({ clientId: 'mail' }),
  'the reason': () => ({ reason: 'unasked' }),
  'the time': ({ at }) => ({ at: at - 1 }),
  'a detail': ({ details }) => ({ details: { ...details, count: 1 } }),
  'one of a list in the details': ({ details }) => ({
    details: { ...details, claims: ['name', 'zoneInfo'] },
  }),
  'what is sealed': (_, { sealed }) => ({ sealed }),
  'that anything was sealed': () => ({ sealed: undefined }),
  'the lists it stands in': () => ({ stories: [] }),
  'when it expires': ({ at }) => ({ expiresAt: at + 1e9 }),
  'a property that was not there': () => ({ sessionId: 'session' }),
  'its position': ({ link }) => ({ link: { ...link, position: link.position + 1 } }),
  'its chain': ({ link }) => ({ link: { ...link, chain: 'other' } }),
  'what it says is stored': ({ link }) => ({ link: { ...link, settled: 0 } }),
  'its predecessor': ({ link }, other) => ({ link: { ...link, previous: other.link.mac } }),
  'its MAC': ({ link }, other) => ({ link: { ...link, mac: other.link.mac } }),
  'its link, to nonsense': () => ({ link: { chain: 'x', position: 'one', known: 7 } }),
  'that it has a link': () => ({ link: undefined }),
}

eachStore((_, open) => {
  it('is whole while nothing was recorded, and after much was, one by one and at once, by several processes', async () => {
    const ledger = await openLedger(open)
    expect(await ledger.verify()).toEqual({ ...whole, entries: 0, chains: 0 })
    await written(ledger, 3)
    const others = [ledger, ledger.another(), ledger.another()]
    await parallel(90, (index) => others[index % 3]?.happen(`person-${index % 7}`) ?? Promise.resolve())
    const rows = await rowsOf(ledger.store)
    expect(await ledger.verify()).toEqual({ ...whole, entries: 93, chains: 3, newest: rows.at(-1)?.id })
    for (const chain of new Set(rows.map(({ link }) => link.chain))) {
      const positions = rows.filter(({ link }) => link.chain === chain).map(({ link }) => link.position)
      expect(positions).toEqual(positions.map((_, index) => index + 1))
    }
  })

  it('stays whole when a person is deleted: what was sealed about them is unreadable, and as it was', async () => {
    const world = await createDepartures(open)
    const id = await planned(world, ['ana@example.com'])
    const before = (await rowsOf(world.store)).filter(({ identityId }) => identityId === id)
    world.queue.start()
    for (const [told, wait] of [
      ['deletion-planned ana@example.com', 6 * day],
      ['deletion-reminder ana@example.com', day],
    ] as const) {
      await until(() => expect(sent(world)).toContain(told))
      await delivered(world)
      world.clock.advance(wait)
    }
    await until(async () => expect(await stateOf(world, id)).toBe('deleted'))
    await until(async () => {
      const { items } = await world.audit.list({ identityId: id, action: 'identity.deleted', limit: 1 })
      expect(items).toHaveLength(1)
    })
    await until(async () => expect((await world.store.identityKeys.get(id))?.sealed).toBe(''))
    const after = await rowsOf(world.store)
    expect(before.length).toBeGreaterThan(0)
    expect(after).toEqual(expect.arrayContaining(before))
    expect(await world.audit.verify()).toMatchObject({ ...whole, entries: after.length })
  })

  it('notices each change of an entry, names it, and takes its neighbours for whole', async () => {
    const ledger = await openLedger(open)
    const rows = await written(ledger, 5)
    const [, , row, other] = rows
    if (row === undefined || other === undefined) throw new Error('five entries were written')
    for (const [what, change] of Object.entries(changes)) {
      const altered = { ...row, ...change(row, other) } as StoredAuditEntry
      await ledger.store.audit.put(altered)
      const { faults, broken, entries } = await ledger.verify()
      expect(broken, what).toBeGreaterThan(0)
      expect(faults[0], what).toMatchObject({ id: row.id, fault: altered.link ? 'altered' : 'foreign' })
      expect(entries, what).toBe(4)
      await ledger.store.audit.put(row)
      expect(await ledger.verify(), what).toMatchObject({ ...whole, entries: 5 })
    }
  })

  it('notices what is missing, at the beginning and in the middle, and says which', async () => {
    const ledger = await openLedger(open)
    const rows = await written(ledger, 6)
    const gone = async (from: number, to: number) => {
      for (const row of rows.slice(from, to)) await ledger.store.audit.remove(row.id)
      const verdict = await ledger.verify()
      for (const row of rows.slice(from, to)) await ledger.store.audit.put(row)
      return verdict
    }
    const chain = rows[0]?.link.chain
    const missing = (by: number, from: number, to: number) => ({
      broken: 1,
      faults: [{ id: rows[by]?.id, fault: 'missing', chain, from, to }],
    })
    expect(await gone(0, 1)).toMatchObject({ ...missing(1, 1, 1), entries: 5 })
    expect(await gone(2, 3)).toMatchObject(missing(3, 3, 3))
    expect(await gone(1, 4)).toMatchObject(missing(4, 2, 4))
    expect(await ledger.verify()).toMatchObject({ ...whole, entries: 6 })
  })

  it('notices an end that was cut off once somebody wrote after it, also a chain that vanished; and before that only with an id that was noted', async () => {
    const ledger = await openLedger(open)
    const rows = await written(ledger, 4)
    const [first, , third, last] = rows
    const chain = first?.link.chain
    const noted = (await ledger.verify()).newest ?? ''
    expect(await ledger.verify({ noted })).toMatchObject(whole)
    for (const row of rows.slice(2)) await ledger.store.audit.remove(row.id)
    expect(await ledger.verify()).toMatchObject({ ...whole, entries: 2 })
    expect(await ledger.verify({ noted })).toMatchObject({
      broken: 1,
      faults: [{ id: noted, fault: 'gone' }],
    })
    for (const row of rows.slice(2)) await ledger.store.audit.put(row)

    await ledger.another().happen()
    const by = (await rowsOf(ledger.store)).at(-1)?.id
    await ledger.store.audit.remove(last?.id ?? '')
    expect(await ledger.verify()).toMatchObject({
      broken: 1,
      faults: [{ id: by, fault: 'missing', chain, from: 4, to: 4 }],
    })
    for (const row of rows) await ledger.store.audit.remove(row.id)
    expect((await ledger.verify()).faults).toMatchObject([
      { id: by, fault: 'missing', chain, from: 1, to: 4 },
    ])
    // Its own process goes on as if nothing had been.
    await ledger.happen()
    expect((await ledger.verify()).faults).toContainEqual(
      expect.objectContaining({ fault: 'missing', chain, from: 1, to: 4 }),
    )
    expect(third?.link.settled).toBe(2)
  })

  it('knows of a chain of one entry long after others wrote', async () => {
    const ledger = await openLedger(open)
    await ledger.happen()
    await ledger.another().happen()
    const single = (await rowsOf(ledger.store)).find(({ link }) => link.known?.length === 1)
    await written(ledger, 60)
    await ledger.another().happen()
    expect(await ledger.verify()).toMatchObject(whole)
    await ledger.store.audit.remove(single?.id ?? '')
    expect((await ledger.verify()).faults).toMatchObject([
      { fault: 'missing', chain: single?.link.chain, from: 1, to: 1 },
    ])
  })

  it('notices entries that changed places, and what was put in: a copy, an invention, one that pretends to be the next', async () => {
    const ledger = await openLedger(open)
    const rows = await written(ledger, 5)
    const [, second, third] = rows
    if (second === undefined || third === undefined) throw new Error('five entries were written')
    await ledger.store.audit.put({ ...third, id: second.id })
    await ledger.store.audit.put({ ...second, id: third.id })
    expect((await ledger.verify()).faults.slice(0, 2)).toMatchObject([
      { id: second.id, fault: 'altered' },
      { id: third.id, fault: 'altered' },
    ])
    await ledger.store.audit.put(second)
    await ledger.store.audit.put(third)

    const copy = { ...third, id: `${third.id.slice(0, -1)}_` }
    const invention = { ...third, id: `${third.id}0`, link: undefined } as unknown as StoredAuditEntry
    const next = { ...third, id: `${rows[4]?.id}0`, link: { ...third.link, position: 6, settled: 5 } }
    for (const [row, fault] of [
      [copy, 'altered'],
      [invention, 'foreign'],
      [next, 'altered'],
    ] as const) {
      await ledger.store.audit.insert(row)
      expect(await ledger.verify()).toMatchObject({ entries: 5, broken: 1, faults: [{ id: row.id, fault }] })
      await ledger.store.audit.remove(row.id)
    }
    expect(await ledger.verify()).toMatchObject(whole)
  })

  it('goes on after an entry that could not be stored, in a new chain that names the old one', async () => {
    const { store, another, verify } = await openLedger(open)
    let [fails, reaches] = [false, false]
    const { happen } = another(
      inserting(store, async (_, insert) => {
        if (!fails) return insert()
        if (reaches) await insert()
        throw new Error('no answer')
      }),
    )
    for (const arrives of [false, true]) {
      for (let each = 0; each < 3; each += 1) await happen()
      ;[fails, reaches] = [true, arrives]
      await expect(happen()).rejects.toThrow('no answer')
      await expect(happen()).rejects.toThrow('no answer')
      fails = false
    }
    await happen()
    const rows = await rowsOf(store)
    expect(await verify()).toEqual({ ...whole, entries: 9, chains: 4, newest: rows.at(-1)?.id })
    const [, , third] = rows
    await store.audit.remove(third?.id ?? '')
    expect((await verify()).faults).toMatchObject([{ fault: 'missing', from: 3, to: 3 }])
  })

  it('does not take for removed what was on its way when its process died; what it knew to be stored, it does', async () => {
    const { store, another, verify } = await openLedger(open)
    const lost = new Set([4, 6])
    const { happen } = another(
      inserting(store, (row, insert) =>
        lost.has(row.link.position) ? new Promise(() => undefined) : insert(),
      ),
    )
    await happen()
    await happen()
    void happen()
    await until(async () => expect(await store.audit.count()).toBe(3))
    const atOnce = Array.from({ length: 4 }, () => happen())
    await until(async () => expect(await store.audit.count()).toBe(5))
    await Promise.all([atOnce[1], atOnce[3]])
    expect(await verify()).toMatchObject({ broken: 0, unconfirmed: 2, entries: 5 })
    await another().happen()
    expect(await verify()).toMatchObject({ broken: 0, unconfirmed: 2, entries: 6 })
    const [, , third] = await rowsOf(store)
    await store.audit.remove(third?.id ?? '')
    expect((await verify()).faults).toMatchObject([{ fault: 'missing', from: 3, to: 3 }])
  })

  it('writes on in order while the clock is set back', async () => {
    const ledger = await openLedger(open)
    await written(ledger, 3)
    ledger.clock.advance(-60_000)
    await written(ledger, 3)
    ledger.clock.advance(60_001)
    const rows = await written(ledger, 2)
    expect(rows.map(({ link }) => link.position)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(await ledger.verify()).toMatchObject({ ...whole, entries: 8, chains: 1 })
  })

  it('looks again for what is missing: a process whose clock is behind may have written it behind the walk', async () => {
    const ledger = await openLedger(open)
    const rows = await written(ledger, 5)
    let hidden: string | undefined = rows[2]?.id
    const page: Store['audit']['page'] = async (query) => {
      const { items, ...more } = await ledger.store.audit.page(query)
      const seen = items.filter(({ id }) => id !== hidden)
      hidden = undefined
      return { items: seen, ...more }
    }
    const { verify } = ledger.another({ ...ledger.store, audit: { ...ledger.store.audit, page } })
    expect(await verify()).toMatchObject({ ...whole, entries: 4 })
    expect(await verify()).toMatchObject({ ...whole, entries: 5 })
  })
})
