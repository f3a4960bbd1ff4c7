import { type Duration, second } from '../domain/time.ts'
import type { Clock } from '../ports/clock.ts'

/** Keeps a queue bounded without counting it at every addition. */
export interface Backlog {
  /** True when there is room for one more, which then counts as there. */
  admit(): Promise<boolean>
  /** One is gone. */
  left(): void
}

const recount: Duration = 10 * second

/**
 * Counts the rows (`count`) at the first addition, after every tenth part of the limit, and at most every ten seconds while full. In between
 * it goes by what this process adds and finishes, so that several processes together may overrun the limit by a tenth each.
 */
export function createBacklog(count: () => Promise<number>, limit: number, clock: Clock): Backlog {
  let size: number | undefined
  let added = 0
  let countedAt = 0
  let counting: Promise<void> | undefined

  const measure = async () => {
    size = await count()
    added = 0
    countedAt = clock()
  }
  const isStale = () =>
    size === undefined ||
    added >= Math.max(1, limit / 10) ||
    (size >= limit && clock() - countedAt >= recount)

  return {
    async admit() {
      if (isStale()) {
        counting ??= measure().finally(() => {
          counting = undefined
        })
        await counting
      }
      if (size === undefined || size >= limit) return false
      size++
      added++
      return true
    },
    left() {
      if (size !== undefined) size--
    },
  }
}
