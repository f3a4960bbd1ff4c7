/** P9: how long token requests take while wrong answers arrive, from many addresses. */
import type { Guesses } from './guesses.ts'
import { createHttp, type Http } from './http.ts'
import { measure, type Operation, type Sample } from './load.ts'
import type { Place } from './sign-in.ts'

export interface FloodResult {
  readonly alone: Sample
  readonly flooded: Sample
  /** How the wrong answers were answered: by status, `none` within the time. */
  readonly answers: Readonly<Record<string, number>>
}

/** What pours, and when: each kind in each round comes from addresses, and is about people, of its own. */
export interface Pouring {
  readonly guesses: Guesses
  readonly kind: number
  readonly round: number
}

interface Flood {
  /** Lets wrong answers arrive, whether or not anybody replies, until it is told to stop. */
  start(): () => Promise<Readonly<Record<string, number>>>
  close(): Promise<void>
}

const perSecond = 200
const addresses = 64
const atOnce = 8
/** Each person is tried so often, each address tries so often, that nobody's free tries are used up: only the load can be in the way. */
const triesPerPerson = 4

/** `operations` alone, then with the flood; whatever is still waiting afterwards is given up. */
export async function measureFlood(
  pid: number,
  place: Place,
  operations: readonly Operation[],
  seconds: number,
  pouring: Pouring,
): Promise<FloodResult> {
  const flood = await prepareFlood(place, seconds + 1, pouring)
  const alone = await measure(pid, operations, seconds)
  const stop = flood.start()
  await new Promise((done) => setTimeout(done, 1_000))
  const flooded = await measure(pid, operations, seconds)
  const answers = await stop()
  await flood.close()
  return { alone, flooded, answers }
}

async function prepareFlood(
  place: Place,
  seconds: number,
  { guesses, kind, round }: Pouring,
): Promise<Flood> {
  const callers = Array.from({ length: addresses }, (_, index) =>
    createHttp(place.origin, { connections: 8, localAddress: `127.${kind + 1}.${round + 1}.${index + 1}` }),
  )
  // More than needed: a server that is late is poured on for longer.
  const count = Math.ceil((1.25 * seconds * perSecond) / triesPerPerson)
  const prepared: Operation[] = []
  const prepare = async (person: number) => {
    let turn = person
    const http: Http = {
      get: (...request) => place.http.get(...request),
      post: (...request) => (callers[turn++ % callers.length] ?? place.http).post(...request),
      close: async () => {},
    }
    prepared.push(await guesses.prepare({ place, http, number: round * count + person }))
  }
  const people = Array.from({ length: count }, (_, person) => person).values()
  const worker = async () => {
    for (const person of people) await prepare(person)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return {
    start: () => pour(prepared),
    async close() {
      await Promise.all(callers.map((caller) => caller.close()))
    },
  }
}

function pour(guesses: readonly Operation[]) {
  const answers: Record<string, number> = {}
  let sent = 0
  const startedAt = performance.now()
  const timer = setInterval(() => {
    const due = ((performance.now() - startedAt) * perSecond) / 1_000
    for (; sent < due; sent++) {
      const guess = guesses[sent % guesses.length]
      guess?.().then(
        (answer) => count(answers, String((answer as { status: number }).status)),
        () => {},
      )
    }
  }, 5)
  return async () => {
    clearInterval(timer)
    const answered = Object.values(answers).reduce((sum, each) => sum + each, 0)
    return { ...answers, none: sent - answered }
  }
}

function count(answers: Record<string, number>, status: string): void {
  answers[status] = (answers[status] ?? 0) + 1
}
