/** What trusted contacts are asked: once, by whoever is one at this moment, and without learning anything of each other. */
import { expect, it } from 'vitest'
import { day, hour } from '../../src/domain/time.ts'
import type { Asked } from '../../src/ports/vouching.ts'
import { operator, parallel } from '../identities/world.ts'
import { eachStore, type OpenStore } from '../support/stores.ts'
import { by, contactsOn, openContacts, visit } from './contact-world.ts'

const idOf = (asked: Asked): string => (asked.status === 'asked' ? asked.id : 'nobody was asked')

async function openAsked(open: OpenStore) {
  const world = await openContacts(open)
  const { ana, friends, ids } = await world.circle()
  const asked = await world.ask(ana)
  const id = idOf(asked)
  const answer = (friend: number, approves: boolean) => {
    const whom = friends[friend]?.id ?? ''
    return world.vouchings.answer(whom, id, approves, visit, by(whom))
  }
  return { ...world, ana, friends, ids, asked, id, answer }
}

eachStore((_, open) => {
  it('two of three who say yes are enough, and one is not', async () => {
    const { vouchings, id, answer } = await openAsked(open)
    expect(await vouchings.collect(id)).toBe('waiting')
    expect(await answer(0, true)).toBe('approved')
    expect(await vouchings.collect(id)).toBe('waiting')
    expect(await answer(1, true)).toBe('approved')
    expect(await vouchings.state(id)).toBe('vouched')
    expect(await vouchings.collect(id)).toBe('vouched')
    // It is decided: nobody is asked any more.
    expect(await answer(2, true)).toBe('gone')
    expect(await answer(1, false)).toBe('gone')
  })

  it('each contact is told once, and so is the owner everywhere, with what they can end', async () => {
    const { messages, ana, friends, id, asked, vouchings, work, ...world } = await openAsked(open)
    const told = () => messages.map(({ template, to }) => [template, to.written])
    const once = [
      ...['bob', 'eve', 'joe'].map((name) => ['contact-asked', `${name}@example.com`]),
      ['contacts-asked', 'ana@example.com'],
    ]
    expect(told()).toEqual(once)
    expect(messages[0]).toMatchObject({
      values: { person: 'Ana', mailbox: 'ana@example.com', address: visit.address },
      about: { identityId: friends[0].id, vouching: id },
    })
    expect(messages[3]).toMatchObject({ about: { identityId: ana.id, vouching: id } })
    // The same process asks nobody again.
    expect(await world.ask(ana)).toEqual(asked)
    expect(told()).toEqual(once)
  })

  it('a contact sees who asks from where and the words, and nothing of the others', async () => {
    const { vouchings, friends, id, asked, answer } = await openAsked(open)
    await answer(0, true)
    const [request, ...more] = await vouchings.requests(friends[1].id)
    expect(more).toEqual([])
    expect(request).toMatchObject({
      id,
      person: 'Ana',
      mailbox: 'ana@example.com',
      address: visit.address,
      userAgent: visit.userAgent,
      phrase: asked.status === 'asked' ? asked.phrase : [],
    })
    expect(JSON.stringify(request)).not.toMatch(/bob|joe|approved|count/i)
    expect(await vouchings.requests(friends[0].id)).toMatchObject([{ answer: 'approved' }])
  })

  it('S38: whoever was not asked sees no request and answers none', async () => {
    const { vouchings, person, ana, id } = await openAsked(open)
    const stranger = await person('zoe')
    for (const whom of [stranger.id, ana.id]) {
      expect(await vouchings.requests(whom)).toEqual([])
      expect(await vouchings.answer(whom, id, true, visit, by(whom))).toBe('gone')
      expect(await vouchings.disown(whom, id, { kind: 'system' })).toBe(false)
    }
    expect(await vouchings.state(id)).toBe('waiting')
  })

  it.each([2, 8])(
    'of %i equal answers at once one counts, and is recorded once for each side',
    async (racers) => {
      const { vouchings, answer, id, audit, ana, friends, messages } = await openAsked(open)
      const outcomes = await parallel(racers, () => answer(0, true))
      expect(outcomes.filter((outcome) => outcome === 'approved')).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === 'already')).toHaveLength(racers - 1)
      expect(await vouchings.state(id)).toBe('waiting')
      for (const identityId of [ana.id, friends[0].id]) {
        const { items } = await audit.list({ identityId, action: 'contact.approved', limit: 10 })
        expect(items).toHaveLength(1)
      }
      expect(messages.filter(({ template }) => template === 'contact-vouched')).toHaveLength(1)
    },
  )

  it('a removed contact’s earlier approval is void', async () => {
    const { vouchings, contacts, answer, id, ana, ids } = await openAsked(open)
    await answer(0, true)
    await answer(1, true)
    await contacts.remove(ana.id, ids[0] ?? '', by(ana.id), visit)
    // Bob's word is gone, Joe may still give his.
    expect(await vouchings.collect(id)).toBe('waiting')
    expect(await answer(2, true)).toBe('approved')
    expect(await vouchings.collect(id)).toBe('vouched')
  })

  it('what was collected is void too once somebody leaves, who comes back as a stranger', async () => {
    const { vouchings, contacts, answer, id, ids, ana, friends, befriend, clock } = await openAsked(open)
    const since = await vouchings.readySince(ana.id)
    await answer(0, true)
    await answer(1, true)
    expect(await vouchings.collect(id)).toBe('vouched')
    clock.advance(1)
    await contacts.quit(friends[0].id, ids[0] ?? '', visit, by(friends[0].id))
    expect(await vouchings.readySince(ana.id)).toBeUndefined()
    expect(await vouchings.collect(id)).not.toBe('vouched')
    await befriend(ana, friends[0])
    clock.advance(7 * day)
    expect(await vouchings.readySince(ana.id)).toBeGreaterThan(since ?? 0)
    expect(await vouchings.state(id)).not.toBe('vouched')
  })

  it('the clock set back: whoever leaves or is suspended then voids what was proved all the same', async () => {
    const { circle, vouchings, contacts, identities, befriend, person, clock } = await openContacts(open)
    const { ana, friends, ids } = await circle()
    await befriend(ana, await person('zoe'))
    clock.advance(14 * day)
    const before = await vouchings.readySince(ana.id)
    clock.advance(-3 * day)
    await identities.suspend(friends[1].id, operator)
    const suspended = await vouchings.readySince(ana.id)
    await identities.restore(friends[1].id, operator)
    await contacts.quit(friends[0].id, ids[0] ?? '', visit, by(friends[0].id))
    const left = await vouchings.readySince(ana.id)
    expect([before, suspended, left]).not.toContain(undefined)
    expect(new Set([before, suspended, left]).size).toBe(3)
  })

  it('S39: a contact who is deleted meanwhile vouches for nobody, nor does one who is suspended', async () => {
    const { vouchings, identities, answer, id, friends } = await openAsked(open)
    await answer(0, true)
    await answer(1, true)
    await identities.remove(friends[0].id, operator)
    expect(await vouchings.state(id)).toBe('waiting')
    await identities.suspend(friends[1].id, operator)
    expect(await vouchings.state(id)).toBe('refused')
    expect(await answer(1, true)).toBe('gone')
  })

  it.each([1, 2, 3])(
    'approval and removal in the same moment: together they leave no approval (%i)',
    async () => {
      const { vouchings, contacts, answer, id, ana, ids } = await openAsked(open)
      await answer(1, true)
      await Promise.all([answer(0, true), contacts.remove(ana.id, ids[0] ?? '', by(ana.id), visit)])
      expect(await vouchings.collect(id)).toBe('waiting')
    },
  )

  it('a refusal is told to the owner on every channel, once, and cannot be taken back', async () => {
    const { answer, messages, ana, identities, vouchings, id } = await openAsked(open)
    await identities.changeIdentifier(
      ana.id,
      { add: { kind: 'email', written: 'ana@home.example' } },
      operator,
    )
    expect(await answer(0, false)).toBe('refused')
    expect(await answer(0, false)).toBe('already')
    expect(await answer(0, true)).toBe('already')
    const told = messages.filter(({ template }) => template === 'contact-refused')
    expect(told.map(({ to }) => to.written).sort()).toEqual(['ana@example.com', 'ana@home.example'])
    for (const message of told) {
      expect(message.about).toEqual({ identityId: ana.id, vouching: id })
      // Not by whom: whoever reads it need not be the owner.
      expect(JSON.stringify(message.values)).not.toMatch(/bob|198\.51/i)
    }
    expect(await vouchings.state(id)).toBe('waiting')
    await answer(1, false)
    expect(await vouchings.state(id)).toBe('refused')
  })

  it('a word is taken back with the message about it, until it is collected', async () => {
    const { answer, vouchings, id, friends } = await openAsked(open)
    await answer(0, true)
    expect(await vouchings.disown(friends[0].id, id, { kind: 'system' })).toBe(true)
    expect(await vouchings.disown(friends[0].id, id, { kind: 'system' })).toBe(false)
    await answer(1, true)
    expect(await vouchings.collect(id)).toBe('waiting')
    await answer(2, true)
    expect(await vouchings.collect(id)).toBe('vouched')
    expect(await vouchings.disown(friends[1].id, id, { kind: 'system' })).toBe(false)
  })

  it.each([1, 8])(
    '“that is not me” by %i at once warns each contact once, and ends nothing',
    async (racers) => {
      const { vouchings, answer, ana, friends, id, messages } = await openAsked(open)
      await answer(0, true)
      expect(await vouchings.running(ana.id)).toMatchObject([{ id, address: visit.address, doubted: false }])
      messages.length = 0
      const doubts = await parallel(racers, () => vouchings.doubt(ana.id, id))
      expect(doubts.filter(Boolean)).toHaveLength(1)
      expect(messages.map(({ template, to, about }) => [template, to.written, about?.vouching])).toEqual(
        ['bob', 'eve', 'joe'].map((name) => ['contact-doubted', `${name}@example.com`, id]),
      )
      expect(await vouchings.running(ana.id)).toMatchObject([{ doubted: true }])
      expect(await vouchings.requests(friends[1].id)).toMatchObject([{ doubted: true }])
      // A thief of the mailbox keeps nobody out: whoever heard her voice can say so.
      await answer(1, true)
      expect(await vouchings.collect(id)).toBe('vouched')
      expect(await vouchings.running(ana.id)).toEqual([])
    },
  )

  it('S38: nobody warns of what is asked in another one’s name', async () => {
    const { vouchings, ana, friends, id } = await openAsked(open)
    expect(await vouchings.running(friends[0].id)).toEqual([])
    expect(await vouchings.doubt(friends[0].id, id)).toBe(false)
    expect(await vouchings.running(ana.id)).toMatchObject([{ doubted: false }])
  })

  it.each(['redeemedAt', 'stoppedAt', 'expiresAt'] as const)(
    'an approval after the process ended comes to nothing (%s)',
    async (how) => {
      const { answer, vouchings, friends, store, clock, id } = await openAsked(open)
      await answer(0, true)
      const row = await store.authentications.get('a process of hers')
      if (row === undefined) throw new Error('no process')
      await store.authentications.replace({ ...row, [how]: clock.now() })
      expect(await answer(1, true)).toBe('gone')
      expect(await vouchings.requests(friends[1].id)).toEqual([])
      expect(await vouchings.state(id)).toBe('waiting')
    },
  )

  it('nobody answers after its time', async () => {
    const { answer, vouchings, id, clock } = await openAsked(open)
    await answer(0, true)
    clock.advance(24 * hour)
    expect(await answer(1, true)).toBe('gone')
    expect(await vouchings.collect(id)).toBe('over')
  })

  it('S26: people are asked a few times a day, whoever asks for it', async () => {
    const { ask, circle, messages, clock } = await openContacts(open)
    const { ana } = await circle()
    const outcomes = []
    for (const process of ['one', 'two', 'three', 'four']) outcomes.push((await ask(ana, process)).status)
    expect(outcomes).toEqual(['asked', 'asked', 'asked', 'paused'])
    expect(messages.filter(({ template }) => template === 'contact-asked')).toHaveLength(9)
    clock.advance(day)
    expect((await ask(ana, 'five')).status).toBe('asked')
  })

  it('a process that was killed before anybody was told is told of by the next', async () => {
    const { circle, store, clock, messages, ask } = await openContacts(open)
    const { ana } = await circle()
    // It put the question, and its queue was never worked on.
    const dead = contactsOn(store, clock.now)
    const { address, userAgent, language } = visit
    const asking = { process: 'a process of hers', identity: ana, address, userAgent, language }
    const first = await dead.vouchings.ask(asking)
    expect(await ask(ana)).toEqual(first)
    expect(messages.filter(({ template }) => template === 'contact-asked')).toHaveLength(3)
  })

  it('a copy of the database shows neither the words nor who asks from where', async () => {
    const { store, asked } = await openAsked(open)
    const raw = JSON.stringify((await store.vouchings.page({ limit: 10 })).items)
    expect(raw).not.toContain(visit.address)
    for (const word of asked.status === 'asked' ? asked.phrase : []) expect(raw).not.toContain(word)
  })
})
