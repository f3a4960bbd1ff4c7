/** The life of a recovery: begun, waited for, objected to, used. Races between processes are in test/races, the pages in test/journeys. */
import { afterAll, describe, expect, it } from 'vitest'
import { day, hour, minute, second } from '../../src/domain/time.ts'
import { closeHasher, operator } from '../authentication/house.ts'
import { eachStore } from '../support/stores.ts'
import {
  ana,
  begun,
  byCode,
  createProcess,
  factorsOf,
  here,
  proved,
  ready,
  second_ana,
  settings,
  there,
  visit,
  world,
} from './recovery-world.ts'

afterAll(closeHasher)

eachStore((_, open) => {
  describe('whoever replaces a second factor', () => {
    it('S30: waits, and is told of on every channel, once', async () => {
      const { recovery, clock, told, recoveries, id, jobs } = await begun(open)
      expect(recovery).toMatchObject({ status: 'waiting', dueAt: clock.now() + settings.delay })
      await jobs()
      clock.advance(minute)
      await jobs()
      expect(told()).toEqual([`recovery-started ${ana}`, `recovery-started ${second_ana}`])
      expect(await recoveries.of(id)).toMatchObject({
        state: 'waiting',
        told: ['a•••@example.com', 'a•••@other.example'],
      })
      expect(await recoveries.offers(byCode)).toEqual([])
      expect((await recoveries.finish(byCode, 'named-key', { key: 'k' }, visit)).status).toBe('gone')
    })

    it('S30: every device of theirs is woken when it begins, is ready and is done, each once; what was done is shown for a while', async () => {
      const { trouble, clock, jobs, recoveries, id, shelf, store } = await begun(open)
      const words = () => trouble.notices.map((once) => once.split(' ')[1])
      expect(words()).toEqual(['started'])
      clock.advance(settings.delay)
      await jobs()
      expect(words()).toEqual(['started', 'ready'])
      expect((await recoveries.finish(byCode, 'named-key', { key: 'k' }, visit)).status).toBe('done')
      await jobs()
      expect(words()).toEqual(['started', 'ready', 'finished'])
      expect(new Set(trouble.notices).size).toBe(3)
      expect(await recoveries.of(id)).toBeUndefined()
      expect(await recoveries.lately(id)).toMatchObject({ state: 'completed' })
      clock.advance(8 * day)
      expect(await createProcess(store, clock, shelf).recoveries.lately(id)).toBeUndefined()
    })

    it('waits less with two factors of their own, and not at all with what cannot be phished', async () => {
      const at = await world(open)
      const { id, code } = await at.person(ana)
      const strong = await at.recoveries.begin(
        id,
        { result: proved(id, { own: 'two-factor' }), lost: [code] },
        here,
      )
      expect(strong).toMatchObject({ status: 'waiting', dueAt: at.clock.now() + hour })
      const other = await at.person('bo@example.com')
      const result = proved(other.id, { level: 'phishing-resistant' })
      expect((await at.recoveries.begin(other.id, { result, lost: [] }, there)).status).toBe('ready')
    })

    it('does not wait when there is no second factor to replace', async () => {
      const at = await world(open)
      const id = await at.noSecond('cy@example.com')
      expect((await at.recoveries.begin(id, { result: proved(id), lost: [] }, here)).status).toBe('ready')
    })

    it('S30: an address that was taken away lately is told too, one of long ago is not', async () => {
      const at = await world(open)
      const { id } = await at.person(ana, [second_ana, 'ana@third.example'])
      const remove = (value: string) =>
        at.identities.changeIdentifier(id, { remove: { kind: 'email', value } }, operator)
      await remove('ana@third.example')
      at.clock.advance(15 * day)
      await remove(second_ana)
      await at.recoveries.begin(id, { result: proved(id), lost: [] }, here)
      expect(at.told().sort()).toEqual([`recovery-started ${ana}`, `recovery-started ${second_ana}`])
    })
  })

  describe('the end of the delay', () => {
    it('comes by itself, is told once, and the grant is good for a while', async () => {
      const { told, recoveries, clock, jobs, id } = await ready(open)
      expect(told('recovery-ready')).toEqual([`recovery-ready ${ana}`, `recovery-ready ${second_ana}`])
      expect(await recoveries.of(id)).toMatchObject({ state: 'ready' })
      expect(await recoveries.offers(byCode)).toEqual(['counted-code', 'password', 'named-key'])
      await jobs()
      clock.advance(settings.grant_lifetime)
      await jobs()
      expect(await recoveries.find(byCode)).toMatchObject({ state: 'expired' })
      expect(told()).toHaveLength(4)
      expect(await recoveries.of(id)).toBeUndefined()
    })

    it('is recorded once, although two jobs look after it at the same time', async () => {
      const { audit, id } = await ready(open)
      const { items } = await audit.list({ identityId: id, limit: 50 })
      expect(items.filter(({ action }) => action === 'recovery.ready')).toHaveLength(1)
    })

    it('comes although the server was down, and leaves the whole time for the grant', async () => {
      const { clock, store, shelf, id } = await begun(open)
      clock.advance(20 * day)
      const next = createProcess(store, clock, shelf)
      await next.jobs()
      expect(next.told()).toEqual([`recovery-ready ${ana}`, `recovery-ready ${second_ana}`])
      expect(await next.recoveries.of(id)).toMatchObject({
        state: 'ready',
        expiresAt: clock.now() + settings.grant_lifetime,
      })
    })

    it('F8: does not come sooner because a clock was set back, nor twice', async () => {
      const { clock, jobs, recoveries, told, id } = await begun(open)
      clock.advance(-2 * day)
      await jobs()
      expect(await recoveries.of(id)).toMatchObject({ state: 'waiting' })
      clock.advance(2 * day + settings.delay)
      await jobs()
      clock.advance(-day)
      await jobs()
      expect(await recoveries.of(id)).toMatchObject({ state: 'ready' })
      clock.advance(2 * day)
      await jobs()
      expect(told('recovery-ready')).toHaveLength(2)
    })

    it('F2: whoever dies between the state and the message leaves it to the next process, which tells everybody once', async () => {
      const { clock, store, shelf, trouble, jobs, told, once } = await begun(open)
      clock.advance(settings.delay)
      // One of two is told, then the process is gone.
      trouble.messages = 1
      await jobs()
      const half = told('recovery-ready').length
      const next = createProcess(store, clock, shelf)
      for (const name of once) next.once.add(name)
      for (let round = 0; round < 5; round += 1) {
        clock.advance(minute)
        await next.jobs()
      }
      expect(half + next.told('recovery-ready').length).toBe(2)
    })
  })

  describe('the grant', () => {
    it('sets up one thing, removes what was lost, ends everything else, and everybody is told', async () => {
      const at = await ready(open)
      const { recoveries, id, told, trouble } = at
      const used = await recoveries.finish(byCode, 'named-key', { key: 'mine' }, visit)
      expect(used).toMatchObject({ status: 'done', identityId: id })
      expect(await factorsOf(at, id)).toEqual(['named-key', 'password'])
      expect(trouble.ended).toEqual([id])
      expect(trouble.dropped).toEqual([id])
      expect(told('recovery-finished')).toEqual([
        `recovery-finished ${ana}`,
        `recovery-finished ${second_ana}`,
      ])
      expect((await recoveries.finish(byCode, 'named-key', { key: 'another' }, visit)).status).toBe('gone')
      expect(await recoveries.of(id)).toBeUndefined()
    })

    it('S44: what it set up is worth no more than what was proved', async () => {
      const { recoveries, id, enrolments } = await ready(open)
      await recoveries.finish(byCode, 'named-key', { key: 'mine' }, visit)
      const key = (await enrolments.list(id)).find(({ factor }) => factor === 'named-key')
      expect(key?.ceiling).toBe('two-factor')
    })

    it('replaces what there may be one of, and does not remove that again', async () => {
      const at = await ready(open)
      await at.recoveries.finish(byCode, 'counted-code', {}, visit)
      expect(await factorsOf(at, at.id)).toEqual(['counted-code', 'password'])
    })

    it('S33: a refused form uses nothing', async () => {
      const { recoveries } = await ready(open)
      expect(await recoveries.finish(byCode, 'password', { password: 'short' }, visit)).toMatchObject({
        status: 'refused',
      })
      const used = await recoveries.finish(
        byCode,
        'password',
        { password: 'a long new password of mine' },
        visit,
      )
      expect(used.status).toBe('done')
    })

    it('is nobody else’s: not in another browser, not with another code', async () => {
      const { recoveries, recovery } = await ready(open)
      expect(await recoveries.offers({ browser: there.browser })).toEqual([])
      expect(await recoveries.offers({ code: 'AAAAA-AAAAA-AAAAA' })).toEqual([])
      expect(await recoveries.bind('not a code', there.browser)).toBe(false)
      if (!('code' in recovery)) throw new Error('no code')
      expect(await recoveries.bind(recovery.code.toLowerCase().replaceAll('-', ' '), there.browser)).toBe(
        true,
      )
      expect(await recoveries.offers({ browser: there.browser })).not.toEqual([])
    })

    it('S39: is void while its owner is suspended, and afterwards too', async () => {
      const { recoveries, identities, id, clock } = await ready(open)
      clock.advance(second)
      await identities.suspend(id, operator)
      expect((await recoveries.finish(byCode, 'named-key', { key: 'k' }, visit)).status).toBe('gone')
      await identities.restore(id, operator)
      expect((await recoveries.finish(byCode, 'named-key', { key: 'k' }, visit)).status).toBe('gone')
    })

    it('F2: whoever died while using it leaves it as used if something was set up, and good if not', async () => {
      const at = await ready(open)
      const { store, id, clock, recoveries } = at
      const row = await store.recoveries.get(id)
      if (row === undefined) throw new Error('no row')
      await store.recoveries.replace({ ...row, using: { factor: 'named-key', at: clock.now() } })
      expect((await recoveries.finish(byCode, 'named-key', { key: 'k' }, visit)).status).toBe('gone')
      clock.advance(2 * minute)
      expect(await recoveries.of(id)).toMatchObject({ state: 'ready' })
      const again = await store.recoveries.get(id)
      if (again === undefined) throw new Error('no row')
      await store.recoveries.replace({ ...again, using: { factor: 'named-key', at: clock.now() } })
      await at.enrolments.finish(id, 'named-key', { key: 'k' }, visit)
      clock.advance(2 * minute)
      await at.jobs()
      expect(await recoveries.find(byCode)).toMatchObject({ state: 'completed', enrolled: 'named-key' })
      expect(await factorsOf(at, id)).toEqual(['named-key', 'password'])
    })
  })
})
