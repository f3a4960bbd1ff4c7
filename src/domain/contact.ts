import { type Duration, day, type Instant } from './time.ts'

/** `Config['recovery']['contacts']`. */
export interface ContactSettings {
  readonly enabled: boolean
  /** How many of them have to vouch. */
  readonly needed: number
  /** With fewer who count, nobody can be asked. */
  readonly least: number
  readonly most: number
  /** From the acceptance on: a stranger in the account cannot name friends and recover at once. */
  readonly waiting_time: Duration
  readonly invitation_lifetime: Duration
  readonly invitations_per_day: number
  readonly requests_per_day: number
  readonly request_lifetime: Duration
}

/** Whoever vouched for somebody, or could have, or decided about them, is not impartial about them for this long. */
export const partialFor: Duration = 90 * day

/** Somebody who was a contact, and accepted. */
export interface FormerContact {
  readonly identityId: string
  /** Until then they are still linked. */
  readonly until: Instant
}

/** Somebody whom a person asked to vouch for them one day. */
export interface Contact {
  /** Of the relation: another one when the same person is asked again. */
  readonly id: string
  /** Whose account the name belongs to; absent while it is looked up, and for good when nobody has it. */
  readonly identityId?: string
  /** What the person typed. */
  readonly sealed: string
  readonly invitedAt: Instant
  /** When the invitation ends. */
  readonly until: Instant
  readonly acceptedAt?: Instant
  /** Set with `acceptedAt`: from then on it counts. */
  readonly countsFrom?: Instant
  readonly declinedAt?: Instant
}

/** `unanswered`: the invitation ended. `waiting`: accepted, and does not count yet. */
export type Standing = 'invited' | 'unanswered' | 'declined' | 'waiting' | 'counts'

export function standingOf({ acceptedAt, countsFrom, declinedAt, until }: Contact, now: Instant): Standing {
  if (declinedAt !== undefined) return 'declined'
  if (acceptedAt === undefined) return until > now ? 'invited' : 'unanswered'
  return (countsFrom ?? acceptedAt) <= now ? 'counts' : 'waiting'
}

/** Whether it takes one of the few places: an invitation that came to nothing does not. */
export function takesPlace(contact: Contact, now: Instant): boolean {
  return !['unanswered', 'declined'].includes(standingOf(contact, now))
}
