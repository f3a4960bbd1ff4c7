import { type Contact, type FormerContact, partialFor } from '../../domain/contact.ts'
import { hasProvedMail, type Identity, may } from '../../domain/identity.ts'
import { Problem } from '../../domain/problem.ts'
import type { Instant } from '../../domain/time.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ContactCircle } from '../../ports/contact-circle.ts'
import type { Store } from '../../ports/store.ts'

interface CirclesTools {
  readonly store: Pick<Store, 'contacts'>
  readonly clock: Clock
}

/** What becomes of a circle. `breaks`: somebody left who may have vouched, so that a proof by the circle as it was is void. */
interface CircleChange {
  readonly contacts: readonly Contact[]
  readonly breaks?: boolean
}

export interface Circles {
  get(ownerId: string): Promise<ContactCircle | undefined>
  /** Circles in which somebody is named. */
  naming(identityId: string): Promise<readonly ContactCircle[]>
  /** By compare-and-set until nobody came between; false when `change` left it as it is. `Problem('conflict')` after twenty lost races. */
  change(
    ownerId: string,
    change: (contacts: readonly Contact[]) => CircleChange | undefined,
  ): Promise<boolean>
}

const tries = 20

/** Whom each person trusts to vouch for them, in one row a person: how many there are and who changes at once. */
export function createCircles({ store, clock }: CirclesTools): Circles {
  const rows = store.contacts

  return {
    get: (ownerId) => rows.get(ownerId),
    naming: (identityId) => rows.findBy('named', identityId),
    async change(ownerId, change) {
      for (let attempt = 0; attempt < tries; attempt += 1) {
        const before = await rows.get(ownerId)
        const next = change(before?.contacts ?? [])
        if (next === undefined) return false
        const { contacts, breaks = false } = next
        const former = formerOf(before, contacts, clock())
        const named = [...contacts, ...former].flatMap(({ identityId }) => identityId ?? [])
        // Another moment each time, also when the clock was set back.
        const { brokenAt: last = 0 } = before ?? {}
        const brokenAt = breaks ? Math.max(clock(), last + 1) : last
        const after = { id: ownerId, contacts, former, named, brokenAt }
        const written =
          before === undefined ? rows.insert(after) : rows.replace({ ...after, version: before.version })
        if (await written) return true
      }
      throw new Problem('conflict')
    },
  }
}

/** Whoever accepted and is not there any more, with those who left before and are not forgotten yet. */
function formerOf(
  before: ContactCircle | undefined,
  contacts: readonly Contact[],
  now: Instant,
): readonly FormerContact[] {
  const gone = (before?.contacts ?? []).filter(
    ({ id, acceptedAt }) => acceptedAt !== undefined && contacts.every((one) => one.id !== id),
  )
  const left = gone.flatMap(({ identityId }) => (identityId ? [{ identityId, until: now + partialFor }] : []))
  const earlier = (before?.former ?? []).filter(
    ({ identityId, until }) => until > now && left.every((one) => one.identityId !== identityId),
  )
  return [...earlier, ...left]
}

/** Whether somebody can vouch at all: active, and reachable at an address that is really theirs. */
export function canVouch(identity: Identity | undefined): identity is Identity {
  if (identity === undefined || !may(identity, 'sign-in')) return false
  return hasProvedMail(identity.identifiers)
}

/** Somebody who accepted may have vouched meanwhile. */
export function without(contacts: readonly Contact[], gone: Contact): CircleChange {
  return { contacts: contacts.filter((one) => one !== gone), breaks: gone.acceptedAt !== undefined }
}
