/** Trusted contacts on a real store: people with proved addresses, a queue that works at once, and messages in a list. */
import type { Identity } from '../../src/domain/identity.ts'
import { day, hour } from '../../src/domain/time.ts'
import { createSendBudget } from '../../src/messaging/send-budget.ts'
import type { JobQueue } from '../../src/ports/job-queue.ts'
import type { Store } from '../../src/ports/store.ts'
import { createContacts } from '../../src/recovery/contacts/index.ts'
import { createVouchings } from '../../src/recovery/contacts/vouching.ts'
import { issuer, operator, worldOn } from '../identities/world.ts'
import { createClock } from '../support/clock.ts'
import type { OpenStore } from '../support/stores.ts'

export const visit = {
  address: '198.51.100.9',
  language: 'en',
  userAgent: 'Browser 1',
  sessionUid: 'a session',
}

export const settings = {
  enabled: true,
  needed: 2,
  least: 3,
  most: 5,
  waiting_time: 7 * day,
  invitation_lifetime: 14 * day,
  invitations_per_day: 10,
  requests_per_day: 3,
  request_lifetime: 24 * hour,
}

/** Does each job when `work` is called; a job of a name once. */
function createQueue() {
  const handlers = new Map<string, (payload: never) => Promise<unknown>>()
  const names = new Set<string>()
  let waiting: (() => Promise<unknown>)[] = []
  const queue: JobQueue = {
    async add(kind, payload, { id = crypto.randomUUID() } = {}) {
      const name = `${kind} ${id}`
      if (names.has(name)) return true
      names.add(name)
      // As the real one stores it.
      const stored = JSON.parse(JSON.stringify(payload)) as never
      waiting.push(async () => handlers.get(kind)?.(stored))
      return true
    },
    handle(kind, work) {
      handlers.set(kind, work as never)
    },
  }
  async function work(): Promise<void> {
    const jobs = waiting
    waiting = []
    for (const job of jobs) await job()
  }
  return { queue, work }
}

/** The services on a store: a second one on the same store is another process. */
export function contactsOn(store: Store, now: () => number, change: Partial<typeof settings> = {}) {
  const world = worldOn(store, now)
  const { queue, work } = createQueue()
  const tools = {
    ...world,
    store,
    clock: now,
    issuer,
    queue,
    budget: createSendBudget({ ...world, store, clock: now }),
    settings: { recovery: { contacts: { ...settings, ...change } } },
  }
  const contacts = createContacts(tools)
  return { ...tools, work, contacts, vouchings: createVouchings({ ...tools, contacts }) }
}

export async function openContacts(open: OpenStore, change: Partial<typeof settings> = {}) {
  const clock = createClock()
  const store = await open(clock.now)
  const world = contactsOn(store, clock.now, change)

  async function person(name: string, verified = true): Promise<Identity> {
    const created = await world.identities.create(
      {
        identifiers: [
          { kind: 'email', written: `${name}@example.com`, verified },
          { kind: 'username', written: name },
        ],
        claims: { name: name[0]?.toUpperCase() + name.slice(1) },
        state: 'active',
      },
      operator,
    )
    if (created.status !== 'created') throw new Error(created.status)
    return created.identity
  }

  async function invite(owner: string, text: string): Promise<string> {
    const outcome = await world.contacts.invite(owner, text, visit, by(owner))
    await world.work()
    return outcome.status === 'invited' ? 'invited' : outcome.reason
  }

  /** Asks, and the other one accepts; answers the contact's id. */
  async function befriend(owner: Identity, friend: Identity): Promise<string> {
    await invite(owner.id, friend.identifiers[0]?.written ?? '')
    const role = (await world.contacts.roles(friend.id)).find(({ accepted }) => !accepted)
    const id = role?.id ?? 'nobody asks'
    const outcome = await world.contacts.accept(friend.id, id, visit, by(friend.id))
    if (outcome !== 'accepted') throw new Error(outcome)
    return id
  }

  /** Ana with three friends who count. */
  async function circle() {
    const ana = await person('ana')
    const friends = [await person('bob'), await person('eve'), await person('joe')] as const
    const ids = []
    for (const friend of friends) ids.push(await befriend(ana, friend))
    clock.advance(settings.waiting_time)
    world.messages.length = 0
    return { ana, friends, ids }
  }

  /** A process that waits for them; answers the request. */
  async function ask(owner: Identity, process = 'a process of hers') {
    const requirement = { level: 'two-factor', essential: true, recovery: true } as const
    const expiresAt = clock.now() + day
    const row = { id: process, browser: '', requirement, proofs: [], challenges: {}, expiresAt }
    await store.authentications.insert(row)
    const { address, userAgent, language } = visit
    const asked = await world.vouchings.ask({ process, identity: owner, address, userAgent, language })
    await world.work()
    return asked
  }

  return { ...world, clock, store, person, invite, befriend, circle, ask }
}

export const by = (id: string) => ({ kind: 'identity', id, address: visit.address }) as const
