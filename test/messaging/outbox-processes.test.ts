/** Several processes share the work of one queue; each may stop, hang or be killed. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { openStore } from '../../src/storage/open.ts'
import { eachStore } from '../support/stores.ts'
import { createRig, patience, useRigs } from './rig.ts'

eachStore((_name, open, fresh) => {
  const rigOn = useRigs(open)

  test('a job added by a process that does no jobs is done by one that does', async () => {
    const rig = await rigOn()
    await rig.queue().add('greet', 1)
    const done: unknown[] = []
    const other = rig.queue()
    other.handle('greet', async (payload) => void done.push(payload))
    other.start()
    await vi.waitFor(() => expect(done).toEqual([1]), patience)
  })

  test('of jobs with one id, added by racing processes, one is done; another id or kind is not affected', async () => {
    const rig = await rigOn()
    const done: unknown[] = []
    const queues = [rig.queue(), rig.queue()]
    for (const queue of queues) {
      queue.handle('greet', async (payload) => void done.push(payload))
      queue.handle('wave', async (payload) => void done.push(payload))
      queue.start()
    }
    const adds = Array.from({ length: 16 }, (_, index) =>
      queues[index % 2]?.add('greet', 'once', { id: 'a' }),
    )
    expect(await Promise.all(adds)).not.toContain(false)
    await queues[0]?.add('greet', 'other id', { id: 'b' })
    await queues[0]?.add('wave', 'other kind', { id: 'a' })
    await vi.waitFor(() => expect(done).toHaveLength(3), patience)
    await vi.waitFor(
      async () => expect([...(await rig.rows('greet:')), ...(await rig.rows('wave:'))]).toEqual([]),
      patience,
    )
    expect(await queues[1]?.add('greet', 'once', { id: 'a' })).toBe(true)
    expect(await rig.rows('greet:')).toEqual([])
    expect(done.toSorted()).toEqual(['once', 'other id', 'other kind'])
  })

  test('two processes share the work: every job is done by exactly one of them', async () => {
    const rig = await rigOn()
    const done: number[] = []
    const queues = [rig.queue(), rig.queue()]
    for (const queue of queues) {
      queue.handle<number>('count', async (payload) => {
        await sleep(1)
        done.push(payload)
      })
      queue.start()
    }
    const numbers = Array.from({ length: 60 }, (_, index) => index)
    await Promise.all(numbers.map((number) => queues[number % 2]?.add('count', number)))
    await vi.waitFor(async () => expect(await rig.rows()).toEqual([]), patience)
    expect(done.toSorted((a, b) => a - b)).toEqual(numbers)
  })

  test('a long job stays with its process: the lease is renewed while the work goes on', async () => {
    const rig = await rigOn()
    const [one, other] = [rig.queue({}, { lease: 90 }), rig.queue({}, { lease: 90 })]
    let begun = 0
    let finish = () => {}
    for (const queue of [one, other]) {
      queue.handle('long', () => {
        begun++
        return new Promise<void>((resolve) => {
          finish = resolve
        })
      })
      queue.start()
    }
    await one.add('long', 1)
    await vi.waitFor(() => expect(begun).toBe(1), patience)
    for (let step = 0; step < 6; step++) {
      const renewed = { leasedUntil: rig.clock.now() + 90 }
      await vi.waitFor(async () => expect(await rig.rows()).toMatchObject([renewed]), patience)
      rig.clock.advance(60)
    }
    expect(begun).toBe(1)
    finish()
    await vi.waitFor(async () => expect(await rig.rows()).toEqual([]), patience)
  })

  test('stop waits for the work in flight and takes no more', async () => {
    const rig = await rigOn()
    const queue = rig.queue({ slow: { queue: 100, atOnce: 1 } })
    const begun: unknown[] = []
    const done: unknown[] = []
    const { promise: finished, resolve: finish } = Promise.withResolvers<void>()
    queue.handle('slow', async (payload) => {
      begun.push(payload)
      await finished
      done.push(payload)
    })
    queue.start()
    await queue.add('slow', 1)
    await queue.add('slow', 2)
    await vi.waitFor(() => expect(begun).toHaveLength(1), patience)
    const stopped = queue.stop()
    finish()
    await stopped
    // Which of two jobs of one millisecond comes first is open.
    expect(done).toEqual(begun)
    expect(done).toHaveLength(1)
    expect(await rig.rows()).toMatchObject([{ tries: 0 }])
  })

  test('stop gives up waiting when the work hangs, and the job is kept', async () => {
    const rig = await rigOn()
    const queue = rig.queue({}, { grace: 20 })
    queue.handle('hang', () => new Promise<void>(() => {}))
    queue.start()
    await queue.add('hang', 1)
    await vi.waitFor(async () => expect(await rig.rows()).toMatchObject([{ tries: 1 }]), patience)
    await queue.stop()
    expect(await rig.rows()).toHaveLength(1)
  })

  test('a job whose process was killed (kill -9) is done by another one when the lease ends', async () => {
    const url = await fresh()
    const store = await openStore({ url, clock: Date.now })
    const rig = createRig(store, { now: Date.now, advance: () => {} })
    try {
      await rig.queue().add('hang', 'x')
      const child = fork(new URL('hanging-process.ts', import.meta.url), [
        url,
        rig.rootKey.toString('base64url'),
      ])
      await once(child, 'message')
      child.kill('SIGKILL')
      await once(child, 'exit')
      const done: unknown[] = []
      const queue = rig.queue({}, { lease: 300 })
      queue.handle('hang', async (payload) => void done.push(payload))
      queue.start()
      await vi.waitFor(() => expect(done).toEqual(['x']), patience)
      await vi.waitFor(async () => expect(await rig.rows()).toEqual([]), patience)
    } finally {
      await rig.stop()
      await store.close()
    }
  })
})
