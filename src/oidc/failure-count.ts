import { type Instant, minute } from '../domain/time.ts'
import type { Clock } from '../ports/clock.ts'

/** Answers how many failures of a client the next entry stands for; undefined while there were enough entries about it. */
export type FailureCount = (clientId: string) => number | undefined

const mostEntries = 10

/** Ids of clients are no secret, and the audit forgets nothing: ten entries a minute and client say what there is to say. Per process. */
export function createFailureCount(clock: Clock): FailureCount {
  const counts = new Map<string, { readonly since: Instant; entries: number; silent: number }>()
  return (clientId) => {
    const now = clock()
    const known = counts.get(clientId)
    const isOver = known === undefined || Math.abs(now - known.since) >= minute
    const count = isOver ? { since: now, entries: 0, silent: known?.silent ?? 0 } : known
    counts.set(clientId, count)
    if (count.entries >= mostEntries) {
      count.silent += 1
      return undefined
    }
    count.entries += 1
    const standsFor = count.silent + 1
    count.silent = 0
    return standsFor
  }
}
