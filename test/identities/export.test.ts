import { expect, it } from 'vitest'
import { day, hour, minute } from '../../src/domain/time.ts'
import type { ExportItem, ExportSection } from '../../src/identities/export/pieces.ts'
import { eachStore } from '../support/stores.ts'
import {
  createDepartures,
  type Departures,
  delivered,
  person,
  quiet,
  self,
  sent,
  until,
  visit,
} from './departures.ts'
import { failing, operator, parallel } from './world.ts'

/** Each item as long as a long entry of the audit. */
const much = { text: 'x'.repeat(2_000) }

function section(name: string, items: () => AsyncIterable<ExportItem>): ExportSection {
  return { name, read: items }
}

const account: ExportSection = {
  name: 'account',
  single: true,
  async *read(id) {
    yield { id, name: 'Ana Lima' }
  },
}
const nothing = section('nothing', async function* () {})
const activity = section('activity', async function* () {
  for (let index = 0; index < 300; index++) yield { index, ...much }
})

const all = [account, nothing, activity]

async function ready(world: Pick<Departures, 'exports'>, id: string): Promise<void> {
  await until(async () => expect((await world.exports.state(id))?.status).toBe('ready'))
}

async function contents({ exports }: Pick<Departures, 'exports'>, id: string) {
  const found: Record<string, ExportItem[]> = {}
  const opened = await exports.open(id, self(id))
  if (opened === undefined) return undefined
  for await (const { section: name, items } of opened.pieces) found[name] = [...(found[name] ?? []), ...items]
  return found
}

