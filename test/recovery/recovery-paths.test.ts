/** Whatever people and processes do in whatever order: nobody gets in behind somebody's back, or with more than was proved. */
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import type { Level } from '../../src/domain/assurance.ts'
import { day, hour } from '../../src/domain/time.ts'
import { closeHasher, operator } from '../authentication/house.ts'
import { createClock } from '../support/clock.ts'
import { eachStore } from '../support/stores.ts'
import { createProcess, createShelf, here, proved, there, visit } from './recovery-world.ts'

const first = 'ana@example.com'
const second = 'ana@other.example'
const proofs: readonly Level[] = ['two-factor', 'phishing-resistant', 'hardware-bound']

type Process = ReturnType<typeof createProcess>

/** What anybody can do in one moment; each may fail as it likes. */
const steps = {
  begin: (at: Process, id: string, level: Level) =>
    at.recoveries.begin(
      id,
      { result: proved(id, { level }), lost: [] },
      { ...here, browser: `${here.browser} ${id}` },
    ),
  beginElsewhere: (at: Process, id: string, level: Level) =>
    at.recoveries.begin(
      id,
      { result: proved(id, { level }), lost: [] },
      { ...there, browser: `${there.browser} ${id}` },
    ),
  finish: (at: Process, id: string) =>
    at.recoveries.finish(
      { browser: `${here.browser} ${id}` },
      'named-key',
      { key: `k${at.clock.now()}` },
      visit,
    ),
  finishElsewhere: (at: Process, id: string) =>
    at.recoveries.finish({ browser: `${there.browser} ${id}` }, 'counted-code', {}, visit),
  cancel: async (at: Process, id: string, level: Level) => {
    const running = await at.recoveries.of(id)
    return running && at.recoveries.cancel(id, running.id, { level })
  },
  contest: async (at: Process, id: string) => {
    const running = await at.recoveries.of(id)
    return running && at.recoveries.contest(running.id, 'sign-in')
  },
  approve: async (at: Process, id: string) => {
    const running = await at.recoveries.of(id)
    return running && at.recoveries.decide(running.id, 'approved')
  },
  refuse: async (at: Process, id: string) => {
    const running = await at.recoveries.of(id)
    return running && at.recoveries.decide(running.id, 'refused')
  },
  jobs: (at: Process) => at.jobs(),
  hour: async (at: Process) => at.clock.advance(hour),
  days: async (at: Process) => at.clock.advance(2 * day),
  back: async (at: Process) => at.clock.advance(-2 * hour),
  dies: async (at: Process) => {
    at.trouble.messages = 1
  },
  removeAddress: async (at: Process, id: string) => {
    const { identifiers = [] } = (await at.identities.get(id)) ?? {}
    const [, value = ''] = identifiers.map((one) => one.value)
    return at.identities.changeIdentifier(id, { remove: { kind: 'email', value } }, operator)
  },
}

const anyStep = fc.record({
  name: fc.constantFrom(...(Object.keys(steps) as (keyof typeof steps)[])),
  level: fc.constantFrom<Level>('single-factor', ...proofs),
})
/** Enough of what leads on, so that many come to an end. */
const likely = fc.record({
  name: fc.constantFrom('begin', 'days', 'jobs', 'finish'),
  level: fc.constantFrom(...proofs),
}) as typeof anyStep

/** The one path that everybody comes to the end of. */
function straight(level: Level) {
  return (['begin', 'days', 'jobs', 'finish'] as const).map((name) => ({ name, level }))
}

afterAll(closeHasher)

eachStore((_, open) => {
  it('S44 S30: no path ends with more than was proved, and none without every channel having been told', {
    timeout: 180_000,
  }, async () => {
    const clock = createClock()
    const store = await open(clock.now)
    let people = 0
    let completed = 0
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(likely, anyStep), { minLength: 4, maxLength: 14 }), async (path) => {
        people += 1
        const at = createProcess(store, clock, createShelf())
        const id = await at.noSecond(`${people}-${first}`)
        const other = `${people}-${second}`
        await at.identities.changeIdentifier(id, { add: { kind: 'email', written: other } }, operator)
        await at.enrolments.finish(id, 'counted-code', {}, visit)
        const levelOf = new Map<string, Level>()
        for (const { name, level } of path) {
          const fits = name.startsWith('begin') && !proofs.includes(level) ? 'two-factor' : level
          const result: unknown = await steps[name](at, id, fits).catch(() => undefined)
          const { status } = (result ?? {}) as { status?: string }
          // Whoever dies on the way may have begun one all the same.
          const { reference } = (await store.recoveries.get(id)) ?? {}
          if (reference !== undefined && !levelOf.has(reference)) levelOf.set(reference, fits)
          if (!name.startsWith('finish') || status !== 'done') continue
          completed += 1
          at.trouble.messages = 0
          for (let round = 0; round < 3; round += 1) {
            clock.advance(hour)
            await at.jobs()
          }
          for (const address of [`${people}-${first}`, other])
            for (const template of ['recovery-started', 'recovery-finished'] as const)
              expect(at.told(template)).toContain(`${template} ${address}`)
          const row = await store.recoveries.get(id)
          const own = await at.enrolments.list(id)
          const ceiling = own.find((one) => one.id === row?.credential)?.ceiling
          expect(ceiling).toBe(levelOf.get(row?.reference ?? ''))
        }
        // Of each message to each address one, whatever was tried again.
        const messages = at.outgoing.map(({ once }) => once)
        expect(new Set(messages).size).toBe(messages.length)
      }),
      { numRuns: 40, examples: proofs.map((level): [ReturnType<typeof straight>] => [straight(level)]) },
    )
    expect(completed).toBeGreaterThanOrEqual(proofs.length)
  })
})
