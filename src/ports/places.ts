import type { Place } from '../domain/place.ts'

/** Where client addresses are, looked up offline. */
export interface Places {
  /**
   * Coarsely, names in `language` where the database has them, else in English. Undefined for private addresses, for what the database does not
   * know, and without a database. Takes microseconds, whoever's address it is.
   */
  find(address: string, language?: string): Place | undefined
}
