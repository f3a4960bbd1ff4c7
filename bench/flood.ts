/** P9: how long token requests take while wrong passwords arrive, from many addresses, for people who exist and who do not. */
import { createBrowser, mainForm } from './browser.ts'
import { createHttp, type Http } from './http.ts'
import { measure, type Operation, type Sample } from './load.ts'
import { authorizationRequest, type Place } from './scenarios.ts'

export interface FloodResult {
  readonly alone: Sample
  readonly flooded: Sample
  /** How the wrong passwords were answered: by status, `none` within the time. */
  readonly answers: Readonly<Record<string, number>>
}

interface Flood {
  /** Lets wrong passwords arrive, whether or not anybody answers, until it is told to stop. */
  start(): () => Promise<Readonly<Record<string, number>>>
  close(): Promise<void>
}

const perSecond = 200
const addresses = 64
/** Each person is tried so often, each address tries so often, that nobody's free tries are used up: only the load can be in the way. */
const triesPerPerson = 4

/** `operations` alone, then with the flood; whatever is still waiting afterwards is given up. */
export async function measureFlood(
  pid: number,
  place: Place,
  operations: readonly Operation[],
  seconds: number,
  round: number,
): Promise<FloodResult> {
  const alone = await measure(pid, operations, seconds)
  const flood = await prepareFlood(place, seconds + 1, round)
  const stop = flood.start()
  await new Promise((done) => setTimeout(done, 1_000))
  const flooded = await measure(pid, operations, seconds)
  const answers = await stop()
  await flood.close()
  return { alone, flooded, answers }
}

async function prepareFlood(place: Place, seconds: number, round: number): Promise<Flood> {
  const callers = Array.from({ length: addresses }, (_, index) =>
    createHttp(place.origin, { connections: 8, localAddress: `127.0.${round + 1}.${index + 1}` }),
  )
  // More than needed: a server that is late is poured on for longer.
  const count = Math.ceil((2 * seconds * perSecond) / triesPerPerson)
  const guesses: Operation[] = []
  for (let person = 0; person < count; person++)
    guesses.push(await prepareGuess(place, callers, person, round))
  return {
    start: () => pour(guesses),
    async close() {
      await Promise.all(callers.map((caller) => caller.close()))
    },
  }
}

/** Goes as far as the password page; what is returned sends a wrong one, from the next address each time. */
async function prepareGuess(
  place: Place,
  callers: readonly Http[],
  person: number,
  round: number,
): Promise<Operation> {
  const known = place.fixture.people[(round * 400 + person) % place.fixture.people.length] ?? ''
  const identifier = person % 2 === 0 ? known : `nobody-${round}-${person}@bench.example`
  let turn = person
  const anywhere: Http = {
    get: (...request) => place.http.get(...request),
    post: (...request) => (callers[turn++ % callers.length] ?? place.http).post(...request),
    close: async () => {},
  }
  const browser = createBrowser(anywhere, place.origin)
  let page = await browser.visit(authorizationRequest(place, place.fixture.web).path)
  if (!('password' in mainForm(page).fields)) page = await browser.submit(page, { identifier })
  const { action, fields } = mainForm(page)
  return () => browser.post(action, { ...fields, identifier, password: `wrong ${turn}` })
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
