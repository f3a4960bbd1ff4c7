/** An audit on a real store, and ways to tamper with it as somebody does who has the database and not the master key. */
import { createAuditLog } from '../../src/audit/index.ts'
import type { StoredAuditEntry } from '../../src/ports/audit-row.ts'
import type { Store } from '../../src/ports/store.ts'
import { createVault, random } from '../../src/vault/vault.ts'
import { createClock } from '../support/clock.ts'
import type { OpenStore } from '../support/stores.ts'

const vault = createVault(new Uint8Array(32).fill(3))
const actor = { kind: 'identity', id: 'ana', address: '203.0.113.7' } as const

export type Ledger = Awaited<ReturnType<typeof openLedger>>

export async function openLedger(open: OpenStore) {
  const clock = createClock()
  const store = await open(clock.now)
  /** An audit as another process has it that starts later, with a chain of its own. */
  const another = (on: Store = store) => {
    clock.advance(1)
    return logOn(on, clock.now)
  }
  return { clock, store, another, ...another() }
}

export function logOn(store: Store, clock: () => number) {
  const log = createAuditLog({ store, vault, clock, random })
  const happen = (identityId = 'ana') =>
    log.record({
      action: 'identity.updated',
      result: 'success',
      actor,
      identityId,
      clientId: 'shop',
      reason: 'asked',
      traceId: 'trace',
      details: { claims: ['name', 'zoneinfo'], count: 1.5, more: true },
    })
  return { log, happen, verify: log.verify }
}

/** All entries as they are stored, oldest first. */
export async function rowsOf(store: Store): Promise<StoredAuditEntry[]> {
  const rows: StoredAuditEntry[] = []
  let after: string | undefined
  do {
    const page = await store.audit.page({ limit: 1000, ...(after === undefined ? {} : { after }) })
    rows.push(...page.items)
    after = page.next
  } while (after !== undefined)
  return rows
}

/** Writes `count` entries one after another; answers them as stored. */
export async function written({ happen, store }: Ledger, count: number): Promise<StoredAuditEntry[]> {
  for (let each = 0; each < count; each += 1) await happen()
  return rowsOf(store)
}

/** The store as `around` lets `audit.insert` through. */
export function inserting(
  store: Store,
  around: (row: Parameters<Store['audit']['insert']>[0], insert: () => Promise<boolean>) => Promise<boolean>,
): Store {
  const audit = {
    ...store.audit,
    insert: (...given: Parameters<Store['audit']['insert']>) =>
      around(given[0], () => store.audit.insert(...given)),
  }
  return { ...store, audit }
}
