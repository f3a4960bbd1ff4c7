import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { eachStore } from '../support/stores.ts'
import { patience, useRigs } from './rig.ts'

eachStore((_name, open) => {
  const rigOn = useRigs(open)

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
})
