/** P10: tokens while ten thousand recoveries wait, what their worker takes while none is due, and what happens when all are due at once. */
import { setTimeout as pause } from 'node:timers/promises'
import { compareStands, prepare, type Stand } from './compare.ts'
import { measure, medianOf, type Sample } from './load.ts'
import type { Options } from './options.ts'
import { cpuTime, timeOnCore } from './processes.ts'
import { openHouse, readyOnes, waiting } from './recovery-seed.ts'
import { refreshScenario, type Scenario, tokenScenario } from './scenarios.ts'
import { startSignet } from './servers.ts'

export const pendingCount = 10_000

/** The same measured without them and with them. */
export interface Beside<T> {
  readonly without: T
  readonly pending: T
}

export interface Outage {
  /** Seconds until the last one was ready, and until the last mail was on its way. */
  readonly ready: number
  readonly told: number
  /** CPU milliseconds for one of them, with its mails, beside what the tokens took. */
  readonly each: number
  /** The longest that a mail waited, in seconds. */
  readonly mailWaited: number
  readonly meanwhile: Sample
  /** The worst of all rounds. */
  readonly worst: number
  readonly afterwards: Sample
}

export interface Pending {
  readonly scenarios: readonly { readonly scenario: Scenario; readonly samples: Beside<Sample> }[]
  /** CPU milliseconds of a minute in which nobody asks anything. */
  readonly idle: Beside<number>
  readonly outage: Outage
}

/** Two servers on the same core, on stores that differ in nothing else; they take turns. */
export async function measurePending(
  stands: Beside<Stand>,
  options: Options,
): Promise<Omit<Pending, 'outage'>> {
  const idle = await rest(stands, options)
  const scenarios = []
  for (const scenario of [tokenScenario, refreshScenario]) {
    const [without, pending] = await compareStands(scenario, [stands.without, stands.pending], options)
    scenarios.push({ scenario, samples: { without, pending } })
  }
  return { scenarios, idle }
}

/** Both in the same minutes, as many as there are rounds, at most two. */
async function rest({ without, pending }: Beside<Stand>, { rounds }: Options): Promise<Beside<number>> {
  const minutes = Math.min(rounds, 2)
  const taken = () => [timeOnCore(without.server.pid), timeOnCore(pending.server.pid)] as const
  await pause(5_000)
  const before = taken()
  await pause(minutes * 60_000)
  const after = taken()
  return { without: (after[0] - before[0]) / minutes, pending: (after[1] - before[1]) / minutes }
}

/** Starts the server on a store in which all are due, and asks for tokens until nothing is any more; then as long again. */
export async function measureOutage(
  env: Record<string, string>,
  { fixture }: Pick<Stand, 'fixture'>,
  { seconds, rounds }: Options,
): Promise<Outage> {
  const house = await openHouse(env)
  const last = house.clock()
  const server = await startSignet(env)
  const startedAt = performance.now()
  const passed = () => (performance.now() - startedAt) / 1_000
  const { operations, close } = await prepare(tokenScenario, server, fixture)
  let [ready, told, mailWaited] = [0, 0, 0]
  const look = async () => {
    const due = await waiting(house)
    if (due.recovery !== undefined && due.recovery < last) ready = passed()
    if (due.recovery !== undefined || due.mail !== undefined) told = passed()
    if (due.mail !== undefined) mailWaited = Math.max(mailWaited, (house.clock() - due.mail) / 1_000)
    return due
  }
  const timer = setInterval(() => void look(), 250)
  const before = cpuTime(server.pid)
  const during: Sample[] = []
  for (let calm = 0; calm < 2; ) {
    during.push(await measure(server.pid, operations, seconds))
    const due = await look()
    calm = due.recovery === undefined && due.mail === undefined ? calm + 1 : 0
  }
  const taken = cpuTime(server.pid) - before
  clearInterval(timer)
  const grants = await readyOnes(house)
  if (grants !== pendingCount) throw new Error(`${grants} of ${pendingCount} recoveries are ready`)
  const after: Sample[] = []
  for (let round = 0; round < Math.max(rounds, 5); round++)
    after.push(await measure(server.pid, operations, seconds))
  await close()
  await server.stop()
  await house.close()
  const [meanwhile, afterwards] = [medianOf(during.slice(0, -2)), medianOf(after)]
  const tokens = during.reduce((sum, { operations: count }) => sum + count, 0) * afterwards.cpu
  const each = (taken - tokens) / pendingCount
  const worst = Math.max(...during.map(({ p99 }) => p99))
  return { ready, told, each, mailWaited, meanwhile, worst, afterwards }
}
