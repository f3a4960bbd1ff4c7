/** kill -9 in the middle of writing: the store opens again, and what was acknowledged is there. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect } from 'vitest'
import { openStore } from '../../src/storage/open.ts'
import type { Acknowledged } from '../storage/writer.ts'

/** Kills a writing process `times` times over one database and checks after each. */
export async function surviveKills(url: string, times: number): Promise<void> {
  const acknowledged: number[] = []
  for (let n = 0; n < times; n++) {
    // A step that was not acknowledged may have been made, in part: begin after it.
    const first = (acknowledged.at(-1) ?? 0) + 2
    acknowledged.push(...(await writeAndKill(url, first)))
    await check(url, acknowledged)
  }
  expect(acknowledged.length).toBeGreaterThanOrEqual(times)
}

/** The steps that the process acknowledged before it was killed, at a random moment after its first. */
async function writeAndKill(url: string, first: number): Promise<number[]> {
  const script = join(import.meta.dirname, '../storage/writer.ts')
  const writer = fork(script, [url, `${first}`], { execArgv: ['--no-warnings'] })
  const steps: number[] = []
  const gone = once(writer, 'exit')
  writer.on('message', ({ step }: Acknowledged) => {
    if (steps.length === 0) setTimeout(() => writer.kill('SIGKILL'), Math.random() * 60)
    steps.push(step)
  })
  const [, signal] = await gone
  expect(signal).toBe('SIGKILL')
  return steps
}

async function check(url: string, acknowledged: readonly number[]): Promise<void> {
  const last = acknowledged.at(-1) ?? 0
  const some = acknowledged[Math.floor(Math.random() * acknowledged.length)]
  const store = await openStore({ url, clock: Date.now })
  try {
    for (const step of [...acknowledged.slice(-3), some]) {
      expect(await store.artifacts.get(`code-${step}`), 'a spent code stays spent').toBeUndefined()
      expect(await store.artifacts.get(`token-${step}`), 'a revoked token stays revoked').toBeUndefined()
      expect((await store.settings.get(`set-${step}`))?.value).toBe(`${step}`)
    }
    expect(Number((await store.settings.get('counter'))?.value)).toBeGreaterThanOrEqual(last)
  } finally {
    await store.close()
  }
}
