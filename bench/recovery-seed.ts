/** People who wait to get back in, as a deployment has them some time after they began: everybody was told, and a job waits for the end of each delay. */
import { loadConfig } from '../src/config.ts'
import { compose } from '../src/house/index.ts'
import { createLogger } from '../src/log.ts'

type House = Awaited<ReturnType<typeof compose>>

const atOnce = 32
const kinds = { recoveries: 'recovery', mails: 'mail' } as const

/** What lies in the queue, seen from outside of the server. */
export interface Waiting {
  /** Since when the recovery that is due longest is due; undefined: none is. */
  readonly recovery: number | undefined
  readonly mail: number | undefined
}

/** Opens the store that `env` names; `ago` is by how many milliseconds the clock is behind. */
export async function openHouse(env: Record<string, string>, ago = 0): Promise<House> {
  const config = loadConfig({ env: { ...process.env, ...env }, cwd: process.cwd() })
  return compose(config, { log: createLogger({ level: 'silent' }), clock: () => Date.now() - ago })
}

/**
 * Begins recoveries of the first `count` people whom `seed` made, through Signet's own service. They are due in a day, or, if there was an `outage`,
 * all have been for a minute.
 */
export async function seedRecoveries(
  env: Record<string, string>,
  count: number,
  { outage = false } = {},
): Promise<void> {
  const house = await openHouse(env)
  const { delay } = house.config.recovery
  await house.close()
  const past = await openHouse(env, outage ? delay + 60_000 : 0)
  try {
    const numbers = Array.from({ length: count }, (_, index) => index).values()
    const worker = async () => {
      for (const number of numbers) await begin(past, number)
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    await forgetWhatWasTold(past)
    await check(past, count)
  } finally {
    await past.close()
  }
}

async function personOf({ identities }: House, number: number): Promise<string> {
  const identity = await identities.findByIdentifier('email', `seeded-${number}@bench.example`)
  if (identity === undefined) throw new Error(`nobody was seeded as number ${number}`)
  return identity.id
}

async function begin(house: House, number: number): Promise<void> {
  const identityId = await personOf(house, number)
  const visit = { address: '192.0.2.1', userAgent: 'Mozilla/5.0 Firefox/128.0', language: 'en' }
  const one = { identityId, caseId: house.random(16), claim: house.random(32), visit }
  const begun = await house.recoveries.beginReviewed(one)
  if (begun?.status !== 'waiting') throw new Error(`recovery ${number} is ${begun?.status}`)
}

/** The mails, and the jobs for the case that a process had died on the way, were done long ago. */
async function forgetWhatWasTold({ store, clock, config }: House): Promise<void> {
  await store.jobs.removeBy('kind', kinds.mails)
  const soon = clock() + config.recovery.delay / 2
  for (;;) {
    const { items } = await store.jobs.page({ prefix: `${kinds.recoveries}:`, limit: 500 })
    const over = items.filter(({ dueAt }) => dueAt < soon)
    await Promise.all(over.map(({ id }) => store.jobs.remove(id)))
    if (over.length < 500) return
  }
}

/** By opening one, as its owner would see it, and by counting the rows. */
async function check(house: House, count: number): Promise<void> {
  const { recoveries, store } = house
  const one = await recoveries.of(await personOf(house, count - 1))
  if (one?.state !== 'waiting' || one.told.length === 0) throw new Error(`a recovery is ${one?.state}`)
  const [rows, jobs] = [await store.recoveries.count(), await store.jobs.count()]
  if (rows !== count || jobs < count) throw new Error(`there are ${rows} recoveries with ${jobs} jobs`)
}

/** What is due longest. Jobs lie in the order in which they are due. */
export async function waiting({ store, clock }: House): Promise<Waiting> {
  const first = async (kind: string) => {
    const { items } = await store.jobs.page({ prefix: `${kind}:`, limit: 1 })
    const due = items[0]?.dueAt
    return due !== undefined && due <= clock() ? due : undefined
  }
  return { recovery: await first(kinds.recoveries), mail: await first(kinds.mails) }
}

/** How many of the first `count` have their grant. */
export async function readyOnes({ store }: House): Promise<number> {
  let ready = 0
  let after: string | undefined
  do {
    const page = await store.recoveries.page({ limit: 1_000, ...(after === undefined ? {} : { after }) })
    ready += page.items.filter(({ state, owed }) => state === 'ready' && owed.length === 0).length
    after = page.next
  } while (after !== undefined)
  return ready
}
