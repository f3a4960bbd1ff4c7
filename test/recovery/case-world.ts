/** Recovery cases on a real store, with a queue whose jobs are done when a test says so, and outcomes that are noted. */
import { createDevices } from '../../src/authentication/devices.ts'
import { readerAt } from '../../src/domain/reader.ts'
import type { RecoveryCase } from '../../src/domain/recovery-case.ts'
import { day } from '../../src/domain/time.ts'
import { createSendBudget } from '../../src/messaging/send-budget.ts'
import type { Store } from '../../src/ports/store.ts'
import {
  type CaseSettings,
  type CasesTools,
  createCases,
  type Decided,
} from '../../src/recovery/cases/index.ts'
import { createClaimCodes } from '../../src/recovery/recoveries/claim-codes.ts'
import { issuer, operator, worldOn } from '../identities/world.ts'
import { createClock } from '../support/clock.ts'
import type { OpenStore } from '../support/stores.ts'

export const visit = {
  address: '198.51.100.9',
  language: 'en',
  userAgent: 'Browser 2',
  device: 'd'.repeat(43),
}
export const statement = {
  identifier: 'ana@example.com',
  reply: 'ana@elsewhere.example',
  happened: 'My phone fell into the lake.',
  evidence: ['documents'],
} as const
export const pdf = {
  type: 'application/pdf',
  bytes: Buffer.concat([Buffer.from('%PDF-1.7 '), Buffer.alloc(500_000, 7)]),
}

const caseSettings: CaseSettings = {
  enabled: true,
  per_day: 20,
  per_address_per_day: 10,
  per_identifier_per_day: 3,
  lifetime: 14 * day,
  retention: 30 * day,
  files: 2,
  file_size: 1_000_000,
}

export type CaseWorld = Awaited<ReturnType<typeof createCaseWorld>>

export async function createCaseWorld(open: OpenStore, more: Partial<CasesTools> = {}) {
  const clock = createClock()
  const store = await open(clock.now)
  const queue = createQueue(clock.now)
  const world = worldOn(store, clock.now)
  const begun: RecoveryCase[] = []
  const decided: [string | undefined, boolean][] = []
  const linked = new Set<string>()
  const devices = createDevices({ ...world, store, clock: clock.now })
  const tools = {
    ...world,
    store,
    queue,
    clock: clock.now,
    issuer,
    devices,
    budget: createSendBudget({ ...world, store, clock: clock.now }),
    codes: createClaimCodes(world),
    places: { find: () => undefined },
    channels: (identity, language) => identity.identifiers.map((to) => readerAt(to, identity, { language })),
    mayWrite: async () => true,
    linked: async (one, other) => linked.has(`${one} ${other}`) || linked.has(`${other} ${one}`),
    contactsOf: async () => 0,
    outcomes: {
      async begin(one) {
        begun.push(one)
        return `recovery of ${one.id}`
      },
      async decide({ recoveryId }, approved) {
        decided.push([recoveryId, approved])
      },
    },
    settings: caseSettings,
    ...more,
  } satisfies CasesTools
  const person = async (name: string) => {
    const created = await world.identities.create(
      {
        identifiers: [{ kind: 'email', written: `${name}@example.com`, verified: true }],
        claims: { name },
        state: 'active',
      },
      operator,
    )
    if (created.status !== 'created') throw new Error(created.status)
    return created.identity.id
  }
  const ana = await person('ana')
  const reviewer = async (name: string) => {
    const id = await person(name)
    await world.identities.update(id, { role: { name: 'reviewer', held: true } }, operator)
    return { kind: 'identity', id } as const
  }
  return {
    ...tools,
    identities: world.identities,
    devices,
    clock,
    store,
    queue,
    begun,
    decided,
    linked,
    ana,
    person,
    reviewer,
    cases: createCases(tools),
    tools,
  }
}

/** The same services once more, as another process has them; `store` may fail where a process is killed. */
export function anotherProcess(world: CaseWorld, store: Store = world.store) {
  return createCases({
    ...world.tools,
    ...worldOn(store, world.clock.now),
    messenger: world.messenger,
    store,
  })
}

interface Job {
  readonly payload: unknown
  readonly dueAt: number
}

function createQueue(now: () => number) {
  const jobs: Job[] = []
  let work: (payload: never) => Promise<unknown> = async () => undefined
  return {
    jobs,
    async add(_: string, payload: unknown, { dueAt = now() }: { dueAt?: number } = {}) {
      jobs.push({ payload, dueAt })
      return true
    },
    handle(_: string, handler: (payload: never) => Promise<unknown>) {
      work = handler
    },
    /** Does what is due now. */
    async run() {
      const due = jobs.filter(({ dueAt }) => dueAt <= now())
      for (const job of due) {
        jobs.splice(jobs.indexOf(job), 1)
        await work(job.payload as never)
      }
    },
  }
}

export const approve = { action: 'approve', seen: 1, text: '' } as const
export const refuse = {
  action: 'refuse',
  seen: 1,
  text: 'the paper is another one’s',
  reason: 'documents',
} as const

export const reasonOf = (decided: Decided) => (decided.status === 'refused' ? decided.reason : decided.status)

/** A world with a case in it. */
export async function openedCase(open: OpenStore, change = {}) {
  const world = await createCaseWorld(open)
  return { ...world, ...(await openCase(world, change)) }
}

export async function openCase(world: CaseWorld, change = {}, from = visit) {
  const outcome = await world.cases.open({ ...statement, ...change }, [pdf], from)
  if (outcome.status !== 'opened') throw new Error(outcome.reason)
  await world.queue.run()
  const found = await world.cases.find(outcome.code)
  return { code: outcome.code, id: found?.id ?? '' }
}
