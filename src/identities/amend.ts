import type { Identity } from '../domain/identity.ts'
import { Problem } from '../domain/problem.ts'
import type { Store } from '../ports/store.ts'

const tries = 20

/**
 * Reads, changes and writes by compare-and-set until nobody came between. `change` answers undefined to leave the identity as it is.
 * Answers the identity before and after; undefined when there is none. `Problem('conflict')` after twenty lost races.
 */
export async function amend(
  store: Pick<Store, 'identities'>,
  id: string,
  change: (identity: Identity) => Identity | undefined,
): Promise<{ readonly before: Identity; readonly after: Identity } | undefined> {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const before = await store.identities.get(id)
    if (before === undefined) return undefined
    const after = change(before)
    if (after === undefined) return { before, after: before }
    if (await store.identities.replace(after))
      return { before, after: { ...after, version: after.version + 1 } }
  }
  throw new Problem('conflict')
}
