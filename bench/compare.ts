/** Runs the scenarios on servers that are up, in rounds that take turns. */
import type { Fixture } from './fixture.ts'
import { type FloodResult, measureFlood } from './flood.ts'
import { guesses } from './guesses.ts'
import { createHttp, expectJson, type Http } from './http.ts'
import { measure, medianOf, type Operation, type Sample } from './load.ts'
import type { Options } from './options.ts'
import { memory } from './processes.ts'
import type { Pair, Start } from './report.ts'
import { enrolledScenarios, type Scenario, tokenScenario } from './scenarios.ts'
import type { Server } from './servers.ts'
import type { Place } from './sign-in.ts'

/** A server, and who is known to it. */
export interface Stand {
  readonly server: Server
  readonly fixture: Fixture
}

interface Prepared {
  readonly place: Place
  readonly operations: readonly Operation[]
  close(): Promise<void>
}

/** Medians over all rounds; who begins changes with each. */
export async function compare(
  scenario: Scenario,
  servers: Pair<Server>,
  fixture: Fixture,
  options: Options,
): Promise<Pair<Sample>> {
  const stands = [
    { server: servers.bare, fixture },
    { server: servers.signet, fixture },
  ] as const
  const [bare, signet] = await compareStands(scenario, stands, options)
  return { bare, signet }
}

/** The same on any two servers. */
export async function compareStands(
  scenario: Scenario,
  [one, other]: readonly [Stand, Stand],
  options: Options,
): Promise<[Sample, Sample]> {
  const side = async ({ server, fixture }: Stand) => ({
    server,
    prepared: await prepare(scenario, server, fixture),
  })
  return alternate([await side(one), await side(other)], options)
}

/** People with one way to prove themselves beside people with ten, on one server. */
export async function compareEnrolled(
  server: Server,
  fixture: Fixture,
  options: Options,
): Promise<{ readonly one: Sample; readonly ten: Sample }> {
  const [one, ten] = await alternate(
    [
      { server, prepared: await prepare(enrolledScenarios.one, server, fixture) },
      { server, prepared: await prepare(enrolledScenarios.ten, server, fixture) },
    ],
    options,
  )
  return { one, ten }
}

interface Side {
  readonly server: Server
  readonly prepared: Prepared
}

async function alternate(
  sides: readonly [Side, Side],
  { rounds, seconds }: Options,
): Promise<[Sample, Sample]> {
  const samples: readonly [Sample[], Sample[]] = [[], []]
  const round = async (which: 0 | 1) => {
    const { server, prepared } = sides[which]
    return measure(server.pid, prepared.operations, seconds)
  }
  for (const which of [0, 1] as const) await round(which)
  for (let turn = 0; turn < rounds; turn++)
    for (const which of turn % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const))
      samples[which].push(await round(which))
  for (const { prepared } of sides) await prepared.close()
  return [medianOf(samples[0]), medianOf(samples[1])]
}

/** A scenario on one server, warm, for a profile of it: also answers when it ran, in microseconds of the monotonic clock. */
export async function run(
  scenario: Scenario,
  server: Server,
  fixture: Fixture,
  seconds: number,
): Promise<{ sample: Sample; period: readonly [number, number] }> {
  const { operations, close } = await prepare(scenario, server, fixture)
  await measure(server.pid, operations, seconds / 2)
  const now = () => Number(process.hrtime.bigint() / 1_000n)
  const from = now()
  const sample = await measure(server.pid, operations, seconds)
  const to = now()
  await close()
  return { sample, period: [from, to] }
}

/** Everybody who does it is ready to begin. */
export async function prepare(scenario: Scenario, { origin }: Server, fixture: Fixture): Promise<Prepared> {
  const opened = [createHttp(origin, { connections: scenario.workers })]
  const [http] = opened as [Http]
  const from = (localAddress: string) => {
    const more = createHttp(origin, { connections: 8, localAddress })
    opened.push(more)
    return more
  }
  const endpoints = expectJson(await http.get('/.well-known/openid-configuration'))
  const place = { origin, http, from, endpoints, fixture }
  const operations: Operation[] = []
  for (let worker = 0; worker < scenario.workers; worker++)
    operations.push(await scenario.prepare(place, worker))
  const close = async () => {
    await Promise.all(opened.map((each) => each.close()))
  }
  return { place, operations, close }
}

/** P9 with the kind of guesses that has this number, on a server of its own, which is not waited for afterwards. */
export async function flood(
  start: () => Promise<Server>,
  fixture: Fixture,
  { rounds, seconds }: Options,
  kind: number,
): Promise<FloodResult[]> {
  const results: FloodResult[] = []
  const poured = guesses[kind]
  if (poured === undefined) throw new Error(`there is no flood ${kind}`)
  for (let round = 0; round < rounds; round++) {
    const server = await start()
    const { place, operations, close } = await prepare(tokenScenario, server, fixture)
    await measure(server.pid, operations, seconds)
    const pouring = { guesses: poured, kind, round }
    results.push(await measureFlood(server.pid, place, operations, seconds, pouring))
    await close()
    await server.stop(true)
  }
  return results
}

/** P11: starts the server again and again, and lets it rest a little each time. */
export async function restart(start: () => Promise<Server>, rounds: number): Promise<Start[]> {
  const results: Start[] = []
  for (let round = 0; round <= rounds; round++) {
    const server = await start()
    await new Promise((done) => setTimeout(done, 2_000))
    // The first one filled caches.
    if (round > 0) results.push({ readyAfter: server.readyAfter, ...memory(server.pid) })
    await server.stop()
  }
  return results
}
