import { type ChildProcess, fork } from 'node:child_process'
import { getCompileCacheDir } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Problem } from '../domain/problem.ts'
import type { PasswordHasher } from '../ports/password-hasher.ts'
import type { HashAnswer, HashRequest } from './hash-process.ts'

/** `Config['hashing']`: `memory` in bytes, `in_flight` 0 means one per core. */
export interface HashingSettings {
  readonly memory: number
  readonly iterations: number
  readonly parallelism: number
  readonly in_flight: number
  readonly queue: number
  readonly queue_per_address: number
  readonly nice: number
}

type Question = HashRequest extends infer R ? (R extends HashRequest ? Omit<R, 'id'> : never) : never

interface Job {
  readonly question: Question
  readonly address: string
  resolve(result: string | boolean): void
  reject(error: unknown): void
}

const retryAfter = 1

/**
 * argon2id in a child process, `in_flight` at a time; what waits is bounded in all and per address, then `Problem('busy')`.
 * The child starts with the first question; when it dies, only what it was working on fails (busy), the rest goes on in a new one.
 * `close` ends it; later calls are refused.
 */
export function createPasswordHasher(settings: HashingSettings): PasswordHasher & { close(): Promise<void> } {
  const { memory, iterations, parallelism } = settings
  const pool = createPool(settings)
  const wanted = { m: Math.floor(memory / 1024), t: iterations, p: parallelism }
  return {
    hash: async (password, address) =>
      String(await pool.run({ password, memory, iterations, parallelism }, address)),
    verify: async (phc, password, address) => (await pool.run({ password, phc }, address)) === true,
    admit: pool.admit,
    outdated: (phc) => !madeWith(phc, wanted),
    close: pool.close,
  }
}

/** Whether the PHC string says argon2id, version 19 and these parameters, in whichever order. */
function madeWith(phc: string, wanted: Readonly<Record<string, number>>): boolean {
  const parameters = /^\$argon2id\$v=19\$([a-z0-9=,]+)\$/.exec(phc)?.[1]?.split(',') ?? []
  const expected = Object.entries(wanted).map(([name, value]) => `${name}=${value}`)
  return parameters.sort().join() === expected.sort().join()
}

function createPool(settings: HashingSettings) {
  const limit = settings.in_flight || availableParallelism()
  const waiting: Job[] = []
  const waitingOf = new Map<string, number>()
  const working = new Map<number, Job>()
  let nextId = 1
  let closed = false
  let child: ChildProcess | undefined

  function start(): ChildProcess {
    const started = startProcess(settings.nice, limit)
    started.on('message', (answer: HashAnswer) => finish(answer))
    // Several times: once for each question that a dead child was sent. An error that nobody hears ends the whole process.
    started.on('error', () => started.kill('SIGKILL'))
    started.once('exit', () => recover(started))
    return started
  }

  function admit(address: string): void {
    const ahead = waitingOf.get(address) ?? 0
    const full = waiting.length >= settings.queue || ahead >= settings.queue_per_address
    if (closed || (working.size >= limit && full)) throw new Problem('busy', { retryAfter })
  }

  function run(question: Question, address: string): Promise<string | boolean> {
    return new Promise((resolve, reject) => {
      admit(address)
      waiting.push({ question, address, resolve, reject })
      waitingOf.set(address, (waitingOf.get(address) ?? 0) + 1)
      advance()
    })
  }

  function advance(): void {
    if (child === undefined) {
      // An answer may come after its process ended; nobody would end another one that it begins.
      if (closed || waiting.length === 0) return
      child = start()
    }
    if (!child.connected) return
    while (working.size < limit) {
      const job = waiting.shift()
      if (!job) break
      leaveQueue(waitingOf, job.address)
      const id = nextId++
      working.set(id, job)
      child.send({ id, ...job.question } satisfies HashRequest)
    }
    // An idle child does not keep the process alive.
    if (working.size > 0) child.channel?.ref()
    else child.channel?.unref()
  }

  function finish(answer: HashAnswer): void {
    const job = working.get(answer.id)
    working.delete(answer.id)
    if ('fault' in answer) job?.reject(new Problem('internal', { cause: new Error(answer.fault) }))
    else job?.resolve(answer.result)
    advance()
  }

  function recover(ended: ChildProcess): void {
    if (ended !== child) return
    const lost = [...working.values()]
    working.clear()
    for (const job of lost) job.reject(new Problem('busy', { retryAfter }))
    child = undefined
    advance()
  }

  async function close(): Promise<void> {
    if (closed) return
    closed = true
    for (const job of [...waiting.splice(0), ...working.values()]) {
      job.reject(new Problem('busy', { retryAfter }))
    }
    working.clear()
    if (child !== undefined) await endProcess(child)
  }

  return { run, admit, close }
}

function leaveQueue(waitingOf: Map<string, number>, address: string): void {
  const left = (waitingOf.get(address) ?? 1) - 1
  if (left > 0) waitingOf.set(address, left)
  else waitingOf.delete(address)
}

/** The environment of this process stays here: it may name secrets. With our compile cache the child takes 18 MB less. */
function startProcess(nice: number, threads: number): ChildProcess {
  const cache = getCompileCacheDir()
  const file = fileURLToPath(new URL(`./hash-process${extension()}`, import.meta.url))
  const child = fork(file, [String(nice)], {
    env: {
      UV_THREADPOOL_SIZE: String(Math.max(threads, 1)),
      ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) }),
    },
    execArgv: ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=1'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  child.unref()
  child.channel?.unref()
  return child
}

// In a checkout this file is TypeScript, in a published package JavaScript; so is the one beside it.
function extension(): string {
  return import.meta.url.slice(import.meta.url.lastIndexOf('.'))
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.ref()
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  if (child.connected) child.disconnect()
  else child.kill('SIGKILL')
  await gone
}
