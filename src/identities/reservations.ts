import { claimId, type Identifier } from '../domain/identifier.ts'
import type { IdentifierClaim } from '../ports/store.ts'
import type { IdentitiesTools } from './index.ts'

/** Usernames of people who were deleted: whoever trusts such a name still means them. Only a keyed hash of it is kept, and nothing of whose it was. */
export interface Reservations {
  /** Before the claims are given back. Can be repeated: the time runs from the first one that still counts. */
  reserve(claims: readonly IdentifierClaim[]): Promise<void>
  /** Asked after a claim was taken: then nothing that was reserved before it became free is missed. */
  has(identifier: Pick<Identifier, 'kind' | 'value'>): Promise<boolean>
}

const prefix = claimId({ kind: 'username', value: '' })

export function createReservations({
  store,
  vault,
  clock,
  settings,
}: Pick<IdentitiesTools, 'store' | 'vault' | 'clock' | 'settings'>): Reservations {
  const idOf = (claim: string) => `username:${vault.mac('reserved-username', claim)}`

  /** The time that is set now counts, also for what was reserved while another one was. */
  async function isReserved(claim: string): Promise<boolean> {
    const row = await store.replays.get(idOf(claim))
    return row !== undefined && (row.since ?? clock()) + settings.identifiers.username_reserved > clock()
  }

  return {
    async reserve(claims) {
      const since = clock()
      const expiresAt = since + settings.identifiers.username_reserved
      for (const { id, heldUntil } of claims) {
        const isTheirs = heldUntil === undefined || heldUntil > clock()
        if (id.startsWith(prefix) && isTheirs && expiresAt > since && !(await isReserved(id)))
          await store.replays.put({ id: idOf(id), since, expiresAt })
      }
    },
    async has(identifier) {
      return identifier.kind === 'username' && (await isReserved(claimId(identifier)))
    },
  }
}
