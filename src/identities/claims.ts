import { claimId, type Identifier } from '../domain/identifier.ts'
import type { Identity } from '../domain/identity.ts'
import { type Duration, day, minute } from '../domain/time.ts'
import type { Draft } from '../ports/storage.ts'
import type { IdentifierClaim } from '../ports/store.ts'
import { erase } from './erasure.ts'
import type { IdentitiesTools } from './index.ts'
import { createReservations } from './reservations.ts'

/** Longer than anything may take between a claim and the identity that has it. */
const orphanAge: Duration = 10 * minute
const mostRounds = 20
/** So long a name that was given up stays its former owner's: whoever writes to it means them. */
const holdTime: Duration = 90 * day
/** More names than this nobody keeps from others without having them. */
const mostHeld = 5

/** Who has an identifier: one row each, taken before it is written to an identity, given back after it is gone from there. */
export interface Claims {
  /** False when somebody else has it, or it is reserved. Of N racers one gets it; whoever has it already keeps it. An orphan in the way is freed at once. */
  take(identityId: string, identifier: Pick<Identifier, 'kind' | 'value'>): Promise<boolean>
  get(identifier: Pick<Identifier, 'kind' | 'value'>): Promise<IdentifierClaim | undefined>
  /** Keeps what is theirs and about to be given up from everybody else for 90 days; false when its owner keeps too many already. Taken again, it is theirs as before. */
  hold(claim: IdentifierClaim): Promise<boolean>
  /** Gives back what was read; not when somebody, even its owner, took it again meanwhile. */
  release(claim: IdentifierClaim): Promise<boolean>
  /** Whatever nobody has: its identity was never written, is deleted, or has it no more. Answers how many. */
  free(claim: IdentifierClaim): Promise<number>
}

export function createClaims(
  tools: Pick<IdentitiesTools, 'store' | 'clock' | 'audit' | 'vault' | 'settings'>,
): Claims {
  const { store, clock } = tools
  const rows = store.claims
  const reservations = createReservations(tools)

  async function takeOnce(
    claim: Draft<IdentifierClaim>,
    identifier: Pick<Identifier, 'kind' | 'value'>,
  ): Promise<boolean | 'again'> {
    if (await rows.insert(claim)) {
      if (!(await reservations.has(identifier))) return true
      await release({ ...claim, version: 1 })
      return false
    }
    const other = await rows.get(claim.id)
    if (other === undefined) return 'again'
    if (other.identityId === claim.identityId) {
      // Only asked for until now, by the same person at the same moment or before a crash: as if it were fresh.
      const isPending = other.heldUntil === undefined && !(await isOwned(other))
      if (isPending && (await reservations.has(identifier))) return false
      // As new as a fresh one: nobody takes it for an orphan, or for what was given back.
      return (await rows.replace({ ...claim, version: other.version })) || 'again'
    }
    return (await free(other)) > 0 ? 'again' : false
  }

  async function isOwned(claim: IdentifierClaim): Promise<boolean> {
    const owner = await store.identities.get(claim.identityId)
    return owner !== undefined && owns(owner, claim)
  }

  async function hold(claim: IdentifierClaim): Promise<boolean> {
    // What is held goes back to its owner unasked: it must have been theirs.
    if (!(await isOwned(claim))) return true
    const own = await rows.findBy('identityId', claim.identityId)
    const held = own.filter(({ id, heldUntil = 0 }) => id !== claim.id && heldUntil > clock())
    if (held.length >= mostHeld) return false
    await rows.replace({ ...claim, heldUntil: clock() + holdTime })
    return true
  }

  async function release(claim: IdentifierClaim): Promise<boolean> {
    const nobody = `released ${claim.id}`
    // Whose it is counts, not which it is: a row that changed hands is not touched.
    if (!(await rows.replace({ ...claim, identityId: nobody }))) return false
    await rows.removeBy('identityId', nobody)
    return true
  }

  async function free(claim: IdentifierClaim): Promise<number> {
    const { identityId, takenAt, heldUntil = 0 } = claim
    if (takenAt > clock() - orphanAge) return 0
    const owner = await store.identities.get(identityId)
    if (owner?.state === 'deleted') return erase(tools, identityId)
    // By owner, not by id: whoever took the identifier a moment ago is another owner.
    if (owner === undefined) return rows.removeBy('identityId', identityId)
    if (heldUntil > clock()) return 0
    return !owns(owner, claim) && (await release(claim)) ? 1 : 0
  }

  return {
    async take(identityId, identifier) {
      for (let round = 0; round < mostRounds; round += 1) {
        const taken = await takeOnce({ id: claimId(identifier), identityId, takenAt: clock() }, identifier)
        if (taken !== 'again') return taken
      }
      return false
    },
    get: (identifier) => rows.get(claimId(identifier)),
    hold,
    release,
    free,
  }
}

function owns({ identifiers }: Identity, { id }: IdentifierClaim): boolean {
  return identifiers.some((one) => claimId(one) === id)
}
