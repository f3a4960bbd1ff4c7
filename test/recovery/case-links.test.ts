/** Who may not judge a case: its owner, whoever is linked to them or to the other reviewer, and whoever may not judge at all. */
import { expect, it } from 'vitest'
import { day } from '../../src/domain/time.ts'
import { operator } from '../identities/world.ts'
import { eachStore } from '../support/stores.ts'
import { anotherProcess, approve, openCase, openedCase, reasonOf, refuse, visit } from './case-world.ts'

eachStore((_, open) => {
  const opened = (change = {}) => openedCase(open, change)

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
    const later = await openCase(world, { identifier: 'rita@example.com' })
    const again = await openCase(world)
    expect(await cases.decide(later.id, own, approve)).toEqual({ status: 'unknown' })
    expect(await cases.decide(again.id, rita, approve)).toEqual({ status: 'unknown' })
    clock.advance(91 * day)
    const muchLater = await openCase(world)
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
    const second = await openCase(world)
    await cases.decide(second.id, rolf, refuse)
    const own = await openCase(world, {}, { ...visit, address: '192.0.2.77' })
    expect(await cases.decide(own.id, rita, approve)).toEqual({ status: 'done', state: 'approved-once' })
    expect(await cases.decide(own.id, rolf, approve)).toEqual({ status: 'done', state: 'approved' })
  })
})
