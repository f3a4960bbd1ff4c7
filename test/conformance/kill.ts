/** kill -9 in the middle of writing: the store opens again, and what was acknowledged is there. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect } from 'vitest'
import { openStore } from '../../src/storage/open.ts'
import type { Acknowledged } from '../storage/writer.ts'

/** Kills a writing process `times` times over one database and checks after each. */
export async function surviveKills(url: string, times: number): Promise<void> {
  let acknowledged = -1
  for (let n = 0; n < times; n++) {
    acknowledged = Math.max(acknowledged, await writeAndKill(url, acknowledged + 1))
    await check(url, acknowledged)
  }
  expect(acknowledged).toBeGreaterThan(times)
}

/** The last step that the process acknowledged before it was killed, at a random moment after its first. */
async function writeAndKill(url: string, first: number): Promise<number> {
  const script = join(import.meta.dirname, '../storage/writer.ts')
  // A step that was not acknowledged may have been made: begin after it.
  const writer = fork(script, [url, `${first + 1}`], { execArgv: ['--no-warnings'] })
  let last = -1
  const gone = once(writer, 'exit')
  writer.on('message', ({ step }: Acknowledged) => {
    if (last < 0) setTimeout(() => writer.kill('SIGKILL'), Math.random() * 60)
    last = step
  })
  const [, signal] = await gone
  expect(signal).toBe('SIGKILL')
  return last
}

async function check(url: string, acknowledged: number): Promise<void> {
  const store = await openStore({ url, clock: Date.now })
  try {
    for (const step of [acknowledged, acknowledged - 1, Math.floor(Math.random() * acknowledged)]) {
      expect(await store.artifacts.get(`code-${step}`), 'a spent code stays spent').toBeUndefined()
      expect(await store.artifacts.get(`token-${step}`), 'a revoked token stays revoked').toBeUndefined()
    }
    expect((await store.settings.get(`set-${acknowledged}`))?.value).toBe(`${acknowledged}`)
    expect(Number((await store.settings.get('counter'))?.value)).toBeGreaterThanOrEqual(acknowledged)
  } finally {
    await store.close()
  }
}
