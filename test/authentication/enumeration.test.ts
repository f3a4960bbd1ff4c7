import { describe, expect, it } from 'vitest'
import type { Current, Outcome } from '../../src/authentication/index.ts'
import { noting } from '../identities/world.ts'
import { createClock } from '../support/clock.ts'
import { eachStore } from '../support/stores.ts'
import { mailedCode, namedKey } from './factors.ts'
import { asker, createHouse, operator, plain, secret, sharedHasher, visit } from './house.ts'

/** What a stranger can tell about one identifier: every answer, every read and write, every hash. */
interface Trace {
  readonly answers: readonly (Outcome | Partial<Current> | undefined)[]
  readonly work: readonly string[]
}

describe('before the first proof', () => {
  eachStore((_name, open) => {
    const inputs = ['not this one at all', '', 'x', 'y'.repeat(100_000), '\u0000', 'ä'.repeat(300)]

    async function street() {
      const clock = createClock()
      const notes: string[] = []
      const hasher = sharedHasher()
      const store = noting(await open(clock.now), notes)
      const here = createHouse(store, {
        clock,
        hasher,
        factors: [namedKey, mailedCode],
        throttle: { free_tries_per_address: 1_000 },
      })
      await here.person('ana@example.com', { username: 'ana' })
      await here.person('nopassword@example.com', { password: null })
      await here.identities.suspend(await here.person('suspended@example.com'), operator)
      await here.identities.remove(await here.person('deleted@example.com'), operator)
      await here.identities.create(
        { identifiers: [{ kind: 'email', written: 'invited@example.com' }] },
        operator,
      )
      // The decoy's hash is made once, at the first answer of all.
      await trace('warm@example.com', ['x'])

      async function trace(text: string, answers: readonly string[], after = 'password'): Promise<Trace> {
        const who = asker()
        const seen: Trace['answers'][number][] = []
        const work: string[] = []
        const step = async (call: () => Promise<Trace['answers'][number]>) => {
          notes.length = 0
          hasher.calls.length = 0
          const answer = await call()
          // A counter that exists is replaced, a new one inserted: one write either way.
          const calls = notes.map((note) => note.replace(/attempts\.(insert|replace)/, 'attempts.write'))
          work.push([...calls, ...hasher.calls].join(' '))
          await here.engine.settle()
          if (answer !== undefined && 'step' in answer && 'enrolled' in answer) {
            const { identifier: _identifier, show: _show, ...rest } = answer
            seen.push(rest)
          } else seen.push(answer)
        }
        await here.engine.open(who, { requirement: plain })
        await step(() => here.engine.identify(who, visit(), text))
        await step(() => here.engine.current(who, visit()))
        await step(() => here.engine.choose(who, visit(), after))
        await step(() => here.engine.current(who, visit()))
        for (const password of answers)
          await step(() =>
            here.engine.prove(who, visit(), after, { password, code: password, key: password }),
          )
        return { answers: seen, work }
      }

      return { here, trace }
    }

    const others = [
      'ana@example.com',
      'ana',
      'nopassword@example.com',
      'suspended@example.com',
      'deleted@example.com',
      'invited@example.com',
    ]

    it('S32: answers, store calls and hashes are the same for everybody, with empty and with huge input', async () => {
      const { trace } = await street()
      const unknown = await trace('nobody@example.com', inputs)
      for (const text of others) expect(await trace(text, inputs), text).toEqual(unknown)
      for (const work of unknown.work.slice(4, 9)) expect(work.match(/verify|hash/g)).toEqual(['verify'])
    })

    it('S32: the same holds for every other way that is offered', async () => {
      const { trace } = await street()
      for (const factor of ['mailed-code', 'named-key']) {
        const unknown = await trace('nobody@example.com', ['x', 'y'], factor)
        for (const text of others)
          expect(await trace(text, ['x', 'y'], factor), `${factor} ${text}`).toEqual(unknown)
      }
    })

    it('S32: a right answer before its turn is over tells no more than a wrong one', async () => {
      const { here, trace } = await street()
      const wrong = Array.from({ length: 6 }, () => 'wrong all the time')
      const unknown = await trace('nobody@example.com', [...wrong, 'wrong all the time'])
      const known = await trace('ana@example.com', [...wrong, secret])
      expect(known).toEqual(unknown)
      expect(here.sent.map((message) => message.template)).toEqual(['guessing'])
    })
  })
})
