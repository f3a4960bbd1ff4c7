/** A whole Signet for tests: in this process, or as processes of its own that share a store. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { compose, type House } from '../../src/house/index.ts'
import { createLogger } from '../../src/log.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { CaughtMessage } from '../../src/ports/inbox.ts'
import type { Logger } from '../../src/ports/logger.ts'
import type { Store } from '../../src/ports/store.ts'
import { type Running, start } from '../../src/server.ts'
import type { FreshUrl } from './stores.ts'

const root = resolve(import.meta.dirname, '../..')

export interface Setting {
  readonly storage: string
  readonly clock?: Clock
  /** Where the lines go; nowhere when absent. */
  readonly log?: Logger
  /** Further environment, such as `SIGNET_THROTTLE__FREE_TRIES`. */
  readonly env?: Readonly<Record<string, string>>
}

export interface Signet extends Running {
  readonly issuer: string
  /** Waits for the newest message to an address. */
  mail(to: string, after?: string): Promise<CaughtMessage>
  /** All that was sent to an address, the newest first, once nothing is on its way. */
  sent(to: string): Promise<readonly CaughtMessage[]>
}

/** A port that was free a moment ago on both loopback addresses, below those that outgoing connections take. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + randomInt(20_000)
    if ((await isFree(port, '127.0.0.1')) && (await isFree(port, '::1'))) return port
  }
}

async function isFree(port: number, address: string): Promise<boolean> {
  const server = createServer()
  const free = await new Promise<boolean>((done) => {
    server.once('error', (error: NodeJS.ErrnoException) => done(error.code === 'EADDRNOTAVAIL'))
    server.listen(port, address, () => done(true))
  })
  if (server.listening) await new Promise((done) => server.close(done))
  return free
}

/** Development settings on free ports, cheap password hashes, no log. */
export async function settings({
  storage,
  env,
}: Setting): Promise<{ env: Record<string, string>; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-data-'))
  const [port, demoPort] = [await freePort(), await freePort()]
  return {
    folder,
    env: {
      SIGNET_DATA: folder,
      SIGNET_STORAGE: storage,
      SIGNET_PORT: String(port),
      SIGNET_DEMO_PORT: String(demoPort),
      SIGNET_LOG__LEVEL: 'silent',
      // What hashes cost is not what these tests are about.
      SIGNET_HASHING__MEMORY: '64kb',
      SIGNET_HASHING__ITERATIONS: '1',
      SIGNET_HASHING__NICE: '0',
      ...env,
    },
  }
}

// An RSA key takes longer to find than all the rest; processes (below) have one, and test/oidc is about them.
const quickKeys = { SIGNET_KEYS__ALGORITHMS: '["ES256","EdDSA"]' }

