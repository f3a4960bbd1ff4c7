import type { Recovery } from '../../domain/recovery.ts'
import type { Duration } from '../../domain/time.ts'
import { day } from '../../domain/time.ts'
import type { Clock } from '../../ports/clock.ts'
import type { PastRecovery, RecoveryNews, RecoveryRow } from '../../ports/recovery-row.ts'
import type { Store } from '../../ports/store.ts'
import type { Vault } from '../../ports/vault.ts'

/** What is personal about a recovery. */
export type Sealed = Pick<Recovery, 'address' | 'userAgent' | 'told' | 'contested'> & {
  readonly language: string
  /** Who gets a link when it is ready: nobody's address yet, and nobody else hears what goes there. */
  readonly reply?: { readonly written: string; readonly language: string }
}

export interface RecoveryBookTools {
  readonly store: Pick<Store, 'recoveries'>
  readonly vault: Vault
  readonly clock: Clock
}

/** Rows of recoveries: one for each identity, so that there is never more than one that runs; those that are over are remembered in it. */
export interface RecoveryBook {
  of(identityId: string): Promise<RecoveryRow | undefined>
  byReference(id: string): Promise<RecoveryRow | undefined>
  /** Those that this claim code, browser or mailed link leads to. */
  byIndex(index: 'claim' | 'browser' | 'link', value: string): Promise<readonly RecoveryRow[]>
  /** Undefined when somebody else came between. */
  insert(row: Omit<RecoveryRow, 'version' | 'expiresAt'>): Promise<RecoveryRow | undefined>
  /** Writes what `patch` says, by compare-and-set; undefined when somebody else came between. */
  replace(row: Omit<RecoveryRow, 'expiresAt'>, patch: Partial<RecoveryRow>): Promise<RecoveryRow | undefined>
  open(row: RecoveryRow): Sealed
  seal(identityId: string, content: Sealed): string
  shown(row: RecoveryRow): Recovery
}

/** So long a row is kept after the last that happened in it. */
const kept: Duration = 400 * day
const mostPast = 20

export function createRecoveryBook({ store, vault, clock }: RecoveryBookTools): RecoveryBook {
  const rows = store.recoveries
  const open = (row: RecoveryRow): Sealed => JSON.parse(vault.open('recovery', row.sealed, row.id))

  return {
    open,
    seal: (identityId, content) => vault.seal('recovery', JSON.stringify(content), identityId),
    of: (identityId) => rows.get(identityId),
    byReference: async (id) => (await rows.findBy('reference', id))[0],
    byIndex: (index, value) => rows.findBy(index, value),
    async insert(row) {
      const next = { ...row, expiresAt: clock() + kept }
      return (await rows.insert(next)) ? { ...next, version: 1 } : undefined
    },
    async replace(row, patch) {
      const next = { ...row, ...patch, expiresAt: clock() + kept }
      return (await rows.replace(next)) ? { ...next, version: row.version + 1 } : undefined
    },
    shown(row) {
      const { reference: id, identityId, origin, state, level, lost, startedAt, dueAt, endsAt } = row
      const { caseId, reviewed, endedAt, enrolled } = row
      const { language: _language, reply: _reply, ...sealed } = open(row)
      return {
        ...{ id, identityId, origin, state, level, lost, startedAt, dueAt, expiresAt: endsAt },
        ...(caseId === undefined ? {} : { caseId }),
        ...(reviewed === undefined ? {} : { reviewed }),
        ...(endedAt === undefined ? {} : { endedAt }),
        ...(enrolled === undefined ? {} : { enrolled }),
        ...sealed,
      }
    },
  }
}

/** What is remembered of a row whose place another recovery takes. */
export function pastOf(row: RecoveryRow): readonly PastRecovery[] {
  const { reference: id, origin, state, startedAt, endedAt = startedAt, past } = row
  return [{ id, origin, state, startedAt, endedAt }, ...past].slice(0, mostPast)
}

/** One piece of news that is still to be brought to everybody. */
export function news(of: RecoveryNews['of'], at: number): RecoveryNews {
  return { of, at }
}
