/** Exports and deletions on a real store with a real queue; several "processes" may share the store, each can be cut short. Mails are kept in a list. */
import { expect, onTestFinished, vi } from 'vitest'
import { createPersonalSeal } from '../../src/audit/personal-seal.ts'
import { day } from '../../src/domain/time.ts'
import { createDeletions } from '../../src/identities/deletion/index.ts'
import { createExports } from '../../src/identities/export/index.ts'
import type { ExportSection } from '../../src/identities/export/pieces.ts'
import type { Identities } from '../../src/identities/index.ts'
import { createMessenger } from '../../src/messaging/index.ts'
import { createJobQueue } from '../../src/messaging/outbox.ts'
import { createSendBudget } from '../../src/messaging/send-budget.ts'
import type { Message } from '../../src/ports/messenger.ts'
import type { Store } from '../../src/ports/store.ts'
import { createLines } from '../messaging/lines.ts'
import { createClock } from '../support/clock.ts'
import type { OpenStore } from '../support/stores.ts'
import { issuer, operator, worldOn } from './world.ts'

export const settings = { account: { deletion_delay: 7 * day, export_lifetime: day } }
export const visit = { language: 'en', address: '203.0.113.7', userAgent: 'test', sessionUid: 'uid' }
export const self = (id: string) => ({ kind: 'identity', id }) as const

export type Departures = Awaited<ReturnType<typeof createDepartures>>

export async function createDepartures(open: OpenStore) {
  const clock = createClock()
  const store = await open(clock.now)
  const mails: Message[] = []
  const told: string[] = []
  const process = (on: Store = store, sections: readonly ExportSection[] = [], change: Change = {}) =>
    processOn(on, { now: clock.now, mails, told, sections, change })
  return { clock, store, mails, told, process, ...process() }
}

interface Change {
  /** Instead of what is real, to be killed there. */
  readonly identities?: (real: Identities) => Identities
  readonly send?: (real: (message: Message) => Promise<void>) => (message: Message) => Promise<void>
}

interface Surroundings {
  readonly now: () => number
  readonly mails: Message[]
  /** Applications that were told of the end. */
  readonly told: string[]
  readonly sections: readonly ExportSection[]
  readonly change: Change
}

function processOn(store: Store, { now, mails, told, sections, change }: Surroundings) {
  const world = worldOn(store, now)
  const log = createLines()
  const tools = { ...world, store, clock: now, log, issuer, settings }
  const queue = createJobQueue({
    ...tools,
    store: store.jobs,
    limits: { 'account-deletion': { queue: 1_000, firstPause: 10 }, export: { queue: 100, firstPause: 10 } },
    timing: { poll: 10, lease: 100, grace: 500 },
  })
  onTestFinished(() => queue.stop())
  const rendered = { subject: '', text: '', html: '', links: [], codes: [] }
  const messenger = createMessenger({
    ...tools,
    queue,
    templates: {
      render(message) {
        mails.push(message)
        return rendered
      },
    },
    carriers: { email: async () => undefined },
  })
  const send = change.send?.(messenger.send) ?? messenger.send
  const identities = change.identities?.(world.identities) ?? world.identities
  const parts = { ...tools, queue, identities, budget: createSendBudget(tools), messenger: { send } }
  const deletions = createDeletions({
    ...parts,
    applications: async () => ['shop'],
    async tellApplication(_, clientId) {
      told.push(clientId)
    },
  })
  const exports = createExports({ ...parts, seal: createPersonalSeal(tools), sections })
  return { ...world, identities, queue, deletions, exports, log }
}

export async function person(
  { identities }: Pick<Departures, 'identities'>,
  addresses: readonly string[] = ['ana@example.com'],
  roles: readonly 'administrator'[] = [],
): Promise<string> {
  const created = await identities.create(
    {
      identifiers: addresses.map((written) => ({ kind: 'email', written, verified: true })),
      claims: { name: 'Ana Lima' },
      state: 'active',
      roles,
    },
    operator,
  )
  if (created.status !== 'created') throw new Error(created.status)
  return created.identity.id
}

/** Somebody who asked for the end of their account. */
export async function planned(world: Departures, addresses?: readonly string[]): Promise<string> {
  const id = await person(world, addresses)
  await world.deletions.request(id, visit, self(id))
  return id
}

export async function stateOf({ identities }: Departures, id: string): Promise<string | undefined> {
  return (await identities.get(id))?.state
}

/** Which mails went to whom, sorted. */
export function sent({ mails }: Pick<Departures, 'mails'>): string[] {
  return mails.map(({ template, to }) => `${template} ${to.written}`).sort()
}

/** Waits until it holds; the queue works meanwhile. */
export function until(what: () => unknown, timeout = 5_000): Promise<unknown> {
  return vi.waitFor(what, { timeout, interval: 10 })
}

/** Waits until no mail is on its way: a clock that is moved meanwhile ends leases, and what is leased is then done twice. */
export async function delivered({ store }: Pick<Departures, 'store'>): Promise<void> {
  await until(async () => expect((await store.jobs.page({ prefix: 'mail:', limit: 1 })).items).toEqual([]))
}

/** Long enough for the queue to do whatever it is going to do. */
export function quiet(): Promise<void> {
  return new Promise((done) => setTimeout(done, 150))
}
