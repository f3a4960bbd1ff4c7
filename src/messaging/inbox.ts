/** Development only: takes mail and SMS as if it brought them, and shows them to whoever asks, in any process on the same store. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Duration, day, type Instant, second } from '../domain/time.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { CaughtMessage, InboxQuery, InboxReader } from '../ports/inbox.ts'
import type { Collection } from '../ports/storage.ts'
import type { InboxMessage } from '../ports/store.ts'
import type { Vault } from '../ports/vault.ts'
import type { Deliver } from './delivery.ts'

export interface InboxDeps {
  readonly store: Collection<InboxMessage>
  readonly vault: Vault
  readonly clock: Clock
  readonly random: Random
}

const purpose = 'inbox'
const kept = 500
const keptFor: Duration = 7 * day
const longestWait: Duration = 30 * second
const lookEvery: Duration = 100

/** Safe over processes: each row is inserted once and never changed. */
export function createInbox({ store, vault, clock, random }: InboxDeps): InboxReader & { deliver: Deliver } {
  const nextId = createIds(clock, random)
  let delivered = 0

  const open = (row: InboxMessage): CaughtMessage => ({
    ...JSON.parse(vault.open(purpose, row.sealed, row.id)),
    id: row.id,
    channel: row.channel,
    to: row.to,
    at: row.at,
  })

  const find = async (query: InboxQuery): Promise<CaughtMessage[]> => {
    const { items } = await store.page({ limit: kept, descending: true })
    return items.filter(matcher(query)).map(open)
  }

  return {
    async deliver({ channel, to, subject, text, html, links, codes }) {
      const { id, at } = nextId()
      const sealed = vault.seal(purpose, JSON.stringify({ subject, text, html, links, codes }), id)
      await store.insert({ id, at, channel, to, sealed, expiresAt: at + keptFor })
      if (delivered++ % 50 === 0) await trim(store)
      return undefined
    },
    async messages(query) {
      const until = performance.now() + Math.min(query.waitMs ?? 0, longestWait)
      let seen = await newestId(store)
      let found = await find(query)
      while (found.length === 0 && performance.now() < until && !query.signal?.aborted) {
        await sleep(lookEvery)
        const newest = await newestId(store)
        if (newest !== seen) found = await find(query)
        seen = newest
      }
      return found
    },
  }
}

/** Ids in the order of delivery, also within a millisecond and when the clock is set back. */
function createIds(clock: Clock, random: Random) {
  let last: Instant = 0
  let within = 0
  return () => {
    const at = clock()
    within = at > last ? 0 : within + 1
    last = Math.max(at, last)
    return { at, id: `${digits(last, 15)}-${digits(within, 4)}-${random(6)}` }
  }
}

function digits(value: number, length: number): string {
  return String(value).padStart(length, '0')
}

function matcher({ to, channel, after }: InboxQuery): (row: InboxMessage) => boolean {
  const wanted = to?.trim().toLowerCase()
  const isLater = laterThan(after)
  return (row) =>
    (wanted === undefined || row.to.toLowerCase() === wanted) &&
    (channel === undefined || row.channel === channel) &&
    isLater(row)
}

function laterThan(after: string | undefined): (row: InboxMessage) => boolean {
  if (after === undefined) return () => true
  if (/^\d{15}-/.test(after)) return ({ id }) => id > after
  const moment = /^\d+$/.test(after) ? Number(after) : Date.parse(after)
  return ({ at }) => Number.isNaN(moment) || at >= moment
}

async function newestId(store: Collection<InboxMessage>): Promise<string | undefined> {
  const { items } = await store.page({ limit: 1, descending: true })
  return items[0]?.id
}

async function trim(store: Collection<InboxMessage>): Promise<void> {
  const { next } = await store.page({ limit: kept, descending: true })
  if (next === undefined) return
  const { items } = await store.page({ limit: 1_000, descending: true, after: next })
  for (const { id } of items) await store.remove(id)
}
