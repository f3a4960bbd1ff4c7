/** Two processes on one store, where exactly one must win. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, afterEach, expect, it } from 'vitest'
import { openStore } from '../../src/storage/open.ts'
import { closeHasher } from '../authentication/house.ts'
import { createClock } from '../support/clock.ts'
import { eachStore, type FreshUrl } from '../support/stores.ts'
import type { RecoveryStart } from './recovery-racer.ts'
import { createProcess, here, proved, visit } from './recovery-world.ts'

type Verb = RecoveryStart['verbs'][number]

const rounds = 3
const racers = [2, 8]
const limit = 120_000

afterAll(closeHasher)

eachStore((_, __, fresh) => {
  const running: ChildProcess[] = []
  afterEach(async () => {
    for (const child of running.splice(0)) {
      child.disconnect()
      await once(child, 'exit')
    }
  })

  const town = (open: FreshUrl) => createTown(open, running)

  it('F3: a grant is used once, and sets up one thing', { timeout: limit }, async () => {
    const { all, ready, home, close } = await town(fresh)
    for (const count of racers)
      for (let round = 0; round < rounds; round += 1) {
        const at = await ready(`f${count}-${round}`)
        const ends = await all(
          at,
          Array.from({ length: count }, () => 'finish'),
        )
        expect(ends.filter((end) => end === 'done')).toHaveLength(1)
        const own = await home.enrolments.list(at.identityId)
        expect(own.filter(({ factor }) => factor === 'named-key')).toHaveLength(1)
      }
    await close()
  })

  it('F3: it is used or cancelled, never both', { timeout: limit }, async () => {
    const { all, ready, home, close } = await town(fresh)
    for (const count of racers)
      for (let round = 0; round < rounds; round += 1) {
        const at = await ready(`c${count}-${round}`)
        const verbs = Array.from({ length: count }, (_, index): Verb => (index % 2 ? 'finish' : 'cancel'))
        const ends = await all(at, verbs)
        const won = ends.filter((end) => end === 'done' || end === 'cancelled')
        expect(won).toHaveLength(1)
        const own = await home.enrolments.list(at.identityId)
        expect(own.filter(({ factor }) => factor === 'named-key')).toHaveLength(won[0] === 'done' ? 1 : 0)
      }
    await close()
  })

  it('F3: it is cancelled once, although its delay ends in the same moment', { timeout: limit }, async () => {
    const { all, due, home, close } = await town(fresh)
    for (const count of racers)
      for (let round = 0; round < rounds; round += 1) {
        const at = await due(`d${count}-${round}`)
        const verbs = Array.from({ length: count }, (_, index): Verb => (index % 2 ? 'due' : 'cancel'))
        const ends = await all(at, verbs)
        expect(ends.filter((end) => end === 'cancelled')).toHaveLength(1)
        expect(await home.recoveries.find({ id: at.id })).toMatchObject({ state: 'cancelled' })
      }
    await close()
  })

  it('F3: of two who begin at once neither goes on alone', { timeout: limit }, async () => {
    const { all, nobody, home, close } = await town(fresh)
    for (const count of racers)
      for (let round = 0; round < rounds; round += 1) {
        const at = await nobody(`b${count}-${round}`)
        const ends = await all(
          at,
          Array.from({ length: count }, () => 'begin'),
        )
        expect(ends.filter((end) => end === 'waiting')).toHaveLength(1)
        expect(ends.filter((end) => end === 'contested')).toHaveLength(count - 1)
        expect(await home.recoveries.of(at.identityId)).toMatchObject({ state: 'contested' })
      }
    await close()
  })
})

type At = Pick<RecoveryStart, 'identityId' | 'id' | 'browser'>

async function createTown(open: FreshUrl, running: ChildProcess[]) {
  const url = await open()
  const store = await openStore({ url, clock: Date.now })
  const home = createProcess(store, { ...createClock(), now: Date.now })
  const children = await Promise.all([start(url), start(url)])
  running.push(...children)

  async function nobody(name: string): Promise<At> {
    const { id: identityId } = await home.person(`${name}@example.com`)
    return { identityId, id: '', browser: `${here.browser} ${name}` }
  }

  async function begun(name: string, level: 'two-factor' | 'phishing-resistant'): Promise<At> {
    const at = await nobody(name)
    const claimant = { ...visit, browser: at.browser }
    const result = proved(at.identityId, { level })
    const { id } = await home.recoveries.begin(at.identityId, { result, lost: [] }, claimant)
    // As strong as whoever cancels it.
    const row = await store.recoveries.get(at.identityId)
    if (row !== undefined) await store.recoveries.replace({ ...row, level: 'two-factor' })
    return { ...at, id }
  }

  return {
    home,
    nobody,
    close: () => store.close(),
    ready: (name: string) => begun(name, 'phishing-resistant'),
    async due(name: string) {
      const at = await begun(name, 'two-factor')
      const row = await store.recoveries.get(at.identityId)
      if (row !== undefined) await store.recoveries.replace({ ...row, dueAt: Date.now() + 40 })
      return at
    },
    async all(at: At, verbs: readonly Verb[]): Promise<string[]> {
      const half = Math.ceil(verbs.length / 2)
      const moment = Date.now() + 40
      const ends = await Promise.all(
        children.map(async (child, index) => {
          const own = verbs.slice(index * half, (index + 1) * half)
          const order = { ...at, verbs: own, me: `${at.identityId}-${index}`, at: moment }
          child.send(order satisfies RecoveryStart)
          const [answer] = (await once(child, 'message')) as [string[]]
          return answer
        }),
      )
      return ends.flat()
    },
  }
}

async function start(url: string): Promise<ChildProcess> {
  const child = fork(new URL('./recovery-racer.ts', import.meta.url), [url])
  await once(child, 'message')
  return child
}
