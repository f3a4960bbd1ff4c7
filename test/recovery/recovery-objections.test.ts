/** Who may stop a recovery, and what becomes of one that two sides claim, or that came of a case. */
import { afterAll, describe, expect, it } from 'vitest'
import { minute } from '../../src/domain/time.ts'
import { closeHasher } from '../authentication/house.ts'
import { eachStore } from '../support/stores.ts'
import { ana, begun, factorsOf, here, proved, settings, there, visit, world } from './recovery-world.ts'

const byCode = { browser: here.browser }

afterAll(closeHasher)

eachStore((_, open) => {
  describe('whoever objects', () => {
    it('ends it with a proof that is as strong', async () => {
      const { recoveries, id, recovery, told } = await begun(open)
      expect(await recoveries.cancel(id, recovery.id, { level: 'two-factor' })).toBe('cancelled')
      expect(told('recovery-cancelled')).toHaveLength(2)
      expect(await recoveries.cancel(id, recovery.id, { level: 'two-factor' })).toBe('gone')
    })

    it('stops it with a weaker one: two reviewers are asked, and both sides are told', async () => {
      const { recoveries, id, recovery, told, trouble, clock, jobs } = await begun(open)
      expect(await recoveries.cancel(id, recovery.id, { level: 'single-factor' })).toBe('contested')
      expect(trouble.contested).toEqual([recovery.id])
      expect(told('recovery-contested')).toHaveLength(2)
      clock.advance(settings.delay)
      await jobs()
      expect(await recoveries.of(id)).toMatchObject({ state: 'contested', contested: 'weaker' })
      expect((await recoveries.finish(byCode, 'named-key', { key: 'k' }, visit)).status).toBe('gone')
    })

    it('can still end a contested one with a strong proof', async () => {
      const { recoveries, id, recovery, trouble } = await begun(open)
      await recoveries.contest(recovery.id, 'objection')
      expect(await recoveries.cancel(id, recovery.id, { level: 'phishing-resistant' })).toBe('cancelled')
      expect(trouble.uncontested).toEqual([recovery.id])
    })

    it('does not stop it again by anything weak once two reviewers let it go on; it waits and tells anew', async () => {
      const { recoveries, id, recovery, told, clock, jobs } = await begun(open)
      await recoveries.contest(recovery.id, 'sign-in')
      expect(await recoveries.decide(recovery.id, 'approved')).toBe(true)
      expect(await recoveries.decide(recovery.id, 'approved')).toBe(false)
      expect(told('recovery-started')).toHaveLength(4)
      expect(await recoveries.contest(recovery.id, 'sign-in')).toBe(false)
      expect(await recoveries.of(id)).toMatchObject({ state: 'waiting', reviewed: true })
      clock.advance(settings.delay)
      await jobs()
      expect((await recoveries.finish(byCode, 'named-key', { key: 'k' }, visit)).status).toBe('done')
    })

    it('wins when two reviewers refuse it', async () => {
      const { recoveries, recovery, id } = await begun(open)
      await recoveries.contest(recovery.id, 'objection')
      expect(await recoveries.decide(recovery.id, 'refused')).toBe(true)
      expect(await recoveries.of(id)).toBeUndefined()
    })
  })

  describe('a second one while one runs', () => {
    it('stops both', async () => {
      const { recoveries, id, told } = await begun(open)
      const other = await recoveries.begin(id, { result: proved(id), lost: [] }, there)
      expect(other.status).toBe('contested')
      expect(await recoveries.of(id)).toMatchObject({ state: 'contested', contested: 'second' })
      expect(told('recovery-contested')).toHaveLength(2)
    })

    it('can be begun once the first is over, which is remembered', async () => {
      const { recoveries, id, recovery, clock, store } = await begun(open)
      await recoveries.cancel(id, recovery.id, { level: 'two-factor' })
      clock.advance(minute)
      expect((await recoveries.begin(id, { result: proved(id), lost: [] }, there)).status).toBe('waiting')
      expect((await store.recoveries.get(id))?.past).toMatchObject([{ id: recovery.id, state: 'cancelled' }])
      expect(await recoveries.cancel(id, recovery.id, { level: 'two-factor' })).toBe('gone')
    })
  })

  describe('after a case', () => {
    it('both sides are told when it is stopped', async () => {
      const at = await world(open)
      const { id } = await at.person(ana)
      const reply = { written: 'new@example.net', language: 'en' }
      const reviewed = { identityId: id, caseId: 'case-1', claim: 'hash', reply, visit: { ...visit } }
      const recovery = await at.recoveries.beginReviewed(reviewed)
      await at.recoveries.contest(recovery?.id ?? '', 'objection')
      expect(at.told('recovery-contested').sort()).toEqual([
        `recovery-contested ${ana}`,
        'recovery-contested new@example.net',
      ])
    })

    it('it waits, a link goes to the mailbox that was named, works once, and all that was there is gone', async () => {
      const at = await world(open)
      const { id } = await at.person(ana)
      const reviewed = {
        identityId: id,
        caseId: 'case-1',
        claim: 'hash',
        reply: { written: 'new@example.net', language: 'en' },
        visit: { ...visit },
      }
      const begun = await at.recoveries.beginReviewed(reviewed)
      expect(begun).toMatchObject({ status: 'waiting' })
      expect(await at.recoveries.beginReviewed(reviewed)).toEqual(begun)
      at.clock.advance(settings.delay)
      await at.jobs()
      const open_message = at.outgoing.find(({ template }) => template === 'recovery-open')
      expect(open_message?.to.written).toBe('new@example.net')
      const token = new URL(String(open_message?.values.link)).searchParams.get('key') ?? ''
      expect(await at.recoveries.lookAtLink(token)).toBe(true)
      expect(await at.recoveries.bindByLink(token, there.browser)).toBe(true)
      expect(await at.recoveries.bindByLink(token, here.browser)).toBe(false)
      const used = await at.recoveries.finish(
        { browser: there.browser },
        'password',
        { password: 'a long new password of mine' },
        visit,
      )
      expect(used.status).toBe('done')
      expect(await factorsOf(at, id)).toEqual(['password'])
    })
  })
})
