import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { hash as argon2 } from 'argon2'
import { afterEach, describe, expect, test } from 'vitest'
import { Problem } from '../../src/domain/problem.ts'
import { createPasswordHasher, type HashingSettings } from '../../src/vault/hash-pool.ts'

const cheap: HashingSettings = {
  memory: 64 * 1024,
  iterations: 2,
  parallelism: 1,
  in_flight: 2,
  queue: 6,
  queue_per_address: 3,
  nice: 10,
}
const slow = { ...cheap, memory: 32 * 1024 * 1024, iterations: 4 }

const open: { close(): Promise<void> }[] = []

function hasher(settings: HashingSettings) {
  const created = createPasswordHasher(settings)
  open.push(created)
  return created
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

/** Those of files that ran in this process before. */
const others = new Set(running())

/** Running children of this file, from /proc. */
function children(): number[] {
  return running().filter((pid) => !others.has(pid))
}

function running(): number[] {
  const task = `/proc/${process.pid}/task`
  const pids = readdirSync(task).flatMap((id) => readFileSync(`${task}/${id}/children`, 'utf8').split(' '))
  return pids.filter(Boolean).map(Number).filter(isHashProcess)
}

function isHashProcess(pid: number): boolean {
  const file = `/proc/${pid}/cmdline`
  return existsSync(file) && readFileSync(file, 'utf8').includes('hash-process')
}

async function statusOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'done',
    (error) => (error instanceof Problem ? error.code : String(error)),
  )
}

describe('hashing', () => {
  test('a password matches its own hash and no other one does', async () => {
    const { hash, verify } = hasher(cheap)
    const phc = await hash('pässwörd with spaces and 𝒳', 'a')
    expect(phc).toMatch(/^\$argon2id\$v=19\$/)
    expect(await verify(phc, 'pässwörd with spaces and 𝒳', 'a')).toBe(true)
    expect(await verify(phc, 'passwörd with spaces and 𝒳', 'a')).toBe(false)
    expect(await verify(phc, '', 'a')).toBe(false)
  })

  test('a long password counts to its last character', async () => {
    const { hash, verify } = hasher(cheap)
    const phc = await hash(`${'x'.repeat(255)}1`, 'a')
    expect(await verify(phc, `${'x'.repeat(255)}2`, 'a')).toBe(false)
  })

  test('a hash made with other parameters is outdated and still matches', async () => {
    const { hash, verify, outdated } = hasher(cheap)
    const current = await hash('the password', 'a')
    expect(outdated(current)).toBe(false)
    const older = await argon2('the password', { memoryCost: 32, timeCost: 2, parallelism: 1 })
    const otherKind = await argon2('the password', { memoryCost: 64, timeCost: 2, parallelism: 1, type: 1 })
    for (const phc of [older, otherKind]) {
      expect(outdated(phc)).toBe(true)
      expect(await verify(phc, 'the password', 'a')).toBe(true)
    }
    expect(outdated('nonsense')).toBe(true)
  })

  test('a stored value that is no argon2 hash is a problem, not an answer, and the pool goes on', async () => {
    const { hash, verify } = hasher(cheap)
    expect(await statusOf(verify('nonsense', 'x', 'a'))).toBe('internal')
    expect(await hash('x', 'a')).toContain('$argon2id$')
  })
})

describe('the queue', () => {
  test('F16: one address waits in its own part of the queue, the rest is refused as busy with a time to come back', async () => {
    const { hash } = hasher(slow)
    const flood = Array.from({ length: 20 }, () => hash('x', 'flood'))
    const neighbour = hash('y', 'neighbour')
    const settled = await Promise.all(flood.map(statusOf))
    expect(settled.filter((status) => status === 'done')).toHaveLength(2 + 3)
    expect(settled.filter((status) => status === 'busy')).toHaveLength(15)
    expect(await neighbour).toContain('$argon2id$')
    const refused = await flood[19]?.catch((error: Problem) => error.retryAfter)
    expect(refused).toBeGreaterThan(0)
  })

  test('F16: many addresses together are bounded too', async () => {
    const { hash } = hasher(slow)
    const flood = await Promise.all(
      Array.from({ length: 40 }, (_, at) => statusOf(hash('x', `address ${at}`))),
    )
    expect(flood.filter((status) => status === 'done')).toHaveLength(2 + 6)
    expect(flood.filter((status) => status === 'busy')).toHaveLength(32)
  })

  test('F16: whoever would be refused is told so beforehand, and nobody else is', async () => {
    const { hash, admit } = hasher(slow)
    const refuses = (address: string) => {
      try {
        admit(address)
        return false
      } catch (error) {
        return error instanceof Problem && error.code === 'busy'
      }
    }
    expect(refuses('flood')).toBe(false)
    const flood = Array.from({ length: 5 }, () => hash('x', 'flood'))
    expect([refuses('flood'), refuses('neighbour')]).toEqual([true, false])
    await Promise.all(flood)
    expect(refuses('flood')).toBe(false)
  })

  test('after close everything is refused as busy', async () => {
    const pool = hasher(slow)
    const running = statusOf(pool.hash('x', 'a'))
    await pool.close()
    expect(await running).toBe('busy')
    expect(await statusOf(pool.hash('x', 'a'))).toBe('busy')
  })
})

