/** Recovery cases: what is kept of them, who is told, and what becomes of a case in time. Reviewers are in case-review.test.ts. */
import { expect, it } from 'vitest'
import { day, hour, minute } from '../../src/domain/time.ts'
import { noting } from '../identities/world.ts'
import { eachStore } from '../support/stores.ts'
import { anotherProcess, createCaseWorld, pdf, statement, visit } from './case-world.ts'

eachStore((_, open) => {
  async function opened(change = {}) {
    const world = await createCaseWorld(open)
    const outcome = await world.cases.open({ ...statement, ...change }, [pdf], visit)
    if (outcome.status !== 'opened') throw new Error(outcome.reason)
    const found = await world.cases.find(outcome.code)
    if (found === undefined) throw new Error('no case')
    return { ...world, code: outcome.code, id: found.id }
  }

  it('the owner hears of it at every address, the one who opened it at the address they gave, each once', async () => {
    const { messages, queue, clock, ana, id, audit } = await opened()
    expect(messages).toEqual([])
    await queue.run()
    clock.advance(minute)
    await queue.run()
    expect(messages).toMatchObject([
      {
        template: 'case-opened',
        to: { written: 'ana@example.com' },
        about: { identityId: ana, recoveryCase: id },
        values: { address: visit.address, device: visit.userAgent },
      },
      { template: 'case-received', to: { written: statement.reply } },
    ])
    expect(messages[1]).not.toHaveProperty('name')
    expect(messages[1]).not.toHaveProperty('about')
    const { items } = await audit.story({ identityId: ana, topic: 'recovery', limit: 10 })
    expect(items).toMatchObject([{ action: 'case.opened', personal: { address: visit.address } }])
    expect(items[0]?.actor).not.toHaveProperty('id')
  })

  it('S42: what was written and attached is sealed, and the code is stored as a keyed hash', async () => {
    const { store, code } = await opened()
    const rows = await store.cases.page({ limit: 10 })
    const parts = await store.caseParts.page({ limit: 100 })
    const raw = JSON.stringify([rows, parts])
    expect(parts.items.length).toBeGreaterThan(3)
    expect(raw).not.toMatch(/into the lake|elsewhere|198\.51|Browser|JVBERi/)
    expect(raw).not.toContain(code)
    expect(raw).not.toContain(code.replaceAll('-', ''))
  })

  it('a code leads to its case however it is typed, and any other to none', async () => {
    const { cases, code, id } = await opened()
    expect(await cases.find(` ${code.toLowerCase()} `)).toMatchObject({ id, state: 'opened' })
    for (const other of ['', 'x', code.slice(0, -1), `${code}A`, 'A'.repeat(100_000)])
      expect(await cases.find(other)).toBeUndefined()
  })

  it('S32: a case about nobody is opened alike, reaches no reviewer and nobody else, and is refused some hours later', async () => {
    const somebody = await opened()
    const nobody = await opened({ identifier: 'nobody@example.com' })
    const shape = (jobs: typeof nobody.queue.jobs) => jobs.length
    expect(shape(nobody.queue.jobs)).toBe(shape(somebody.queue.jobs))
    const [row] = (await nobody.store.cases.page({ limit: 10 })).items
    const [other] = (await somebody.store.cases.page({ limit: 10 })).items
    expect({ ...row, identityId: other?.identityId }).toMatchObject({ queue: 'new', state: 'opened' })
    const count = async ({ store }: typeof nobody) =>
      (await store.caseParts.page({ limit: 100 })).items.length
    expect(await count(nobody)).toBe(await count(somebody))
    await nobody.queue.run()
    expect(nobody.messages).toMatchObject([{ template: 'case-received', to: { written: statement.reply } }])
    const { id: reviewer } = await nobody.reviewer('rita')
    expect(await nobody.cases.list(reviewer, { limit: 10 })).toEqual({ items: [] })
    expect(await nobody.cases.look(nobody.id, reviewer)).toBeUndefined()
    nobody.clock.advance(3 * hour)
    await nobody.queue.run()
    expect(await nobody.cases.find(nobody.code)).toMatchObject({ state: 'opened' })
    nobody.clock.advance(32 * hour)
    await nobody.queue.run()
    expect(await nobody.cases.find(nobody.code)).toMatchObject({ state: 'refused', reason: 'not-shown' })
    expect(nobody.messages.at(-1)).toMatchObject({ template: 'case-refused' })
    expect(await nobody.cases.list(reviewer, { over: true, limit: 10 })).toEqual({ items: [] })
  })

  it('S32: the store is asked the same, in the same order, whoever it is about', async () => {
    const notes: Record<string, string[]> = {}
    for (const identifier of ['ana@example.com', 'nobody@example.com']) {
      const world = await createCaseWorld(open)
      const noted: string[] = []
      const process = anotherProcess(world, noting(world.store, noted))
      const outcome = await process.open({ ...statement, identifier }, [pdf], visit)
      if (outcome.status !== 'opened') throw new Error(outcome.reason)
      const found = await process.find(outcome.code)
      await process.claimed(found?.id ?? '')
      notes[identifier] = noted
    }
    expect(notes['nobody@example.com']).toEqual(notes['ana@example.com'])
  })

  it('S26: S32: so many a day about one name, whoever has it, and from one address; somebody else is not kept from theirs', async () => {
    const { cases, clock } = await createCaseWorld(open)
    const from = (address: string) => ({ ...visit, address })
    for (const identifier of ['ana@example.com', 'nobody@example.com']) {
      const outcomes = []
      for (const nth of [1, 2, 3, 4])
        outcomes.push((await cases.open({ ...statement, identifier }, [], from(`203.0.113.${nth}`))).status)
      expect(outcomes).toEqual(['opened', 'opened', 'opened', 'refused'])
    }
    const many = []
    for (let nth = 0; nth < 12; nth += 1)
      many.push((await cases.open({ ...statement, identifier: `x${nth}@example.com` }, [], visit)).status)
    expect(many.filter((status) => status === 'opened')).toHaveLength(10)
    clock.advance(day)
    expect(await cases.open(statement, [], visit)).toMatchObject({ status: 'opened' })
  })

  it('S26: a stranger cannot use up the cases of somebody else: not from one address, and not those of a browser that its owner knows', async () => {
    const { cases, devices, ana } = await createCaseWorld(open)
    const laptop = 'a-secret-that-only-the-laptop-has-and-nobody-else'
    await devices.remember(laptop, ana, 'Browser 2')
    const tried = async (address: string, device = visit.device) =>
      (await cases.open(statement, [], { ...visit, address, device })).status
    const stranger = '203.0.113.1'
    expect([await tried(stranger), await tried(stranger), await tried(stranger)]).toEqual([
      'opened',
      'opened',
      'refused',
    ])
    expect(await tried('203.0.113.2')).toBe('opened')
    expect(await tried('203.0.113.3')).toBe('refused')
    expect(await tried('203.0.113.3', laptop)).toBe('opened')
  })

  it('S26: the limit of all together sheds load: it counts against nobody, nobody uses it up from one address, and known browsers have their own', async () => {
    const { cases, devices, ana, clock } = await createCaseWorld(open)
    const laptop = 'a-secret-that-only-the-laptop-has-and-nobody-else'
    await devices.remember(laptop, ana, 'Browser 2')
    const tried = async (identifier: string, address: string, device = visit.device) => {
      const outcome = await cases.open({ ...statement, identifier }, [], { ...visit, address, device })
      return outcome.status === 'refused' ? outcome.reason : outcome.status
    }
    const many = async (address: string, most: number) => {
      for (let nth = 0; nth < most; nth += 1) await tried(`${address}-${nth}@example.com`, address)
    }
    // Twelve from one address are ten: 11 of 20.
    await many('203.0.113.1', 12)
    expect(await tried('ana@example.com', '203.0.113.2')).toBe('opened')
    await many('203.0.113.3', 9)
    for (const nth of [4, 5, 6, 7]) expect(await tried('ana@example.com', `203.0.113.${nth}`)).toBe('busy')
    expect(await tried('ana@example.com', '203.0.113.8', laptop)).toBe('opened')
    clock.advance(day)
    for (const nth of [4, 5]) expect(await tried('ana@example.com', `203.0.113.${nth}`)).toBe('opened')
  })

  it('S26: a mailbox that strangers name hears of a few cases only, until a reviewer has something to ask', async () => {
    let room = 3
    const mayWrite = async () => room-- > 0
    const { cases, queue, messages, reviewer, clock } = await createCaseWorld(open, { mayWrite })
    for (let nth = 0; nth < 5; nth += 1)
      await cases.open({ ...statement, identifier: `x${nth}@example.com` }, [], visit)
    const last = await cases.open(statement, [], visit)
    await queue.run()
    clock.advance(35 * hour)
    await queue.run()
    const toMailbox = () => messages.filter(({ to }) => to.written === statement.reply).length
    expect(toMailbox()).toBe(3)
    const found = last.status === 'opened' ? await cases.find(last.code) : undefined
    const rita = await reviewer('rita')
    await cases.decide(found?.id ?? '', rita, { action: 'ask', seen: 1, text: 'What is it?' })
    expect(toMailbox()).toBe(4)
  })

  it('somebody suspended is nobody; a reply address that is none, or too many files, is refused and counts for nothing', async () => {
    const { cases, identities, ana, store, queue } = await createCaseWorld(open)
    expect(await cases.open({ ...statement, reply: 'ana' }, [], visit)).toEqual({
      status: 'refused',
      reason: 'reply',
    })
    expect(await cases.open(statement, [pdf, pdf, pdf], visit)).toEqual({
      status: 'refused',
      reason: 'files',
    })
    expect(queue.jobs).toEqual([])
    await identities.suspend(ana, { kind: 'operator' })
    await cases.open(statement, [], visit)
    expect((await store.cases.page({ limit: 10 })).items).toMatchObject([{ state: 'opened' }])
    expect((await store.cases.findBy('identityId', ana)).length).toBe(0)
  })

  it('"this wasn’t me" from a mailbox ends nothing: reviewers see it, and what was approved before counts no more', async () => {
    const { cases, queue, messages, ana, id, person, code, reviewer } = await opened()
    await queue.run()
    const [rita, rolf] = [await reviewer('rita'), await reviewer('rolf')]
    const approve = { action: 'approve', seen: 1, text: '' } as const
    await cases.decide(id, rita, approve)
    const by = { kind: 'system' } as const
    const before = messages.length
    expect(await cases.doubt(await person('eve'), id, by)).toBe(false)
    expect(await Promise.all([cases.doubt(ana, id, by), cases.doubt(ana, id, by)])).toContain(true)
    expect(await cases.doubt(ana, id, by)).toBe(true)
    await queue.run()
    expect(messages).toHaveLength(before)
    expect(await cases.find(code)).toMatchObject({ state: 'opened' })
    const shown = await cases.look(id, rolf.id)
    expect(shown).toMatchObject({ state: 'opened', evidence: 2 })
    expect(shown?.signs).toContainEqual({ name: 'owner.objected', tone: 'bad' })
    expect(await cases.decide(id, rolf, approve)).toEqual({ status: 'refused', reason: 'changed' })
    const again = { ...approve, seen: 2 }
    expect(await cases.decide(id, rolf, again)).toEqual({ status: 'done', state: 'approved-once' })
    expect(await cases.find(code)).toMatchObject({ state: 'opened' })
    expect(await cases.decide(id, rita, again)).toEqual({ status: 'done', state: 'approved' })
    expect(await cases.doubt(ana, id, by)).toBe(false)
  })

  it('"this wasn’t me" by its owner, who signed in freshly, withdraws it, once, and whoever opened it is told; another person’s does nothing', async () => {
    const { cases, queue, messages, ana, id, person, code } = await opened()
    await queue.run()
    const by = { kind: 'system' } as const
    expect(await cases.object(await person('eve'), id, by)).toBe(false)
    expect(await cases.object(ana, id, by)).toBe(true)
    expect(await cases.object(ana, id, by)).toBe(false)
    expect(await cases.find(code)).toMatchObject({ state: 'withdrawn' })
    expect(messages.slice(2)).toMatchObject([{ template: 'case-over', to: { written: statement.reply } }])
  })

  it('without a decision it is over after its time, also when the server was down then, and a clock set back ends nothing early', async () => {
    const { cases, queue, clock, code, messages } = await opened()
    await queue.run()
    clock.advance(-2 * day)
    clock.advance(15 * day)
    await queue.run()
    expect(await cases.find(code)).toMatchObject({ state: 'opened' })
    clock.advance(20 * day)
    await queue.run()
    expect(await cases.find(code)).toMatchObject({ state: 'expired' })
    expect(messages.filter(({ template }) => template === 'case-over')).toHaveLength(1)
  })

  it('a month after the end everything that was written or attached is gone; who decided stays', async () => {
    const { cases, queue, clock, store, ana, id } = await opened()
    await queue.run()
    await cases.object(ana, id, { kind: 'system' })
    clock.advance(30 * day - minute)
    expect((await store.caseParts.page({ limit: 100 })).items.length).toBeGreaterThan(3)
    clock.advance(2 * minute)
    expect((await store.caseParts.page({ limit: 100 })).items).toEqual([])
    await store.caseParts.sweep(clock.now(), 1000)
    expect(await store.caseParts.count()).toBe(0)
    expect(await store.cases.get(id)).toMatchObject({ state: 'withdrawn' })
  })

  it('of a person who is deleted nothing of a case stays', async () => {
    const { identities, queue, store, ana } = await opened()
    await queue.run()
    await identities.remove(ana, { kind: 'operator' })
    expect((await store.cases.page({ limit: 10 })).items).toEqual([])
    expect((await store.caseParts.page({ limit: 10 })).items).toEqual([])
  })
})
