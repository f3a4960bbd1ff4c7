/** A process that does what its parent says, several times at once. Over IPC: one message, one answer. */
import type { Asker, Outcome } from '../../src/authentication/index.ts'
import type { Form } from '../../src/ports/factor.ts'
import { openStore } from '../../src/storage/open.ts'
import { oneTimeFactors, spokenWord } from './factors.ts'
import { attempt, createHouse, visit } from './house.ts'

/** What the parent asks for; the answer says how each of `times` ended. */
export type Start = { readonly times: number; readonly at: number } & (
  | { readonly verb: 'guess'; readonly identifier: string }
  | { readonly verb: 'prove'; readonly asker: Asker; readonly said: string }
  /** Each time another one of those who ask, with the same answer. */
  | {
      readonly verb: 'answer'
      readonly askers: readonly Asker[]
      readonly factor: string
      readonly form: Form
    }
  | { readonly verb: 'redeem'; readonly asker: Asker }
)

const store = await openStore({ url: process.argv[2] ?? '', clock: Date.now })
// Guesses come from one address: what is counted here is the identifier.
const house = open({})
// Where it is not about the limit.
const patient = open({ free_tries: 1_000 })

function open(limits: { readonly free_tries?: number }) {
  return createHouse(store, {
    clock: { now: Date.now, advance() {} },
    factors: [spokenWord, ...oneTimeFactors],
    throttle: { free_tries_per_address: 1_000_000, ...limits },
  })
}

async function once(start: Start, index: number): Promise<string> {
  if (start.verb === 'answer') {
    const asker = start.askers[index]
    if (asker === undefined) throw new Error('fewer people than answers')
    return (await patient.engine.prove(asker, visit(), start.factor, start.form)).status
  }
  if (start.verb === 'redeem')
    return (await house.engine.redeem(start.asker)) === undefined ? 'nothing' : 'result'
  const outcome: Outcome =
    start.verb === 'guess'
      ? await attempt(house, start.identifier, 'not the right one at all')
      : await house.engine.prove(start.asker, visit(), spokenWord.name, { said: start.said })
  return outcome.status === 'refused' ? (outcome.reason ?? outcome.status) : outcome.status
}

async function run(start: Start): Promise<string[]> {
  await new Promise((resolve) => setTimeout(resolve, start.at - Date.now()))
  const ends = await Promise.all(Array.from({ length: start.times }, (_, index) => once(start, index)))
  await Promise.all([house, patient].map(({ engine }) => engine.settle()))
  return ends
}

process.on('message', (start: Start) => void run(start).then((ends) => process.send?.(ends)))
process.on('disconnect', () => process.exit())
process.send?.('ready')