eachStore((_, open) => {
  async function begin(sections: readonly ExportSection[] = all) {
    const world = await createDepartures(open)
    const server = world.process(world.store, sections)
    return { ...world, ...server, id: await person(world) }
  }

  it('collects every section in small sealed pieces, tells the person once, and is gone after a day', async () => {
    const world = await begin()
    const { exports, queue, clock, store, id } = world
    queue.start()
    expect(await exports.request(id, visit, self(id))).toBe('begun')
    await ready(world, id)
    const found = await contents(world, id)
    expect(found?.account).toEqual([{ id, name: 'Ana Lima' }])
    expect(found?.nothing).toEqual([])
    expect(found?.activity?.map(({ index }) => index)).toEqual(Array.from({ length: 300 }, (_, at) => at))
    const { items } = await store.exportPieces.page({ limit: 100 })
    expect(items.length).toBeGreaterThan(4)
    for (const { sealed } of items) {
      expect(sealed.length).toBeLessThan(400_000)
      expect(sealed.includes('Ana Lima')).toBe(false)
    }
    await until(() => expect(sent(world)).toEqual(['export-ready ana@example.com']))
    const [mail] = world.mails
    expect(mail?.about).toMatchObject({ identityId: id, session: 'uid' })
    expect(mail?.values.link).toBe('https://id.example.com/account/data')
    await delivered(world)
    clock.advance(day)
    expect(await exports.state(id)).toBeUndefined()
    expect(await contents(world, id)).toBeUndefined()
    const entries = (await world.audit.list({ identityId: id, limit: 10 })).items
    // All of one moment here: their order is open.
    expect(entries.map(({ action }) => action).sort()).toEqual([
      'export.downloaded',
      'export.requested',
      'identity.created',
    ])
  })

  it('is one job: whoever asks while it runs, here or elsewhere, joins it', async () => {
    const world = await begin()
    const { exports, queue, id } = world
    const other = world.process(world.store, all)
    const asked = await parallel(6, (index) =>
      (index % 2 ? other.exports : exports).request(id, visit, self(id)),
    )
    expect(asked.filter((one) => one === 'begun')).toHaveLength(1)
    expect((await exports.state(id))?.status).toBe('running')
    queue.start()
    other.queue.start()
    await ready(world, id)
    await until(() => expect(world.mails).toHaveLength(1))
    await quiet()
    expect(world.mails).toHaveLength(1)
    expect(await exports.request(id, visit, self(id))).toBe('begun')
    await until(() => expect(world.mails).toHaveLength(2))
  })

  it.each(['exportPieces.insert', 'exports.replace', 'jobs.remove'])(
    'kill -9 at %s: another process makes it whole, and the person is told once',
    async (where) => {
      const world = await begin()
      const { exports, id, clock } = world
      const killed = world.process(failing(world.store, where), all, {
        // Its mail goes out by the others.
        send: (send) => (where === 'jobs.remove' ? send : async () => undefined),
      })
      await exports.request(id, visit, self(id))
      killed.queue.start()
      await until(() => expect(killed.log.lines.length).toBeGreaterThan(0))
      await killed.queue.stop()
      const before = world.mails.length
      clock.advance(minute)
      world.queue.start()
      await ready(world, id)
      expect((await contents(world, id))?.activity).toHaveLength(300)
      if (where !== 'jobs.remove') await until(() => expect(world.mails).toHaveLength(before + 1))
    },
  )

  it('kill -9 between "ready" and "told": told by whoever comes next, once', async () => {
    const world = await begin()
    const { exports, id, clock, queue } = world
    let died = 0
    const dies = () => async () => {
      died += 1
      throw new Error('killed')
    }
    const killed = world.process(world.store, all, { send: dies })
    await exports.request(id, visit, self(id))
    killed.queue.start()
    await until(() => expect(died).toBeGreaterThan(0))
    await killed.queue.stop()
    expect((await exports.state(id))?.status).toBe('ready')
    expect(world.mails).toEqual([])
    clock.advance(minute)
    queue.start()
    await until(() => expect(sent(world)).toEqual(['export-ready ana@example.com']))
    await delivered(world)
    clock.advance(hour)
    await quiet()
    expect(world.mails).toHaveLength(1)
  })

  it('a row without a job, left by a crash, is taken up by the next request', async () => {
    const world = await begin()
    const { exports, queue, id } = world
    const killed = world.process(failing(world.store, 'jobs.insert'), all)
    await expect(killed.exports.request(id, visit, self(id))).rejects.toThrow('killed')
    queue.start()
    expect(await exports.request(id, visit, self(id))).toBe('joined')
    await ready(world, id)
  })

  it('a person who is deleted while it runs leaves nothing of it', async () => {
    let go = () => undefined as unknown
    const waits = new Promise((done) => {
      go = () => done(undefined)
    })
    let began = false
    const slow = section('slow', async function* () {
      for (let index = 0; index < 250; index++) yield { index, ...much }
      began = true
      await waits
      for (let index = 0; index < 250; index++) yield { index, ...much }
    })
    const world = await begin([account, slow])
    const { exports, queue, identities, store, id } = world
    queue.start()
    await exports.request(id, visit, self(id))
    await until(() => expect(began).toBe(true))
    await identities.remove(id, operator)
    go()
    await quiet()
    await until(async () => expect(await store.exportPieces.count()).toBe(0))
    expect(await store.exports.count()).toBe(0)
    expect(await exports.state(id)).toBeUndefined()
    expect(world.mails).toEqual([])
  })

  it('S33: "this wasn\'t me" deletes what that run made, and no other', async () => {
    const world = await begin()
    const { exports, queue, store, id } = world
    queue.start()
    await exports.request(id, visit, self(id))
    await ready(world, id)
    const run = (await store.exports.get(id))?.run ?? ''
    expect(await exports.discard(id, 'another')).toBe(false)
    expect((await exports.state(id))?.status).toBe('ready')
    expect(await exports.discard(id, run)).toBe(true)
    expect(await exports.state(id)).toBeUndefined()
    expect(await store.exportPieces.count()).toBe(0)
  })

  it('only the latest one is kept, and one that goes while it is downloaded does not look whole', async () => {
    const world = await begin()
    const { exports, queue, store, id } = world
    queue.start()
    await exports.request(id, visit, self(id))
    await ready(world, id)
    const pieces = await store.exportPieces.count()
    const opened = await exports.open(id, self(id))
    const reading = opened?.pieces[Symbol.asyncIterator]()
    await reading?.next()
    await exports.request(id, visit, self(id))
    const rest = async () => {
      for (;;) if ((await reading?.next())?.done !== false) return
    }
    await expect(rest()).rejects.toThrow('while it was read')
    await ready(world, id)
    expect(await store.exportPieces.count()).toBe(pieces)
    expect((await contents(world, id))?.activity).toHaveLength(300)
  })

  it('S26: is put together ten times a day and no more', async () => {
    const world = await begin()
    const { exports, store, id } = world
    const again = async () => {
      await store.exports.remove(id)
      return exports.request(id, visit, self(id))
    }
    for (let round = 0; round < 10; round += 1) expect(await again()).toBe('begun')
    expect(await again()).toBe('too-often')
    world.clock.advance(day)
    expect(await again()).toBe('begun')
  })

  it('a copy of another person does not open as one’s own', async () => {
    const world = await begin()
    const { exports, queue, store, id } = world
    const eve = await person(world, ['eve@example.com'])
    queue.start()
    await exports.request(id, visit, self(id))
    await exports.request(eve, visit, self(eve))
    await ready(world, id)
    await ready(world, eve)
    const [anas, eves] = [await store.exports.get(id), await store.exports.get(eve)]
    if (anas === undefined || eves === undefined) throw new Error('no export')
    await store.exports.put({ ...eves, pieces: anas.pieces ?? '' })
    await expect(contents(world, eve)).rejects.toThrow()
  })
})
