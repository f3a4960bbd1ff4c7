import { Problem } from '../domain/problem.ts'
import { type Duration, second } from '../domain/time.ts'

/** How long a verb may try before it gives up. */
export const patience: Duration = 5 * second

/** What every verb throws when the engine cannot answer: 503, "come back in a few seconds". */
export function unavailable(cause: unknown, detail?: string): Problem {
  return new Problem('storage-unavailable', {
    cause,
    retryAfter: 5,
    ...(detail === undefined ? {} : { detail }),
  })
}
