/** Recoveries on a real store: people with a password and a code, messages in a list, jobs that run when they are told to. */
import type { Redeemed } from '../../src/authentication/index.ts'
import { acrOf, type Level } from '../../src/domain/assurance.ts'
import { hour } from '../../src/domain/time.ts'
import type { JobQueue } from '../../src/ports/job-queue.ts'
import type { Message } from '../../src/ports/messenger.ts'
import type { Store } from '../../src/ports/store.ts'
import { createClaimCodes } from '../../src/recovery/recoveries/claim-codes.ts'
import { createRecoveries } from '../../src/recovery/recoveries/index.ts'
import { digest, random } from '../../src/vault/vault.ts'
import { countedCode, mailedCode, namedKey } from '../authentication/factors.ts'
import { createHouse, issuer, operator, visit as visitOf } from '../authentication/house.ts'
import { createClock } from '../support/clock.ts'
import type { OpenStore } from '../support/stores.ts'

export const settings = { delay: 24 * hour, strong_delay: hour, grant_lifetime: 72 * hour }

interface Held {
  readonly kind: string
  readonly payload: unknown
  readonly dueAt: number
  readonly id: string | undefined
}

/** Jobs that outlive the processes that added them. */
export function createShelf() {
  return { waiting: [] as Held[], known: new Set<string>() }
}

type Clock = ReturnType<typeof createClock>

/** One process. `fails` makes the next messages not go out. */
export function createProcess(store: Store, clock: Clock, shelf = createShelf()) {
  const house = createHouse(store, { clock, factors: [mailedCode, countedCode, namedKey] })
  const handlers = new Map<string, (payload: never) => Promise<unknown>>()
  const queue: JobQueue = {
    async add(kind, payload, { id, dueAt = clock.now() } = {}) {
      if (id !== undefined && shelf.known.has(`${kind} ${id}`)) return true
      if (id !== undefined) shelf.known.add(`${kind} ${id}`)
      shelf.waiting.push({ kind, payload, dueAt, id })
      return true
    },
    handle: (kind, work) => void handlers.set(kind, work as (payload: never) => Promise<unknown>),
  }
  const once = new Set<string>()
  const outgoing: Message[] = []
  const trouble = {
    messages: 0,
    notices: [] as string[],
    ended: [] as string[],
    contested: [] as string[],
    uncontested: [] as string[],
    dropped: [] as string[],
    distrusted: [] as string[],
  }
  const recoveries = createRecoveries({
    store,
    identities: house.identities,
    enrolments: house.enrolments,
    factors: house.factors,
    codes: createClaimCodes({ vault: house.vault, random }),
    vault: house.vault,
    digest,
    clock: clock.now,
    random,
    queue,
    messenger: {
      async send(message) {
        if (trouble.messages > 0) {
          trouble.messages -= 1
          throw new Error('the process ended here')
        }
        if (message.once !== undefined && once.has(message.once)) return
        if (message.once !== undefined) once.add(message.once)
        outgoing.push(message)
      },
    },
    audit: house.audit,
    sessions: () => ({
      async endAll(identityId) {
        trouble.ended.push(identityId)
        return 2
      },
    }),
    trustedDevices: {
      async revokeAll(identityId) {
        trouble.distrusted.push(identityId)
        return 0
      },
    },
    addressProofs: () => ({ drop: async (identityId) => void trouble.dropped.push(identityId) }),
    unlock: house.engine.unlock,
    notify: async (_identityId, { once }) => void trouble.notices.push(once),
    contested: async ({ id }) => void trouble.contested.push(id),
    uncontested: async ({ id }) => void trouble.uncontested.push(id),
    issuer,
    settings,
  })

  /** Does all jobs that are due, as the queue does: at once, and one that throws is done later. */
  async function jobs(): Promise<void> {
    const due = shelf.waiting.filter(({ dueAt }) => dueAt <= clock.now())
    for (const job of due) shelf.waiting.splice(shelf.waiting.indexOf(job), 1)
    const again = async (job: Held) => {
      try {
        await handlers.get(job.kind)?.(job.payload as never)
      } catch {
        shelf.waiting.push({ ...job, dueAt: clock.now() + 1_000 })
      }
    }
    await Promise.all(due.map(again))
  }

  /** Somebody with a proved address, a second one if wanted, a password and a code. */
  async function person(email: string, more: readonly string[] = []) {
    const id = await house.person(email)
    for (const written of more)
      await house.identities.changeIdentifier(id, { add: { kind: 'email', written } }, operator)
    await house.enrolments.finish(id, 'counted-code', {}, visit)
    const own = await house.enrolments.list(id)
    const code = own.find(({ factor }) => factor === 'counted-code')?.id ?? ''
    return { id, code }
  }

  const told = (template?: Message['template']) =>
    outgoing
      .filter((message) => template === undefined || message.template === template)
      .map(({ template: name, to }) => `${name} ${to.written}`)

  return { ...house, noSecond: house.person, recoveries, jobs, person, outgoing, told, trouble, shelf, once }
}

export const visit = visitOf()
export const here = { ...visit, browser: 'the-browser-of-whoever-lost-it' }
export const there = { ...visit, browser: 'the-browser-of-somebody-else', address: '198.51.100.7' }

/** As the engine hands it over. */
export function proved(
  identityId: string,
  { level = 'two-factor', own = 'single-factor' }: { level?: Level; own?: Level } = {},
): Redeemed {
  return {
    identityId,
    authTime: 0,
    level,
    acr: acrOf(level),
    amr: [],
    process: 'process',
    credentials: [],
    recovery: { factors: [], own },
  }
}

export const ana = 'ana@example.com'
export const second_ana = 'ana@other.example'

/** One process on a store of its own. */
export async function world(open: OpenStore) {
  const clock = createClock()
  const store = await open(clock.now)
  return createProcess(store, clock)
}

/** Ana lost what makes her codes, and gave her password and a code by mail. */
export async function begun(open: OpenStore) {
  const at = await world(open)
  const { id, code: lost } = await at.person(ana, [second_ana])
  const recovery = await at.recoveries.begin(id, { result: proved(id), lost: [lost] }, here)
  if (recovery.status === 'contested') throw new Error(recovery.status)
  return { ...at, id, lost, recovery }
}

/** How whoever began it comes back. */
export const byCode = { browser: here.browser }

/** The same, when the wait is over. */
export async function ready(open: OpenStore) {
  const at = await begun(open)
  at.clock.advance(settings.delay)
  await at.jobs()
  return at
}

/** What somebody has. */
export const factorsOf = async ({ enrolments }: ReturnType<typeof createProcess>, id: string) =>
  (await enrolments.list(id)).map(({ factor }) => factor).sort()
