/**
 * Risk signals: signs that a sign-in may be somebody else's. They are looked for once, with the first proof, and can only make a policy
 * ask for more. A new one is a file in `signals/`, a test, its settings and its line in `signals/index.ts`.
 */
import type { Place } from '../domain/place.ts'
import type { Instant } from '../domain/time.ts'

/** What is known when somebody gave a first proof. */
export interface Facts {
  readonly now: Instant
  readonly address: string
  /** Where that is, if a database says so. */
  readonly place?: Place
  /** The person signed in in this browser before. */
  readonly deviceKnown: boolean
  /** Earlier sign-ins of the person, of which the place is known; in no order. Empty at the first one. */
  readonly earlier: readonly EarlierSignIn[]
  /** Wrong answers in a row before this right one: of this browser if it is known, else of everybody who said they were this person. */
  readonly failures: number
}

export interface EarlierSignIn {
  /** The last one there. */
  readonly at: Instant
  /** The first one there, as far back as is remembered; absent where nobody noted it. */
  readonly since?: Instant
  readonly place: Place
}

export interface RiskSignals {
  /** Those that are turned on. */
  readonly names: readonly string[]
  /** Whether one of them compares places, or people are told of new ones: otherwise none are kept. */
  readonly comparesPlaces: boolean
  /** The names of those that the facts speak for. Pure. */
  raised(facts: Facts): readonly string[]
}
