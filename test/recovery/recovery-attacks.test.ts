/** What somebody would try who holds one thing of another person's: their mailbox, their password, or half of a race. */
import { afterAll, describe, expect, it } from 'vitest'
import { minute } from '../../src/domain/time.ts'
import type { Store } from '../../src/ports/store.ts'
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
  visit,
  world,
} from './recovery-world.ts'

afterAll(closeHasher)

eachStore((_, open) => {
  describe('whoever holds the mailbox', () => {
    it('S33: cannot take away what was set up in a recovery, new as it is: its owner did not do without', async () => {
      const at = await ready(open)
      const { recoveries, id, enrolments, outgoing } = at
      expect((await recoveries.finish(byCode, 'counted-code', {}, visit)).status).toBe('done')
      const about = outgoing.find(({ template }) => template === 'recovery-finished')?.about
      const credential = about?.credential ?? ''
      expect(await enrolments.remove(id, credential, operator, { unproved: true })).toEqual({
        status: 'refused',
        reason: 'second-factor',
      })
      expect(await factorsOf(at, id)).toEqual(['counted-code', 'password'])
    })
  })

  describe('whoever keeps messages from being sent', () => {
    it('S30: gains nothing: the wait begins when everybody is told', async () => {
      const at = await world(open)
      const { recoveries, clock, jobs, trouble, told } = at
      const { id, code } = await at.person(ana, [second_ana])
      trouble.messages = 10_000
      await recoveries.begin(id, { result: proved(id), lost: [code] }, here).catch(() => undefined)
      for (let round = 0; round < 3; round += 1) {
        clock.advance(settings.delay)
        await jobs()
        expect(await recoveries.offers(byCode)).toEqual([])
      }
      trouble.messages = 0
      clock.advance(minute)
      await jobs()
      expect(told()).toEqual([`recovery-started ${ana}`, `recovery-started ${second_ana}`])
      expect(await recoveries.of(id)).toMatchObject({
        state: 'waiting',
        dueAt: clock.now() + settings.delay,
      })
      clock.advance(settings.delay - 1)
      await jobs()
      expect(await recoveries.offers(byCode)).toEqual([])
      clock.advance(1)
      await jobs()
      expect(told('recovery-ready')).toHaveLength(2)
      expect(await recoveries.offers(byCode)).not.toEqual([])
    })
  })

  describe('a grant', () => {
    it('F3: is used once, also when a process slept while it used it, and was taken for dead', async () => {
      const at = await ready(open)
      const { clock, store, shelf, id, trouble } = at
      const writes = gate()
      const sleeper = createProcess(held(store, 'credentials', 'insert', writes), clock, shelf)
      const late = sleeper.recoveries.finish(byCode, 'named-key', { key: 'late' }, visit)
      await writes.reached
      clock.advance(2 * minute)
      expect((await at.recoveries.finish(byCode, 'named-key', { key: 'other' }, visit)).status).toBe('done')
      expect(trouble.distrusted).toEqual([id])
      writes.open()
      expect((await late).status).toBe('gone')
      const keys = (await at.enrolments.list(id)).filter(({ factor }) => factor === 'named-key')
      expect(keys).toHaveLength(1)
      expect(await store.recoveries.get(id)).toMatchObject({ state: 'completed', credential: keys[0]?.id })
    })

    it('S35: sets up nothing when it was stopped while a process slept that used it', async () => {
      const at = await ready(open)
      const { clock, store, shelf, id, recovery } = at
      const writes = gate()
      const sleeper = createProcess(held(store, 'credentials', 'insert', writes), clock, shelf)
      const late = sleeper.recoveries.finish(byCode, 'named-key', { key: 'late' }, visit)
      await writes.reached
      clock.advance(2 * minute)
      expect(await at.recoveries.contest(recovery.id, 'objection')).toBe(true)
      writes.open()
      expect((await late).status).toBe('gone')
      expect(await factorsOf(at, id)).toEqual(['counted-code', 'password'])
    })

    it('is used although its owner comes back in another browser in that moment', async () => {
      const at = await ready(open)
      const { clock, store, shelf, recovery } = at
      const writes = gate()
      const slow = createProcess(held(store, 'credentials', 'insert', writes), clock, shelf)
      const used = slow.recoveries.finish(byCode, 'named-key', { key: 'mine' }, visit)
      await writes.reached
      if (!('code' in recovery)) throw new Error('no code')
      expect(await at.recoveries.bind(recovery.code, 'another browser')).toBe(true)
      writes.open()
      expect((await used).status).toBe('done')
      expect(await at.recoveries.find({ code: recovery.code })).toMatchObject({ state: 'completed' })
    })

    it('F3: is used once, also by two who first have to tell everybody what was not told yet', async () => {
      const at = await begun(open)
      const { clock, store, shelf, id, trouble, once } = at
      clock.advance(settings.delay)
      // Ready, and nobody told: what is owed is paid by whoever uses the grant.
      trouble.messages = 20
      await at.jobs()
      expect((await store.recoveries.get(id))?.owed).toHaveLength(1)
      const [writes, tells] = [gate(), gate()]
      const winner = createProcess(held(store, 'credentials', 'insert', writes), clock, shelf)
      const loser = createProcess(held(store, 'recoveries', 'replace', tells), clock, shelf)
      for (const name of once) for (const one of [winner, loser]) one.once.add(name)
      const second = loser.recoveries.finish(byCode, 'named-key', { key: 'second' }, visit)
      await tells.reached
      const first = winner.recoveries.finish(byCode, 'named-key', { key: 'first' }, visit)
      await writes.reached
      tells.open()
      await second
      writes.open()
      const ends = await Promise.all([first, second])
      expect(ends.map(({ status }) => status).sort()).toEqual(['done', 'gone'])
      expect((await factorsOf(at, id)).filter((name) => name === 'named-key')).toHaveLength(1)
    })
  })
})

/** Where somebody waits until they are let go on. */
function gate() {
  const [reached, opened] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  return { reached: reached.promise, arrive: reached.resolve, open: opened.resolve, opened: opened.promise }
}

/** The store, in which one verb of one collection waits. */
function held(
  store: Store,
  name: 'credentials' | 'recoveries',
  verb: string,
  at: ReturnType<typeof gate>,
): Store {
  const slow = new Proxy(store[name] as object, {
    get(rows, key) {
      const own = Reflect.get(rows, key)
      if (key !== verb) return own
      return async (...values: unknown[]) => {
        at.arrive()
        await at.opened
        return own.apply(rows, values)
      }
    },
  })
  return { ...store, [name]: slow } as Store
}
