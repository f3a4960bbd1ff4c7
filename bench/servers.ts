import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { onCore } from './processes.ts'

export interface Server {
  readonly name: 'bare' | 'signet'
  readonly origin: string
  readonly pid: number
  /** Milliseconds from the start of the process until it answered. */
  readonly readyAfter: number
  /** Ends it, at once if it is told to be hard. */
  stop(hard?: boolean): Promise<void>
}

const root = resolve(import.meta.dirname, '..')

/** oidc-provider alone, on core 0. */
export async function startBare(fixtureFile: string): Promise<Server> {
  const port = await freePort()
  return start('bare', port, [join(root, 'bench/bare.ts'), String(port), fixtureFile], {})
}

/** Signet as a deployment runs it, on core 0. `nodeOptions` for profiles. */
export async function startSignet(
  env: Readonly<Record<string, string>>,
  nodeOptions: readonly string[] = [],
): Promise<Server> {
  const port = await freePort()
  const words = [...nodeOptions, join(root, 'bin/signet.js'), 'start', '--json']
  return start('signet', port, words, { ...env, SIGNET_PORT: String(port) })
}

async function start(
  name: Server['name'],
  port: number,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Server> {
  const [command = '', ...rest] = [...onCore(0), process.execPath, ...words]
  const startedAt = performance.now()
  const child = spawn(command, rest, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = new Promise<void>((done) => child.once('close', () => done()))
  let complaint = ''
  child.stderr.on('data', (chunk) => {
    complaint = (complaint + chunk).slice(-2_000)
  })
  await new Promise<void>((done, fail) => {
    createInterface({ input: child.stdout }).on('line', (line) => line.startsWith('{"issuer"') && done())
    exited.then(() => fail(new Error(`${name} ended: ${complaint}`)))
  })
  return {
    name,
    origin: `http://localhost:${port}`,
    pid: child.pid ?? 0,
    readyAfter: performance.now() - startedAt,
    async stop(hard = false) {
      child.kill(hard ? 'SIGKILL' : 'SIGTERM')
      await exited
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  await new Promise((done) => server.close(done))
  return typeof address === 'object' && address !== null ? address.port : 0
}
