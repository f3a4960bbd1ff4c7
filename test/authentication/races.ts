/** Races between two processes: a short run with the others, a long one by itself. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { openStore } from '../../src/storage/open.ts'
import { digest } from '../../src/vault/vault.ts'
import { parallel } from '../identities/world.ts'
import { eachStore } from '../support/stores.ts'
import { spokenWord } from './factors.ts'
import { createHouse, identified, secret, visit } from './fixture.ts'
import type { Start } from './guesser.ts'

type Order = Start extends infer Each ? (Each extends Start ? Omit<Each, 'at' | 'times'> : never) : never

const limit = 15 * 60_000

/** `rounds` of each race, with 2, 8 and 32 racers. */
export function describeRaces(rounds: number): void {
  describe('two processes on one store', () => {
    const running: ChildProcess[] = []
    afterEach(() => Promise.all(running.splice(0).map(end)))

    eachStore((_name, _open, fresh) => {
      async function town() {
        const url = await fresh()
        const store = await openStore({ url, clock: Date.now })
        const house = createHouse(store, {
          clock: { now: Date.now, advance() {} },
          factors: [spokenWord],
          throttle: { free_tries: 1_000, free_tries_per_address: 10_000 },
        })
        const children = await parallel(2, () => start(url))
        running.push(...children)
        const all = async (racers: number, order: Order): Promise<string[]> => {
          const message = { ...order, times: racers / 2, at: Date.now() + 30 }
          const ends = await Promise.all(
            children.map(async (child) => {
              child.send(message)
              const [answer] = (await once(child, 'message')) as [string[]]
              return answer
            }),
          )
          return ends.flat()
        }
        return { store, house, all }
      }

      it('S26: share one limit', { timeout: limit }, async () => {
        const { store, all } = await town()
        try {
          for (let round = 0; round < rounds; round += 1) {
            const identifier = `somebody${round}@example.com`
            const ends = await all(50, { verb: 'guess', identifier })
            expect(ends.filter((status) => status === 'refused')).toHaveLength(5)
            expect(ends.filter((status) => status === 'throttled')).toHaveLength(45)
          }
        } finally {
          await store.close()
        }
      })

      it('F3: look at one of 2, 8 and 32 answers to one challenge, and hand over one result', {
        timeout: limit,
      }, async () => {
        const { store, house, all } = await town()
        try {
          const id = await house.person('ana@example.com')
          const { ticket = '', show } = await house.enrolments.begin(id, spokenWord.name, visit())
          const word = String(show?.word)
          await house.enrolments.finish(id, spokenWord.name, { said: word, ticket }, visit())
          for (const racers of [2, 8, 32]) {
            for (let round = 0; round < rounds; round += 1) {
              const asker = await identified(house, 'ana@example.com')
              await house.engine.prove(asker, visit(), 'password', { password: secret })
              const number = (await house.engine.current(asker, visit()))?.show?.number
              await all(racers, { verb: 'prove', asker, said: `${word} ${number}` })
              const process = await store.authentications.get(digest(asker.consumer))
              expect(process?.proofs).toHaveLength(2)
              const results = await all(racers, { verb: 'redeem', asker })
              expect(results.filter((end) => end === 'result')).toHaveLength(1)
            }
          }
        } finally {
          await store.close()
        }
      })
    })
  })
}

async function start(url: string): Promise<ChildProcess> {
  const child = fork(new URL('guesser.ts', import.meta.url), [url], { execArgv: ['--no-warnings'] })
  const [answer] = await Promise.race([once(child, 'message'), once(child, 'exit')])
  if (answer !== 'ready') throw new Error('a process did not start')
  return child
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  if (child.connected) child.disconnect()
  else child.kill('SIGKILL')
  await gone
}
