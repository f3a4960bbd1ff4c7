import type { Contact, FormerContact } from '../domain/contact.ts'
import type { Instant } from '../domain/time.ts'
import type { Entity } from './storage.ts'

/** Whom a person trusts to vouch for them: in one row, so that how many they are and who is changed at once. */
export interface ContactCircle extends Entity {
  readonly contacts: readonly Contact[]
  /** Who was one of them lately. */
  readonly former?: readonly FormerContact[]
  /** Identity ids of those among both who have an account. */
  readonly named: readonly string[]
  /** When somebody who could have vouched was last taken out of it: what it proved before is void. */
  readonly brokenAt: Instant
}
