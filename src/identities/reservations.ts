import { claimId, type Identifier } from '../domain/identifier.ts'
import type { IdentifierClaim } from '../ports/store.ts'
import type { IdentitiesTools } from './index.ts'

/** Usernames of people who were deleted: whoever trusts such a name still means them. Only a keyed hash of it is kept, and nothing of whose it was. */
export interface Reservations {
  /** Before the claims are given back. Can be repeated: the time runs from the first one. */
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

  return {
    async reserve(claims) {
      const expiresAt = clock() + settings.identifiers.username_reserved
      for (const { id, heldUntil } of claims) {
        const isTheirs = heldUntil === undefined || heldUntil > clock()
        if (id.startsWith(prefix) && isTheirs && expiresAt > clock())
          await store.replays.insert({ id: idOf(id), expiresAt })
      }
    },
    async has(identifier) {
      if (identifier.kind !== 'username') return false
      return (await store.replays.get(idOf(claimId(identifier)))) !== undefined
    },
  }
}
