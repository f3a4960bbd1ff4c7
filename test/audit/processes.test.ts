import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { openStore } from '../../src/storage/open.ts'
import { eachStore } from '../support/stores.ts'
import { logOn } from './ledger.ts'
import type { Promised } from './scribe.ts'

/** Runs one to its end, or kills it some ms after its first entry; answers how many entries it was promised. */
async function scribe(url: string, { most, kill }: { most?: number; kill?: number }): Promise<number> {
  const script = join(import.meta.dirname, 'scribe.ts')
  const writer = fork(script, [url, ...(most === undefined ? [] : [`${most}`])], {
    execArgv: ['--no-warnings'],
  })
  let promised = 0
  const gone = once(writer, 'exit')
  writer.on('message', ({ stored }: Promised) => {
    if (promised === 0 && kill !== undefined) setTimeout(() => writer.kill('SIGKILL'), kill)
    promised = stored
  })
  const [code, signal] = await gone
  expect(kill === undefined ? code : signal).toBe(kill === undefined ? 0 : 'SIGKILL')
  return promised
}

eachStore((_, __, fresh) => {
  it('processes that start and write at once have a chain each, whole also for whoever looks meanwhile', async () => {
    const url = await fresh()
    const store = await openStore({ url, clock: Date.now })
    const { verify } = logOn(store, Date.now)
    try {
      let running = true
      const all = Promise.all(Array.from({ length: 3 }, () => scribe(url, { most: 40 })))
      const ended = all.finally(() => {
        running = false
      })
      while (running) {
        expect(await verify()).toMatchObject({ broken: 0, faults: [] })
        await wait(5)
      }
      await ended
      expect(await verify()).toMatchObject({ entries: 120, chains: 3, broken: 0, unconfirmed: 0 })
    } finally {
      await store.close()
    }
  })

  it('F2: kill -9 while entries are written breaks nothing, and loses nothing that was promised', async () => {
    const url = await fresh()
    let promised = 0
    for (const kill of [0, 15, 40]) promised += await scribe(url, { kill })
    promised += await scribe(url, { most: 8 })
    const store = await openStore({ url, clock: Date.now })
    try {
      const verdict = await logOn(store, Date.now).verify()
      expect(verdict).toMatchObject({ broken: 0, faults: [], chains: 4 })
      expect(verdict.entries).toBeGreaterThanOrEqual(promised)
    } finally {
      await store.close()
    }
  })
})
