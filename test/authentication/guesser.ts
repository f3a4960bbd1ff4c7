/** A process that guesses, in parallel, when its parent says so. Over IPC: one message, one answer. */
import type { Outcome } from '../../src/authentication/index.ts'
import { openStore } from '../../src/storage/open.ts'
import { attempt, createHouse } from './house.ts'

/** What the parent asks for. */
export interface Start {
  readonly identifier: string
  readonly answers: readonly string[]
  /** When all begin, in ms since the epoch. */
  readonly at: number
}

const store = await openStore({ url: process.argv[2] ?? '', clock: Date.now })
const house = createHouse(store, { clock: { now: Date.now, advance() {} } })

async function guess({ identifier, answers, at }: Start): Promise<readonly Outcome['status'][]> {
  await new Promise((resolve) => setTimeout(resolve, at - Date.now()))
  const outcomes = await Promise.all(answers.map((answer) => attempt(house, identifier, answer)))
  return outcomes.map((outcome) => outcome.status)
}

process.on('message', (start: Start) => void guess(start).then((statuses) => process.send?.(statuses)))
process.on('disconnect', () => process.exit())
process.send?.('ready')
