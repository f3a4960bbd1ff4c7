/** Who judges a case and how: two different people, none of them linked to the owner, in every order, at once, and with a kill in between. */
import { expect, it } from 'vitest'
import { day } from '../../src/domain/time.ts'
import type { Decided } from '../../src/recovery/cases/index.ts'
import { failing, operator } from '../identities/world.ts'
import { eachStore } from '../support/stores.ts'
import { anotherProcess, type CaseWorld, createCaseWorld, pdf, statement, visit } from './case-world.ts'

const approve = { action: 'approve', seen: 1, text: '' } as const
const refuse = { action: 'refuse', seen: 1, text: 'the paper is another one’s', reason: 'documents' } as const
const ask = { action: 'ask', seen: 1, text: 'Which applications do you use?' } as const

const reasonOf = (decided: Decided) => (decided.status === 'refused' ? decided.reason : decided.status)

eachStore((_, open) => {
  async function opened(change = {}) {
    const world = await createCaseWorld(open)
    return { ...world, ...(await openIn(world, change)) }
  }

  async function openIn(world: CaseWorld, change = {}, from = visit) {
    const outcome = await world.cases.open({ ...statement, ...change }, [pdf], from)
    if (outcome.status !== 'opened') throw new Error(outcome.reason)
    await world.queue.run()
    const found = await world.cases.find(outcome.code)
    return { code: outcome.code, id: found?.id ?? '' }
  }

  it('S38: two different reviewers approve; one alone does not, and the person never hears that one did', async () => {
    const { cases, id, code, reviewer, begun, messages } = await opened()
    const [rita, rolf] = [await reviewer('rita'), await reviewer('rolf')]
    expect(await cases.decide(id, rita, approve)).toEqual({ status: 'done', state: 'approved-once' })
    expect(await cases.decide(id, rita, approve)).toEqual({ status: 'refused', reason: 'same-reviewer' })
    expect(await cases.find(code)).toMatchObject({ state: 'opened' })
    expect(begun).toEqual([])
    expect(messages).toHaveLength(2)
    expect(await cases.decide(id, rolf, approve)).toEqual({ status: 'done', state: 'approved' })
    expect(begun).toHaveLength(1)
    expect(messages.at(-1)).toMatchObject({ template: 'case-approved', to: { written: statement.reply } })
    expect(await cases.find(code)).toMatchObject({ state: 'approved', recoveryId: `recovery of ${id}` })
    for (const by of [rita, rolf])
      expect(await cases.decide(id, by, approve)).toEqual({ status: 'refused', reason: 'over' })
    expect(begun).toHaveLength(1)
  })

  it('one refusal is enough, with a reason in words of ours; the note is for reviewers only', async () => {
    const { cases, id, code, reviewer, begun, messages } = await opened()
    const [rita, rolf] = [await reviewer('rita'), await reviewer('rolf')]
    await cases.decide(id, rita, approve)
    expect(await cases.decide(id, rolf, refuse)).toEqual({ status: 'done', state: 'refused' })
    expect(await cases.find(code)).toMatchObject({ state: 'refused', reason: 'documents' })
    expect(JSON.stringify(await cases.find(code))).not.toMatch(/another one|rolf|rita/)
    expect(JSON.stringify(messages.at(-1))).not.toMatch(/another one|rolf|rita/)
    expect(begun).toEqual([])
    const shown = await cases.look(id, rita.id)
    expect(shown?.entries).toContainEqual(expect.objectContaining({ kind: 'note', text: refuse.text }))
  })

  it('whoever asks for more takes an approval back; the answer is looked at anew', async () => {
    const { cases, id, code, reviewer, messages, queue } = await opened()
    const [rita, rolf] = [await reviewer('rita'), await reviewer('rolf')]
    await cases.decide(id, rita, approve)
    await cases.decide(id, rolf, ask)
    expect(messages.at(-1)).toMatchObject({ template: 'case-asked', to: { written: statement.reply } })
    expect(JSON.stringify(messages.at(-1))).not.toContain(ask.text)
    expect(await cases.find(code)).toMatchObject({ state: 'more-asked', question: ask.text })
    expect(await cases.decide(id, rolf, approve)).toEqual({ status: 'refused', reason: 'not-now' })
    expect(await cases.answer(id, 'The shop and the forum.', [pdf], visit)).toBe(true)
    expect(await cases.answer(id, 'Once more.', [], visit)).toBe(false)
    await queue.run()
    expect(await cases.find(code)).toMatchObject({ state: 'answered' })
    expect(await cases.decide(id, rolf, approve)).toEqual({ status: 'refused', reason: 'changed' })
    const again = { ...approve, seen: 2 }
    expect(await cases.decide(id, rolf, again)).toEqual({ status: 'done', state: 'approved-once' })
    expect(await cases.decide(id, rita, again)).toEqual({ status: 'done', state: 'approved' })
  })

  it('of two answers at once one is taken, with its files; the other was never said', async () => {
    const { cases, id, reviewer, queue } = await opened()
    const rita = await reviewer('rita')
    await cases.decide(id, rita, ask)
    const taken = await Promise.all(['one', 'two'].map((text) => cases.answer(id, text, [pdf], visit)))
    await queue.run()
    expect(taken.filter(Boolean)).toHaveLength(1)
    const shown = await cases.look(id, rita.id)
    const answers = shown?.entries.filter(({ kind }) => kind === 'answer')
    expect(answers).toMatchObject([{ text: taken[0] ? 'one' : 'two' }])
    expect(shown?.evidence).toBe(2)
  })

  it('S38: nobody judges their own case, one of somebody linked to them, or of somebody who lately judged theirs', async () => {
    const world = await opened()
    const { cases, id, ana, linked, reviewer, clock } = world
    const [rita, carl] = [await reviewer('rita'), await reviewer('carl')]
    const own = { kind: 'identity', id: ana } as const
    linked.add(`${ana} ${carl.id}`)
    for (const by of [own, carl]) {
      expect(await cases.look(id, by.id)).toBeUndefined()
      expect((await cases.list(by.id, { limit: 10 })).items).toEqual([])
      expect(await cases.decide(id, by, approve)).toEqual({ status: 'unknown' })
      const name = (await cases.look(id, rita.id))?.entries.flatMap((one) =>
        'attachments' in one ? one.attachments : [],
      )[0]?.name
      expect(await cases.file(id, name ?? '', by)).toBeUndefined()
    }
    expect((await cases.list(rita.id, { limit: 10 })).items).toMatchObject([{ id, identityId: ana }])
    await cases.decide(id, rita, refuse)
    await world.identities.update(ana, { role: { name: 'reviewer', held: true } }, operator)
    const later = await openIn(world, { identifier: 'rita@example.com' })
    const again = await openIn(world)
    expect(await cases.decide(later.id, own, approve)).toEqual({ status: 'unknown' })
    expect(await cases.decide(again.id, rita, approve)).toEqual({ status: 'unknown' })
    clock.advance(91 * day)
    const muchLater = await openIn(world)
    expect(await cases.look(muchLater.id, rita.id)).toMatchObject({ state: 'opened' })
  })

  it('S38: an approval by somebody who is no reviewer any more, or suspended, counts for nothing', async () => {
    for (const ends of ['role', 'suspended'] as const) {
      const world = await opened()
      const { cases, id, reviewer, identities, begun } = world
      const [rita, rolf, rosa] = [await reviewer('rita'), await reviewer('rolf'), await reviewer('rosa')]
      await cases.decide(id, rita, approve)
      if (ends === 'suspended') await identities.suspend(rita.id, operator)
      else await identities.update(rita.id, { role: { name: 'reviewer', held: false } }, operator)
      expect(await cases.decide(id, rolf, approve)).toEqual({ status: 'done', state: 'approved-once' })
      expect(begun).toEqual([])
      expect(await cases.decide(id, rolf, approve)).toEqual({ status: 'refused', reason: 'same-reviewer' })
      expect(await cases.decide(id, rosa, approve)).toEqual({ status: 'done', state: 'approved' })
    }
  })

  it('S38: of two reviewers who are trusted contacts of each other one approves; either may refuse', async () => {
    const { cases, id, reviewer, linked, code } = await opened()
    const [rita, rolf, rosa] = [await reviewer('rita'), await reviewer('rolf'), await reviewer('rosa')]
    linked.add(`${rita.id} ${rolf.id}`)
    await cases.decide(id, rita, approve)
    const note = { ...approve, text: 'I know them.' }
    expect(await cases.decide(id, rolf, note)).toEqual({ status: 'refused', reason: 'linked-reviewer' })
    expect((await cases.look(id, rosa.id))?.entries).toHaveLength(1)
    expect(await cases.decide(id, rosa, approve)).toEqual({ status: 'done', state: 'approved' })
    expect(await cases.find(code)).toMatchObject({ state: 'approved' })
  })

  it('S38: of two such reviewers in the same second, in two processes, one approves', async () => {
    const world = await opened()
    const { cases, id, reviewer, linked, begun } = world
    const [rita, rolf] = [await reviewer('rita'), await reviewer('rolf')]
    linked.add(`${rolf.id} ${rita.id}`)
    const elsewhere = anotherProcess(world)
    await Promise.allSettled([cases.decide(id, rita, approve), elsewhere.decide(id, rolf, approve)])
    for (const by of [rita, rolf])
      expect(['same-reviewer', 'linked-reviewer']).toContain(reasonOf(await cases.decide(id, by, approve)))
    expect(begun).toEqual([])
  })

  it('S38: an approval by somebody who became the owner’s trusted contact since counts for nothing', async () => {
    const { cases, id, ana, reviewer, linked, begun } = await opened()
    const [rita, rolf] = [await reviewer('rita'), await reviewer('rolf')]
    await cases.decide(id, rita, approve)
    linked.add(`${ana} ${rita.id}`)
    expect(await cases.decide(id, rolf, approve)).toEqual({ status: 'done', state: 'approved-once' })
    expect(begun).toEqual([])
  })

  it('whoever keeps opening cases about somebody does not use up those who may judge that person’s own', async () => {
    const world = await opened()
    const { cases, id, reviewer } = world
    const [rita, rolf] = [await reviewer('rita'), await reviewer('rolf')]
    await cases.decide(id, rita, refuse)
    const second = await openIn(world)
    await cases.decide(second.id, rolf, refuse)
    const own = await openIn(world, {}, { ...visit, address: '192.0.2.77' })
    expect(await cases.decide(own.id, rita, approve)).toEqual({ status: 'done', state: 'approved-once' })
    expect(await cases.decide(own.id, rolf, approve)).toEqual({ status: 'done', state: 'approved' })
  })

  for (const [first, second, end] of [
    ['approve', 'approve', 'approved'],
    ['approve', 'refuse', 'refused'],
    ['refuse', 'approve', 'refused'],
  ] as const)
    it(`two reviewers in the same second, in two processes: ${first} and ${second} make it ${end}, told once`, async () => {
      const world = await opened()
      const { cases, id, reviewer, begun, messages, code } = world
      const [rita, rolf] = [await reviewer('rita'), await reviewer('rolf')]
      const elsewhere = anotherProcess(world)
      const decisions = { approve, refuse }
      const both = await Promise.allSettled([
        cases.decide(id, rita, decisions[first]),
        elsewhere.decide(id, rolf, decisions[second]),
      ])
      // Whoever was told to come again does.
      for (const [at, outcome] of both.entries())
        if (outcome.status === 'rejected')
          await cases.decide(id, at === 0 ? rita : rolf, decisions[at === 0 ? first : second])
      expect(await cases.find(code)).toMatchObject({ state: end })
      expect(begun).toHaveLength(end === 'approved' ? 1 : 0)
      expect(messages.filter(({ template }) => /approved|refused/.test(template))).toHaveLength(1)
    })

  it('a kill -9 between "approved" and "told": another process tells, and begins the recovery, once', async () => {
    const world = await opened()
    const { cases, id, reviewer, begun, messages, clock, queue, store, code } = world
    const [rita, rolf] = [await reviewer('rita'), await reviewer('rolf')]
    await cases.decide(id, rita, approve)
    const dying = anotherProcess(world, failing(store, 'replays.insert'))
    await expect(dying.decide(id, rolf, approve)).rejects.toThrow('killed')
    expect(await store.cases.get(id)).toMatchObject({ state: 'approved', told: 'approved-once' })
    expect(begun).toEqual([])
    anotherProcess(world)
    clock.advance(day)
    await queue.run()
    await queue.run()
    expect(begun).toHaveLength(1)
    expect(messages.filter(({ template }) => template === 'case-approved')).toHaveLength(1)
    expect(await cases.find(code)).toMatchObject({ state: 'approved', recoveryId: `recovery of ${id}` })
  })

  it('S39: nobody approves the case of somebody who was suspended meanwhile', async () => {
    const { cases, id, ana, reviewer, identities } = await opened()
    const rita = await reviewer('rita')
    await identities.suspend(ana, { kind: 'operator' })
    expect(await cases.decide(id, rita, approve)).toEqual({ status: 'refused', reason: 'not-now' })
    expect(await cases.decide(id, rita, refuse)).toEqual({ status: 'done', state: 'refused' })
  })

  it('nobody decides before the owner was told', async () => {
    const { cases, reviewer, store, ...world } = await createCaseWorld(open)
    const rita = await reviewer('rita')
    await cases.open(statement, [], visit)
    const [row] = (await store.cases.page({ limit: 1 })).items
    const id = row?.id ?? ''
    expect(await cases.decide(id, rita, approve)).toEqual({ status: 'unknown' })
    await world.queue.run()
    expect(await cases.decide(id, rita, approve)).toEqual({ status: 'done', state: 'approved-once' })
  })

  it('a contested recovery is judged alike, opened once, ended by neither side, and refused when nobody decides', async () => {
    const { cases, ana, reviewer, decided, queue, clock } = await createCaseWorld(open)
    const [rita, rolf] = [await reviewer('rita'), await reviewer('rolf')]
    const recovery = { id: 'one', identityId: ana, startedAt: clock.now() }
    await Promise.all([cases.openContested(recovery), cases.openContested(recovery)])
    await queue.run()
    const { items } = await cases.list(rita.id, { limit: 10 })
    expect(items).toMatchObject([{ kind: 'contested', state: 'opened' }])
    const id = items[0]?.id ?? ''
    expect(await cases.object(ana, id, { kind: 'system' })).toBe(false)
    await cases.decide(id, rita, approve)
    await cases.decide(id, rolf, approve)
    expect(decided).toEqual([['one', true]])
    const cancelled = { ...recovery, id: 'cancelled' }
    await cases.openContested(cancelled)
    await queue.run()
    for (const over of [cancelled, cancelled, recovery]) await cases.closeContested(over)
    expect((await cases.list(rita.id, { limit: 10 })).items).toEqual([])
    await cases.openContested({ ...recovery, id: 'two' })
    await queue.run()
    clock.advance(15 * day)
    await queue.run()
    expect(decided).toEqual([
      ['one', true],
      ['two', false],
    ])
  })

  it('an approved case that came upon another recovery goes on once that one was refused, and not when it was approved', async () => {
    for (const decision of [refuse, approve]) {
      const tried: string[] = []
      let isFree = false
      const outcomes = {
        async begin({ id }: { readonly id: string }) {
          tried.push(id)
          return isFree ? `recovery of ${id}` : undefined
        },
        async decide() {
          isFree = true
        },
      }
      const world = await createCaseWorld(open, { outcomes })
      const { cases, ana, reviewer, store, clock } = world
      const [rita, rolf] = [await reviewer('rita'), await reviewer('rolf')]
      const { id } = await openIn(world)
      for (const by of [rita, rolf]) await cases.decide(id, by, approve)
      expect(tried).toEqual([id])
      expect(await store.cases.get(id)).not.toHaveProperty('recoveryId')
      await cases.openContested({ id: 'rival', identityId: ana, startedAt: clock.now() })
      await world.queue.run()
      const rival = (await cases.list(rita.id, { limit: 10 })).items[0]?.id ?? ''
      for (const by of [rita, rolf]) await cases.decide(rival, by, decision)
      expect(tried).toEqual(decision === refuse ? [id, id] : [id])
      expect((await store.cases.get(id))?.recoveryId).toBe(
        decision === refuse ? `recovery of ${id}` : undefined,
      )
    }
  })

  it('a file comes back as it was sent, to those who may see it, and each time that stands in the audit and in the activity', async () => {
    const { cases, id, reviewer, audit, ana } = await opened()
    const rita = await reviewer('rita')
    const shown = await cases.look(id, rita.id)
    const [statementShown] = shown?.entries ?? []
    const [attachment] = statementShown?.kind === 'statement' ? statementShown.attachments : []
    expect(attachment).toMatchObject({ type: 'application/pdf', size: pdf.bytes.length })
    const file = await cases.file(id, attachment?.name ?? '', rita)
    expect(file?.bytes.equals(pdf.bytes)).toBe(true)
    expect(await cases.file(id, 'another', rita)).toBeUndefined()
    const { items } = await audit.story({ identityId: ana, topic: 'recovery', limit: 10 })
    expect(items[0]).toMatchObject({ action: 'case.attachment-read', actor: { id: rita.id } })
  })

  it('every step stands in the audit with who took it, and in the activity of whom it is about', async () => {
    const { cases, id, reviewer, audit, ana, queue } = await opened()
    const [rita, rolf] = [await reviewer('rita'), await reviewer('rolf')]
    await cases.decide(id, rita, ask)
    await cases.answer(id, 'The shop.', [], visit)
    await queue.run()
    await cases.decide(id, rita, { ...approve, seen: 2 })
    await cases.decide(id, rolf, { ...approve, seen: 2 })
    const { items } = await audit.story({ identityId: ana, topic: 'recovery', limit: 10 })
    expect(items.map(({ action, actor }) => [action, actor.id])).toEqual([
      ['case.approved', rolf.id],
      ['case.approved', rita.id],
      ['case.answered', undefined],
      ['case.asked', rita.id],
      ['case.opened', undefined],
    ])
    expect(JSON.stringify(items)).not.toMatch(/shop|lake/)
  })
})
