import { day, type Instant, minute } from '../domain/time.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { Factor } from '../ports/factor.ts'
import type { Store } from '../ports/store.ts'
import type { Vault } from '../ports/vault.ts'

/** The question of an enrolment, as its ticket carries it. */
export interface Ticket {
  readonly id: string
  readonly challenge: unknown
  readonly expiresAt: Instant
}

/** For whom and what a ticket is good. */
export interface TicketPurpose {
  readonly identityId: string
  readonly factor: Pick<Factor, 'name' | 'challengeLifetime'>
}

export interface TicketsTools {
  readonly store: Pick<Store, 'replays'>
  readonly vault: Vault
  readonly clock: Clock
  readonly random: Random
}

/**
 * Questions of enrolments travel with the page, sealed, so that a mistyped answer leaves the same question (and the same QR code);
 * only that one was answered is remembered.
 */
export interface Tickets {
  issue(purpose: TicketPurpose, challenge: unknown): string
  /** Undefined when altered, expired, or for somebody or something else. */
  open(purpose: TicketPurpose, text: string): Ticket | undefined
  /** True for exactly one caller. */
  spend(ticket: Ticket): Promise<boolean>
}

const usualLifetime = 10 * minute

export function createTickets({ store, vault, clock, random }: TicketsTools): Tickets {
  const context = ({ identityId, factor }: TicketPurpose) => `${identityId} ${factor.name}`
  return {
    issue(purpose, challenge) {
      const expiresAt = clock() + (purpose.factor.challengeLifetime ?? usualLifetime)
      const ticket: Ticket = { id: random(16), challenge, expiresAt }
      return vault.seal('enrolment', JSON.stringify(ticket), context(purpose))
    },
    open(purpose, text) {
      try {
        const ticket: Ticket = JSON.parse(vault.open('enrolment', text, context(purpose)))
        return ticket.expiresAt > clock() ? ticket : undefined
      } catch {
        return undefined
      }
    },
    // Remembered well beyond its life, so that a clock that is set back does not make it good again.
    spend: ({ id, expiresAt }) => store.replays.insert({ id: `enrolment:${id}`, expiresAt: expiresAt + day }),
  }
}
