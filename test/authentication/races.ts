/** Races between two processes: a short run with the others, a long one by itself. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import type { Form } from '../../src/ports/factor.ts'
import { openStore } from '../../src/storage/open.ts'
import { digest } from '../../src/vault/vault.ts'
import { codeOf } from '../factors/authenticator.ts'
import { parallel } from '../identities/world.ts'
import { eachStore } from '../support/stores.ts'
import { oneTimeFactors, spokenWord } from './factors.ts'
import type { Start } from './guesser.ts'
import { type Asker, createHouse, type House, identified, operator, secret, visit } from './house.ts'

type Order = Start extends infer Each ? (Each extends Start ? Omit<Each, 'at' | 'times'> : never) : never

const limit = 60 * 60_000

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
          factors: [spokenWord, ...oneTimeFactors],
          throttle: { free_tries: 1_000, free_tries_per_address: 10_000 },
        })
        const children = await parallel(2, () => start(url))
        running.push(...children)
        const all = async (racers: number, order: Order): Promise<string[]> => {
          const at = Date.now() + 30
          const half = racers / 2
          const ends = await Promise.all(
            children.map(async (child, index) => {
              const own =
                'askers' in order ? { askers: order.askers.slice(index * half, (index + 1) * half) } : {}
              child.send({ ...order, ...own, times: half, at })
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

      for (const [title, race] of Object.entries(oneTimeAnswers)) {
        it(`F3 ${title} proves one of 2, 8 and 32 sign-ins`, { timeout: limit }, async () => {
          const { store, house, all } = await town()
          try {
            const id = await house.person('ana@example.com')
            // Whoever was refused waits for the next round.
            const waiting: Asker[] = []
            for (const racers of [2, 8, 32]) {
              for (let round = 0; round < rounds; round += 1) {
                const answer = await race(house, id)
                waiting.push(...(await parallel(racers - waiting.length, () => halfway(house))))
                const askers = waiting.splice(0)
                const ends = await all(racers, { verb: 'answer', askers, ...answer })
                expect(ends.filter((status) => status === 'moved')).toHaveLength(1)
                expect(ends.filter((status) => status === 'refused')).toHaveLength(racers - 1)
                const results = await Promise.all(askers.map((asker) => house.engine.redeem(asker)))
                expect(results.filter((result) => result?.level === 'two-factor')).toHaveLength(1)
                waiting.push(...askers.filter((_, index) => results[index] === undefined))
              }
            }
          } finally {
            await store.close()
          }
        })
      }

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

/** What is good once, whoever hands it in: enrolled anew for each round, so that no clock has to be waited for. */
const oneTimeAnswers: Readonly<
  Record<string, (house: House, id: string) => Promise<{ readonly factor: string; readonly form: Form }>>
> = {
  'S27: a code of an authenticator app': async ({ enrolments }, id) => {
    await withdraw(enrolments, id, 'totp')
    const totp_secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
    await enrolments.adopt(id, 'totp', { totp_secret }, operator)
    return { factor: 'totp', form: { code: codeOf(totp_secret, Date.now()) } }
  },
  'S28: a backup code': async ({ enrolments }, id) => {
    // Beside nothing else nobody is asked for one.
    if (!(await enrolments.list(id)).some((one) => one.factor === 'totp'))
      await enrolments.adopt(id, 'totp', { totp_secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ' }, operator)
    const { ticket = '', show } = await enrolments.begin(id, 'backup-code', visit())
    await enrolments.finish(id, 'backup-code', { ticket }, visit())
    const { codes = [] } = (show ?? {}) as { readonly codes?: string[] }
    const [code = ''] = codes
    return { factor: 'backup-code', form: { code } }
  },
}

async function withdraw(enrolments: House['enrolments'], id: string, factor: string): Promise<void> {
  for (const one of await enrolments.list(id))
    if (one.factor === factor) await enrolments.remove(id, one.id, operator, { force: true })
}

async function halfway(house: House): Promise<Asker> {
  const asker = await identified(house, 'ana@example.com')
  await house.engine.prove(asker, visit(), 'password', { password: secret })
  return asker
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
