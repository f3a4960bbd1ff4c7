/**
 * Numbered steps from one layout of stored data to the next, for what `collections.ts` cannot say: renaming, splitting, transforming.
 * (New collections and indexes need none: the engines create what is declared and missing, before the first step runs.) A step is written once and never changed;
 * it must leave data that the version before it can still read, because two versions run side by side during an upgrade.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { Db } from 'mongodb'
import { layout } from './0001-layout.ts'

export interface Migration {
  /** 1, 2, 3 … without gaps. */
  readonly number: number
  readonly name: string
  /** Runs inside the transaction that also records it. */
  readonly sqlite: (database: DatabaseSync) => void
  /** Runs under a lock, and again if the process died half-way: must bear that. */
  readonly mongodb: (database: Db) => Promise<void>
}

/** All of them, in order. */
export const migrations: readonly Migration[] = [layout]