describe('the child process', () => {
  test('runs every thread at the lower priority, and its command line names no password', async () => {
    const { hash } = hasher(cheap)
    await hash('a very secret password', 'a')
    const [pid] = children()
    const threads = readdirSync(`/proc/${pid}/task`)
    const priorities = threads.map(
      (id) => readFileSync(`/proc/${pid}/task/${id}/stat`, 'utf8').split(' ')[18],
    )
    expect(new Set(priorities)).toEqual(new Set(['10']))
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain('secret')
  })

  test('knows nothing of the environment of its parent', async () => {
    const { hash } = hasher(cheap)
    await hash('x', 'a')
    const [pid] = children()
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean)
    const names = environment.map((entry) => entry.split('=')[0] ?? '')
    expect(names.filter((name) => !name.startsWith('NODE_'))).toEqual(['UV_THREADPOOL_SIZE'])
  })

  test('when it dies, what it was working on is refused as busy and what waited is done by its successor', async () => {
    const { hash } = hasher(slow)
    await hash('warm', 'a')
    const [pid] = children()
    const asked = ['a', 'b', 'c', 'd', 'e'].map((address) => statusOf(hash('x', address)))
    process.kill(Number(pid), 'SIGKILL')
    expect(await Promise.all(asked)).toEqual(['busy', 'busy', 'done', 'done', 'done'])
    expect(children()).not.toContain(pid)
  })

  test('F20: several questions to a child that is dead already fail alone, and the next one is answered', async () => {
    const pool = hasher(cheap)
    const phc = await pool.hash('right', 'a')
    const [pid] = children()
    process.kill(Number(pid), 'SIGKILL')
    // Nothing is told while the event loop stands still: the questions go to a closed pipe.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
    const asked = Array.from({ length: 4 }, () => statusOf(pool.verify(phc, 'right', 'a')))
    expect((await Promise.all(asked)).filter((status) => status !== 'busy' && status !== 'done')).toEqual([])
    expect(await pool.verify(phc, 'right', 'a')).toBe(true)
  })

  test('ends when its parent is killed', async () => {
    const pool = JSON.stringify(new URL('../../src/vault/hash-pool.ts', import.meta.url).href)
    const script = `
      const { createPasswordHasher } = await import(${pool})
      await createPasswordHasher(${JSON.stringify(cheap)}).hash('x', 'a')
      const { readdirSync, readFileSync } = await import('node:fs')
      const tasks = readdirSync('/proc/self/task')
      console.log(tasks.map((id) => readFileSync('/proc/self/task/' + id + '/children', 'utf8')).join(''))
      process.kill(process.pid, 'SIGKILL')`
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--input-type=module',
      '-e',
      script,
    ]).catch((killed: { stdout: string }) => killed)
    const pid = Number(stdout.trim())
    expect(pid).toBeGreaterThan(0)
    await expect.poll(() => isHashProcess(pid), { timeout: 30_000 }).toBe(false)
  })

  test('lets its idle parent end by itself', async () => {
    const pool = JSON.stringify(new URL('../../src/vault/hash-pool.ts', import.meta.url).href)
    const script = `
      const { createPasswordHasher } = await import(${pool})
      console.log(await createPasswordHasher(${JSON.stringify(cheap)}).hash('x', 'a'))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
    expect(stdout).toContain('$argon2id$')
  })
})
