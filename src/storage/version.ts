import { Problem } from '../domain/problem.ts'
import type { Migration } from './migrations/index.ts'

/** The layout that these migrations lead to. */
export function newest(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.number ?? 0
}

/** Refuses a store that a newer version has written, with one sentence. */
export function refuseNewer(found: number, migrations: readonly Migration[]): void {
  const known = newest(migrations)
  if (found <= known) return
  throw new Problem('storage-unavailable', {
    detail: `The store was written by a newer version of Signet (its layout is ${found}, this version knows ${known}): start that version, or restore a back-up.`,
  })
}
