/** Races between processes: what the verbs promise about N callers holds for N processes on one database. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Store } from '../../src/ports/store.ts'
import { openStore } from '../../src/storage/open.ts'
import type { FreshStore } from '../support/stores.ts'
import type { Finish, Start } from './racer.ts'

const sizes = [2, 8, 32]
const headStart = 3

/** Describes the races on one engine, `rounds` of each. `fresh` gives an empty database. */
export function raceConformance(fresh: () => Promise<FreshStore>, rounds: number): void {
  let database: FreshStore
  let store: Store
  let racers: ChildProcess[] = []

  beforeAll(async () => {
    database = await fresh()
    store = await openStore({ url: database.url, clock: Date.now })
    racers = await startRacers(database.url, Math.max(...sizes))
  }, 120_000)

  afterAll(async () => {
    await Promise.all(racers.map(stop))
    await store.close()
    await database.drop()
  })

  describe.each(sizes)('%i processes', (size) => {
    async function race(verb: Start['verb'], id: string): Promise<number[]> {
      const finishes = await play(racers.slice(0, size), verb, id)
      for (const finish of finishes) expect(finish.error).toBeUndefined()
      return finishes.flatMap((finish, me) => (finish.won ? [me] : []))
    }

    async function rounded(round: (id: string) => Promise<void>): Promise<void> {
      for (let n = 0; n < rounds; n++) await round(`${size}-${n}-${Math.random()}`)
    }

    const limit = 20_000 + rounds * size * 100

    it(
      'insert one id: one wins, and its entity is stored',
      () =>
        rounded(async (id) => {
          const winners = await race('insert', id)
          expect(winners).toHaveLength(1)
          expect(await store.settings.get(id)).toStrictEqual({ id, value: `${winners[0]}`, version: 1 })
        }),
      limit,
    )

    it(
      'insert where an expired entity lies: one wins',
      () =>
        rounded(async (id) => {
          await store.settings.insert({ id, value: 'expired', expiresAt: Date.now() - 1 })
          const winners = await race('insert', id)
          expect(winners).toHaveLength(1)
          expect(await store.settings.get(id)).toStrictEqual({ id, value: `${winners[0]}`, version: 1 })
        }),
      limit,
    )

    it(
      'insert while an expired entity is being swept: one wins',
      () =>
        rounded(async (id) => {
          await store.settings.insert({ id, value: 'expired', expiresAt: Date.now() - 1 })
          const [winners] = await Promise.all([race('insert', id), sweepFor(store, headStart * 4)])
          expect(winners).toHaveLength(1)
          expect(await store.settings.get(id)).toStrictEqual({ id, value: `${winners[0]}`, version: 1 })
        }),
      limit,
    )

    it(
      'claim one identifier: one has it',
      () =>
        rounded(async (id) => {
          const winners = await race('claim', `email:${id}`)
          expect(winners).toHaveLength(1)
          const claims = await store.claims.findBy('identityId', `${winners[0]}`)
          expect(claims.map((claim) => claim.id)).toContain(`email:${id}`)
        }),
      limit,
    )

    it(
      'replace one version: one wins, and its entity is stored',
      () =>
        rounded(async (id) => {
          await store.settings.insert({ id, value: 'before' })
          const winners = await race('replace', id)
          expect(winners).toHaveLength(1)
          expect(await store.settings.get(id)).toStrictEqual({ id, value: `${winners[0]}`, version: 2 })
        }),
      limit,
    )

    it(
      'take one entity: one receives it',
      () =>
        rounded(async (id) => {
          await store.settings.insert({ id, value: '' })
          expect(await race('take', id)).toHaveLength(1)
          expect(await store.settings.get(id)).toBeUndefined()
        }),
      limit,
    )

    it(
      'remove one entity: one did',
      () =>
        rounded(async (id) => {
          await store.settings.insert({ id, value: '' })
          expect(await race('remove', id)).toHaveLength(1)
        }),
      limit,
    )

    it(
      'change one entity in turns: no change is lost',
      async () => {
        await store.settings.put({ id: 'counter', value: '0' })
        const turns = Math.ceil(rounds / 10)
        for (let n = 0; n < turns; n++) expect(await race('add', 'counter')).toHaveLength(size)
        expect((await store.settings.get('counter'))?.value).toBe(`${turns * size}`)
      },
      limit,
    )
  })
}

/** `count` processes on one database, ready to race. */
async function startRacers(url: string, count: number): Promise<ChildProcess[]> {
  const script = join(import.meta.dirname, 'racer.ts')
  const racers = Array.from({ length: count }, () => fork(script, [url], { execArgv: ['--no-warnings'] }))
  await Promise.all(
    racers.map(async (racer) => {
      racer.setMaxListeners(0)
      const [answer] = await Promise.race([once(racer, 'message'), once(racer, 'exit')])
      if (answer !== 'ready') throw new Error('a racer did not start')
    }),
  )
  return racers
}

let rounds = 0

async function play(racers: readonly ChildProcess[], verb: Start['verb'], id: string): Promise<Finish[]> {
  const round = rounds++
  const at = Date.now() + headStart
  return Promise.all(
    racers.map(async (racer, me) => {
      racer.send({ round, verb, id, me, at } satisfies Start)
      const [finish] = (await once(racer, 'message')) as [Finish]
      expect(finish.round).toBe(round)
      return finish
    }),
  )
}

async function sweepFor(store: Store, ms: number): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end; ) {
    await store.settings.sweep(Date.now(), 10)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

async function stop(racer: ChildProcess): Promise<void> {
  if (racer.exitCode !== null) return
  const gone = once(racer, 'exit')
  racer.disconnect()
  await gone
}
