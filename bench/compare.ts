/** Runs the scenarios on servers that are up, in rounds that take turns. */
import type { Fixture } from './fixture.ts'
import { type FloodResult, measureFlood } from './flood.ts'
import { createHttp, expectJson } from './http.ts'
import { measure, medianOf, type Operation, type Sample } from './load.ts'
import type { Options } from './options.ts'
import { memory } from './processes.ts'
import type { Pair, Start } from './report.ts'
import { type Place, type Scenario, tokenScenario } from './scenarios.ts'
import type { Server } from './servers.ts'

interface Prepared {
  readonly place: Place
  readonly operations: readonly Operation[]
}

/** Medians over all rounds; who begins changes with each. */
export async function compare(
  scenario: Scenario,
  servers: Pair<Server>,
  fixture: Fixture,
  { rounds, seconds }: Options,
): Promise<Pair<Sample>> {
  const samples: Pair<Sample[]> = { bare: [], signet: [] }
  const prepared = {
    bare: await prepare(scenario, servers.bare, fixture),
    signet: await prepare(scenario, servers.signet, fixture),
  }
  const names = ['bare', 'signet'] as const
  for (const name of names) await measure(servers[name].pid, prepared[name].operations, seconds)
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      samples[name].push(await measure(servers[name].pid, prepared[name].operations, seconds))
    }
  }
  for (const name of names) await prepared[name].place.http.close()
  return { bare: medianOf(samples.bare), signet: medianOf(samples.signet) }
}

/** A scenario on one server, warm, for a profile of it: also answers when it ran, in microseconds of the monotonic clock. */
export async function run(
  scenario: Scenario,
  server: Server,
  fixture: Fixture,
  seconds: number,
): Promise<{ sample: Sample; period: readonly [number, number] }> {
  const { place, operations } = await prepare(scenario, server, fixture)
  await measure(server.pid, operations, seconds / 2)
  const now = () => Number(process.hrtime.bigint() / 1_000n)
  const from = now()
  const sample = await measure(server.pid, operations, seconds)
  const to = now()
  await place.http.close()
  return { sample, period: [from, to] }
}

async function prepare(scenario: Scenario, { origin }: Server, fixture: Fixture): Promise<Prepared> {
  const http = createHttp(origin, { connections: scenario.workers })
  const endpoints = expectJson(await http.get('/.well-known/openid-configuration'))
  const place = { origin, http, endpoints, fixture }
  const operations: Operation[] = []
  for (let worker = 0; worker < scenario.workers; worker++)
    operations.push(await scenario.prepare(place, worker))
  return { place, operations }
}

/** P9 on a server of its own, which is not waited for afterwards. */
export async function flood(
  start: () => Promise<Server>,
  fixture: Fixture,
  { rounds, seconds }: Options,
): Promise<FloodResult[]> {
  const results: FloodResult[] = []
  for (let round = 0; round < rounds; round++) {
    const server = await start()
    const { place, operations } = await prepare(tokenScenario, server, fixture)
    await measure(server.pid, operations, seconds)
    results.push(await measureFlood(server.pid, place, operations, seconds, round))
    await place.http.close()
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
