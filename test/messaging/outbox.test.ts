import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { createClock } from '../support/clock.ts'
import { eachStore } from '../support/stores.ts'
import { createRig } from './rig.ts'

const rigs: ReturnType<typeof createRig>[] = []
const patience = { timeout: 30_000, interval: 5 }

eachStore((_name, open, fresh) => {
  async function rigOn() {
    const clock = createClock()
    const rig = createRig(await open(clock.now), clock)
    rigs.push(rig)
    return rig
  }

  afterEach(async () => {
    await Promise.all(rigs.splice(0).map((rig) => rig.stop()))
  })

  test('a job is done at once by the process that added it, and leaves nothing behind', async () => {
    const rig = await rigOn()
    const queue = rig.queue({}, { poll: 3_600_000 })
    const done: unknown[] = []
    queue.handle('greet', async (payload) => void done.push(payload))
    queue.start()
    expect(await queue.add('greet', { name: 'Ana' })).toBe(true)
    await vi.waitFor(() => expect(done).toEqual([{ name: 'Ana' }]), patience)
    await vi.waitFor(async () => expect(await rig.rows()).toEqual([]), patience)
  })

  test('S42: a waiting job shows nothing of its content in the store', async () => {
    const rig = await rigOn()
    await rig.queue().add('greet', { code: '483920' }, { id: 'for-ana' })
    const raw = JSON.stringify(await rig.rows())
    expect(raw).toContain('greet:')
    expect(raw).not.toMatch(/483920|for-ana/)
  })

  test('a job added by a process that does no jobs is done by one that does', async () => {
    const rig = await rigOn()
    await rig.queue().add('greet', 1)
    const done: unknown[] = []
    const other = rig.queue()
    other.handle('greet', async (payload) => void done.push(payload))
    other.start()
    await vi.waitFor(() => expect(done).toEqual([1]), patience)
  })

  test('a job waits until it is due', async () => {
    const rig = await rigOn()
    const queue = rig.queue()
    const done: unknown[] = []
    queue.handle('greet', async (payload) => void done.push(payload))
    queue.start()
    await queue.add('greet', 'later', { dueAt: rig.clock.now() + 60_000 })
    await queue.add('greet', 'now')
    await vi.waitFor(() => expect(done).toEqual(['now']), patience)
    await sleep(50)
    expect(done).toEqual(['now'])
    rig.clock.advance(60_000)
    await vi.waitFor(() => expect(done).toEqual(['now', 'later']), patience)
  })

  test('a failing job is tried again after growing pauses, then given up and kept for a week', async () => {
    const rig = await rigOn()
    const queue = rig.queue({ greet: { queue: 10, tries: 4, firstPause: 1_000, longestPause: 3_000 } })
    let tries = 0
    queue.handle('greet', async () => {
      tries++
      throw new Error('not today')
    })
    queue.start()
    await queue.add('greet', 'x')
    const pauses: number[] = []
    for (const count of [1, 2, 3]) {
      await vi.waitFor(
        async () => expect(await rig.rows('greet:')).toMatchObject([{ tries: count, leasedUntil: 0 }]),
        patience,
      )
      pauses.push(((await rig.rows('greet:'))[0]?.dueAt ?? 0) - rig.clock.now())
      rig.clock.advance(pauses.at(-1) ?? 0)
    }
    await vi.waitFor(
      async () => expect(await rig.rows('dead:')).toMatchObject([{ tries: 4, failedAt: rig.clock.now() }]),
      patience,
    )
    await vi.waitFor(async () => expect(await rig.rows('greet:')).toEqual([]), patience)
    for (const [index, longest] of [1_000, 2_000, 3_000].entries()) {
      expect(pauses[index]).toBeGreaterThanOrEqual(longest / 2)
      expect(pauses[index]).toBeLessThanOrEqual(longest)
    }
    rig.clock.advance(7 * 24 * 3_600_000)
    expect(await rig.rows()).toEqual([])
    expect(tries).toBe(4)
  })

  test('a job that nothing can help is given up at the first try', async () => {
    const rig = await rigOn()
    const queue = rig.queue()
    queue.handle('greet', async () => 'given-up' as const)
    queue.start()
    await queue.add('greet', 'x')
    await vi.waitFor(
      async () =>
        expect(await rig.rows()).toMatchObject([{ tries: 1, kind: 'greet', failedAt: rig.clock.now() }]),
      patience,
    )
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

  test('a job with an id keeps it over its tries', async () => {
    const rig = await rigOn()
    const queue = rig.queue({ greet: { queue: 10, firstPause: 1 } })
    let tries = 0
    queue.handle('greet', async () => {
      if (++tries < 3) throw new Error('again')
    })
    queue.start()
    await queue.add('greet', 'x', { id: 'a' })
    for (const count of [1, 2]) {
      // Put back before the clock goes on: it would wait for good otherwise.
      const waiting = { tries: count, leasedUntil: 0 }
      await vi.waitFor(async () => expect(await rig.rows('greet:')).toMatchObject([waiting]), patience)
      rig.clock.advance(1_000)
    }
    await vi.waitFor(async () => expect(await rig.rows('greet:')).toEqual([]), patience)
    expect(tries).toBe(3)
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

  test('a full queue takes no more of its kind, and takes more again when work was done', async () => {
    const rig = await rigOn()
    const queue = rig.queue({ greet: { queue: 3 } })
    const answers = []
    for (let index = 0; index < 5; index++) answers.push(await queue.add('greet', index))
    expect(answers).toEqual([true, true, true, false, false])
    expect(await rig.queue({ greet: { queue: 3 } }).add('greet', 'from another process')).toBe(false)
    expect(await queue.add('wave', 0)).toBe(true)
    queue.handle('greet', async () => undefined)
    queue.start()
    await vi.waitFor(async () => expect(await rig.rows('greet:')).toEqual([]), patience)
    await vi.waitFor(async () => expect(await queue.add('greet', 5)).toBe(true), patience)
  })

  test('a kind whose work hangs does not hold up another kind', async () => {
    const rig = await rigOn()
    const queue = rig.queue({}, { grace: 20 })
    let done = false
    queue.handle('hang', () => new Promise<void>(() => {}))
    queue.handle('greet', async () => {
      done = true
    })
    queue.start()
    for (let index = 0; index < 20; index++) await queue.add('hang', index)
    await queue.add('greet', 1)
    await vi.waitFor(() => expect(done).toBe(true), patience)
  })

  test('work that takes longer than its limit counts as failed', async () => {
    const rig = await rigOn()
    const queue = rig.queue({}, { workLimit: 30 })
    queue.handle('hang', () => new Promise<void>(() => {}))
    queue.start()
    await queue.add('hang', 1)
    await vi.waitFor(
      async () => expect(await rig.rows()).toMatchObject([{ tries: 1, leasedUntil: 0 }]),
      patience,
    )
    expect(rig.log.lines.join()).toContain('not done within 30 ms')
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

  test('a job that cannot be opened is given up in the end and harms no other', async () => {
    const rig = await rigOn()
    const done: unknown[] = []
    const queue = rig.queue({ greet: { queue: 10, tries: 1 } })
    await queue.add('greet', 'broken')
    const store = rig.store
    const [row] = await rig.rows()
    if (row) await store.jobs.replace({ ...row, sealed: 'nonsense' })
    queue.handle('greet', async (payload) => void done.push(payload))
    queue.start()
    await queue.add('greet', 'whole')
    await vi.waitFor(async () => expect(await rig.rows('greet:')).toEqual([]), patience)
    expect(done).toEqual(['whole'])
    expect(await rig.rows('dead:')).toHaveLength(1)
  })

  test('a job whose process was killed (kill -9) is done by another one when the lease ends', async () => {
    const url = await fresh()
    const { openStore } = await import('../../src/storage/open.ts')
    const store = await openStore({ url, clock: Date.now })
    try {
      const rig = createRig(store, { now: Date.now, advance: () => {} })
      rigs.push(rig)
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
      await rigs.at(-1)?.stop()
      await store.close()
    }
  })
})
