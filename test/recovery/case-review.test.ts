/** Who judges a case and how: two different people, in every order, at once, and with a kill in between. */
import { expect, it } from 'vitest'
import { day } from '../../src/domain/time.ts'
import { failing } from '../identities/world.ts'
import { eachStore } from '../support/stores.ts'
import {
  anotherProcess,
  approve,
  createCaseWorld,
  openCase,
  openedCase,
  pdf,
  refuse,
  statement,
  visit,
} from './case-world.ts'

const ask = { action: 'ask', seen: 1, text: 'Which applications do you use?' } as const

eachStore((_, open) => {
  const opened = (change = {}) => openedCase(open, change)

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
      const { id } = await openCase(world)
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
