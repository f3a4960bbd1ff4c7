import { describe, expect, it } from 'vitest'
import { identified, minute, second, secret, visit } from '../authentication/house.ts'
import { parallel } from '../identities/world.ts'
import { eachStore } from '../support/stores.ts'
import { ana, approve, keyOf, name, numberOf, phone, withAna } from './magic-link-world.ts'
import { asked, delivered } from './sent.ts'

describe('a page that waits for a link by mail', () => {
  eachStore((_store, open) => {
    it('is sent anew after half a minute and not before; the page shows its new number', async () => {
      const house = await withAna(open)
      const who = await asked(house, ana, name)
      const first = keyOf(house)
      const shown = (await house.engine.current(who, visit()))?.show
      expect(shown).toMatchObject({
        waitsUntil: house.clock.now() + 15 * minute,
        againAt: house.clock.now() + 30 * second,
      })
      house.clock.advance(29 * second)
      await house.engine.choose(who, visit(), name)
      expect((await house.engine.current(who, visit()))?.show).toEqual(shown)
      house.clock.advance(second)
      await house.engine.choose(who, visit(), name)
      expect(delivered(house)).toHaveLength(2)
      await approve(house, first, who.browser)
      expect(await house.engine.prove(who, visit(), name, {})).toEqual({ status: 'pending' })
      await approve(house, keyOf(house), phone, await numberOf(house, who))
      expect(await house.engine.prove(who, visit(), name, {})).toMatchObject({ step: { kind: 'done' } })
    })

    it('S26 S32: links and codes share the six messages that a mailbox gets an hour; what is over looks the same', async () => {
      const house = await withAna(open)
      const who = await asked(house, ana, name)
      const mine = keyOf(house)
      for (let round = 0; round < 4; round += 1)
        await asked(house, ana, round % 2 === 0 ? name : 'email-code', visit({ address: '198.51.100.9' }))
      for (let round = 0; round < 4; round += 1) await asked(house, ana, name)
      expect(delivered(house)).toHaveLength(6)
      house.clock.advance(40 * second)
      await house.engine.choose(who, visit(), name)
      expect(delivered(house)).toHaveLength(6)
      const { show } = (await house.engine.current(who, visit())) ?? {}
      expect(Object.keys(show ?? {}).sort()).toEqual(['againAt', 'number', 'waitsUntil'])
      await approve(house, mine, who.browser)
      expect(await house.engine.prove(who, visit(), name, {})).toMatchObject({ step: { kind: 'done' } })
    })

    it('S32: does the same work and shows the same for people who do not exist', async () => {
      const house = await withAna(open)
      const look = async (text: string) => {
        const before = house.sent.length
        const rows = await house.store.approvals.count()
        const who = await asked(house, text, name)
        const { show, step } = (await house.engine.current(who, visit())) ?? {}
        return {
          step,
          show: { ...show, number: '' },
          waiting: await house.engine.waiting(who),
          outcome: await house.engine.prove(who, visit(), name, {}),
          sent: house.sent.length - before,
          rows: (await house.store.approvals.count()) - rows,
        }
      }
      const known = await look(ana)
      expect(known).toMatchObject({ sent: 1, rows: 1, waiting: 'waiting', outcome: { status: 'pending' } })
      expect(await look('nobody@example.com')).toEqual(known)
      expect(delivered(house)).toHaveLength(1)
    })

    it('S26: a hundred looks of a page that waits cost nobody a try', async () => {
      const house = await withAna(open)
      const who = await asked(house, ana, name)
      for (let poll = 0; poll < 100; poll += 1)
        expect(await house.engine.prove(who, visit(), name, {})).toEqual({ status: 'pending' })
      expect(await parallel(50, () => house.engine.prove(who, visit(), name, {}))).not.toContainEqual({
        status: 'refused',
        reason: 'challenge-expired',
      })
      await approve(house, keyOf(house), who.browser)
      expect(await house.engine.prove(who, visit(), name, {})).toMatchObject({ step: { kind: 'done' } })
    })

    it('stands beside a password of one’s own as the second factor, and shows where it went', async () => {
      const house = await withAna(open, { level: 'two-factor' })
      await house.person('ben@example.com')
      const who = await identified(house, 'ben@example.com')
      await house.engine.prove(who, visit(), 'password', { password: secret })
      expect(await house.engine.current(who, visit())).toMatchObject({
        step: { chosen: name },
        show: { to: 'b•••@example.com' },
      })
      await approve(house, keyOf(house), who.browser)
      expect(await house.engine.prove(who, visit(), name, {})).toMatchObject({ step: { kind: 'done' } })
      expect(await house.engine.redeem(who)).toMatchObject({ level: 'two-factor' })
    })

    it('nothing of it can be read in the store', async () => {
      const house = await withAna(open)
      const who = await asked(house, ana, name)
      const rows = JSON.stringify([
        await house.store.approvals.page({ limit: 10 }),
        await house.store.authentications.page({ limit: 10 }),
      ])
      for (const text of [keyOf(house), `"${await numberOf(house, who)}"`, who.browser, who.consumer])
        expect(rows).not.toContain(text)
    })
  })
})
