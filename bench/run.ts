/** `npm run bench`: Signet beside the bare library, in the same minutes on the same core. Writes the tables in docs/performance.md. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verify } from 'argon2'
import { compare, compareEnrolled, flood, restart, run } from './compare.ts'
import { createFixture, type Fixture, writeBareFixture, writeConfig } from './fixture.ts'
import { guesses } from './guesses.ts'
import { type Options, readOptions } from './options.ts'
import { measureOutage, measurePending, pendingCount } from './pending.ts'
import { measurePortal } from './portal.ts'
import { seedPortal } from './portal-seed.ts'
import { moveToCore } from './processes.ts'
import { summarise } from './profile.ts'
import { seedRecoveries } from './recovery-seed.ts'
import { type Flooded, type Results, report, writeReport } from './report.ts'
import { scenarios } from './scenarios.ts'
import { seed } from './seed.ts'
import { type Server, startBare, startSignet } from './servers.ts'

const options = readOptions(process.argv.slice(2))
const folder = mkdtempSync(join(tmpdir(), 'signet-bench-'))
moveToCore(1)
try {
  await bench(options)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function bench({ storage, seed: people, profile, write }: Options): Promise<void> {
  const env = {
    SIGNET_CONFIG: writeConfig(folder),
    SIGNET_DATA: folder,
    SIGNET_STORAGE: storage ?? `sqlite:${join(folder, 'signet.db')}`,
  }
  const fixture = await createFixture(env)
  if (people > 0) {
    const perSecond = await seed(env, people, fixture.passwordHash)
    say(`imported ${people} people, ${perSecond.toFixed(0)} a second`)
  }
  if (profile !== undefined) return profiles(env, fixture, profile)
  const text = report(await measureAll(env, fixture), options)
  console.log(text)
  if (write) writeReport(text)
}

async function measureAll(env: Record<string, string>, fixture: Fixture): Promise<Results> {
  const bareFile = await writeBareFixture(folder, fixture)
  const start = { bare: () => startBare(bareFile), signet: () => startSignet(env) }
  const results: Results['scenarios'][number][] = []
  const chosen = scenarios.filter(({ id }) => wanted(id))
  let enrolled: Results['enrolled']
  if (chosen.length > 0) {
    const servers = { bare: await start.bare(), signet: await start.signet() }
    for (const scenario of chosen) {
      say(`${scenario.id} ${scenario.title}`)
      results.push({ scenario, samples: await compare(scenario, servers, fixture, options) })
    }
    if (wanted('P3')) {
      say('P3 with ten ways enrolled')
      enrolled = await compareEnrolled(servers.signet, fixture, options)
    }
    await Promise.all([servers.bare.stop(), servers.signet.stop()])
  }
  const both = async <T>(work: (which: 'bare' | 'signet') => Promise<T>) => ({
    bare: await work('bare'),
    signet: await work('signet'),
  })
  return {
    scenarios: results,
    enrolled,
    floods: wanted('P9') ? await floods(start, fixture) : undefined,
    pending: wanted('P10') ? await pending(env) : undefined,
    portal: wanted('P12') ? await portal(env, fixture) : undefined,
    starts: wanted('P11') ? await both((which) => restart(start[which], options.rounds)) : undefined,
    hash: await hashTime(fixture),
  }
}

/** Passwords at both, the other ways at the one that has them. */
async function floods(start: Record<'bare' | 'signet', () => Promise<Server>>, fixture: Fixture) {
  const results: Flooded[] = []
  for (const [kind, { title }] of guesses.entries()) {
    say(`P9 ${title}`)
    if (kind === 0)
      results.push({ title, name: 'bare', rounds: await flood(start.bare, fixture, options, kind) })
    results.push({ title, name: 'Signet', rounds: await flood(start.signet, fixture, options, kind) })
  }
  return results
}

/** On two stores of their own, with as many people in each. */
async function pending(env: Record<string, string>) {
  const at = (name: string) => ({
    ...env,
    SIGNET_STORAGE: options.storage === undefined ? `sqlite:${join(folder, `${name}.db`)}` : beside(name),
  })
  const envs = { without: at('without'), pending: at('pending') }
  const stand = async (own: Record<string, string>) => {
    const fixture = await createFixture(own)
    await seed(own, pendingCount, fixture.passwordHash)
    return { env: own, fixture }
  }
  say(`P10 people in two stores, ${pendingCount} recoveries in one`)
  const [one, other] = [await stand(envs.without), await stand(envs.pending)]
  await seedRecoveries(other.env, pendingCount)
  say('P10 without and with them')
  const stands = {
    without: { server: await startSignet(one.env), fixture: one.fixture },
    pending: { server: await startSignet(other.env), fixture: other.fixture },
  }
  const results = await measurePending(stands, options)
  await Promise.all([stands.without.server.stop(), stands.pending.server.stop()])
  say('P10 all due at once')
  await seedRecoveries(one.env, pendingCount, { outage: true })
  return { ...results, outage: await measureOutage(one.env, one, options) }
}

/** Another database beside the one that was named. */
function beside(name: string): string {
  const url = new URL(options.storage ?? '')
  url.pathname += `-${name}`
  return url.href
}

/** After everything else: what it fills the store with is in nobody else's way. */
async function portal(env: Record<string, string>, fixture: Fixture) {
  const [rich = '', poor = ''] = fixture.people.slice(700)
  const people = { much: rich, little: poor }
  say('P12 pages of the portal')
  await seedPortal(env, people)
  const server = await startSignet(env)
  const pages = await measurePortal(server, fixture, people, options)
  await server.stop()
  return pages
}

async function profiles(env: Record<string, string>, fixture: Fixture, target: string): Promise<void> {
  mkdirSync(target, { recursive: true })
  for (const [index, scenario] of scenarios.entries()) {
    if (!wanted(scenario.id)) continue
    const name = `${scenario.id}-${index}.cpuprofile`
    const server = await startSignet(env, [
      '--cpu-prof',
      `--cpu-prof-dir=${target}`,
      `--cpu-prof-name=${name}`,
    ])
    const { sample, period } = await run(scenario, server, fixture, options.seconds)
    await server.stop()
    console.log(
      `\n${name} ${scenario.title}: ${sample.cpu.toFixed(3)} ms\n${summarise(join(target, name), period)}`,
    )
  }
}

async function hashTime({ passwordHash, password }: Fixture): Promise<number> {
  const before = process.cpuUsage()
  for (let count = 0; count < 20; count++) await verify(passwordHash, password)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000 / 20
}

function wanted(id: string): boolean {
  return options.only.length === 0 || options.only.includes(id)
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