/** Starts Signet in this process. `stop` ends it and removes its folder; the store is the caller's. */
export async function startSignet(setting: Setting): Promise<Signet> {
  const { env, folder } = await settings({ ...setting, env: { ...quickKeys, ...setting.env } })
  const config = loadConfig({ env, cwd: folder })
  const running = await start(config, {
    log: setting.log ?? createLogger(config.log),
    ...(setting.clock === undefined ? {} : { clock: setting.clock }),
  })
  return {
    ...running,
    issuer: config.issuer,
    async mail(to, after) {
      await sendOff(running.house)
      return newestMail(config.issuer, to, after)
    },
    async sent(to) {
      await sendOff(running.house)
      return running.house.inbox?.messages({ to }) ?? []
    },
    async stop() {
      await running.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Starts Signets (without the demo application, unless asked for) that end with the test they were started in. */
export function useSignet(fresh: FreshUrl): (setting?: Partial<Setting>) => Promise<Signet> {
  const running: Signet[] = []
  afterEach(async () => {
    await Promise.all(running.splice(0).map((each) => each.stop()))
  })
  return async (setting = {}) => {
    const storage = setting.storage ?? (await fresh())
    const started = await startSignet({
      ...setting,
      storage,
      env: { SIGNET_DEMO__ENABLED: 'false', ...setting.env },
    })
    running.push(started)
    return started
  }
}

export interface SignetProcess {
  /** Where this process listens; the issuer is the first one's. */
  readonly url: string
  readonly issuer: string
  readonly child: ChildProcess
  readonly started: Running['started']
  /** What it printed so far: the log, and its complaints. */
  printed(): string
  /** SIGTERM, and waits for the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL. */
  kill(): Promise<void>
}

export interface Processes {
  readonly processes: SignetProcess[]
  /** What the first one was started with; also for `runSignet`. */
  readonly env: Readonly<Record<string, string>>
  /** The services on the same store, in this process: to prepare what a test needs. Closed by `stop`. */
  readonly house: House
  /** The newest message to an address; waits for it. */
  mail(to: string): Promise<CaughtMessage>
  /** Starts the one at `index` anew, after it was killed or stopped. */
  restart(index: number): Promise<void>
  stop(): Promise<void>
}

/** Starts `count` processes of one Signet on one store; all answer for the first one's issuer. */
export async function startProcesses(count: number, setting: Setting): Promise<Processes> {
  const shared = await settings(setting)
  const ports = [
    Number(shared.env.SIGNET_PORT),
    ...(await Promise.all(Array.from({ length: count - 1 }, freePort))),
  ]
  const issuer = `http://localhost:${ports[0]}`
  const envOf = (port: number | undefined) => ({
    ...shared.env,
    SIGNET_ISSUER: issuer,
    SIGNET_PORT: String(port),
    SIGNET_ALLOWED_HOSTS: JSON.stringify(ports.map((each) => `localhost:${each}`)),
    SIGNET_DEMO__ENABLED: setting.env?.SIGNET_DEMO__ENABLED ?? 'false',
  })
  const launch = (port: number | undefined) => startProcess(envOf(port), `http://localhost:${port}`, issuer)
  // At once, as a deployment does: whoever is second finds what the first one made.
  const processes = await Promise.all(ports.map(launch))
  const env = envOf(ports[0])
  const house = await compose(loadConfig({ env, cwd: shared.folder }), {
    log: createLogger({ level: 'silent' }),
  })
  return {
    processes,
    env,
    house,
    async mail(to) {
      // What a process does after an answer nobody sees from here: a moment must do.
      await sleep(moment)
      await idle(house.store, house.clock)
      return newestMail(issuer, to)
    },
    async restart(index) {
      processes[index] = await launch(ports[index])
    },
    async stop() {
      await house.close()
      await Promise.all(processes.map((each) => each.stop()))
      await rm(shared.folder, { recursive: true, force: true })
    },
  }
}

/** Runs `signet <words>` on the same settings; answers what it printed. */
export async function runSignet(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  input = '',
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [join(root, 'bin/signet.js'), ...words], {
    env: { ...process.env, ...env },
  })
  child.stdin.end(input)
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const code = await new Promise<number | null>((done) => child.once('close', done))
  return { code, stdout, stderr }
}

async function startProcess(
  env: Record<string, string>,
  url: string,
  issuer: string,
): Promise<SignetProcess> {
  const child = spawn(process.execPath, [join(root, 'bin/signet.js'), 'start', '--json'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = new Promise<number | null>((done) => child.once('close', done))
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      printed += chunk
    })
  const started = await new Promise<Running['started']>((done, fail) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('{"issuer"')) done(JSON.parse(line))
    })
    exited.then((code) => fail(new Error(`signet ended with ${code}: ${printed}`)))
  })
  return {
    url,
    issuer,
    child,
    started,
    printed: () => printed,
    stop() {
      child.kill('SIGTERM')
      return exited
    },
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

const moment = 400

/** Brings on its way, here and now, what would be sent a random moment after the answer that caused it; waits until it is there. */
async function sendOff({ settle, queue, store, clock }: House): Promise<void> {
  await settle()
  queue.start()
  await idle(store, clock)
}

/** Waits, at most half a minute, until no mail and no SMS is due: only then is the newest one in the inbox the newest one there is. */
async function idle({ jobs }: Pick<Store, 'jobs'>, clock: Clock): Promise<void> {
  const isDue = async (prefix: string) => {
    const [first] = (await jobs.page({ prefix, limit: 1 })).items
    return first !== undefined && first.dueAt <= clock()
  }
  const until = performance.now() + 30_000
  while (((await isDue('mail:')) || (await isDue('sms:'))) && performance.now() < until) await sleep(5)
}

/** The newest message to an address, from the inbox; waits up to half a minute for it. */
async function newestMail(issuer: string, to: string, after = ''): Promise<CaughtMessage> {
  const query = new URLSearchParams({ to, wait: '30', ...(after === '' ? {} : { after }) })
  const response = await fetch(`${issuer}/inbox/messages?${query}`)
  const [newest] = (await response.json()) as CaughtMessage[]
  if (newest === undefined) throw new Error(`no message to ${to}`)
  return newest
}
