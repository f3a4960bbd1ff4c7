/** What an identity has to prove itself with, what it is worth beside what was proved, and what would help. Pure. */
import { assess, type Level, levels, type Proof, reaches, type Strength } from './assurance.ts'
import { counting, meets, type Terms } from './demand.ts'
import type { Identity } from './identity.ts'
import type { Loss } from './loss.ts'
import type { Instant } from './time.ts'

/** What a policy has to know about a factor. */
export interface FactorSummary extends Strength {
  readonly name: string
  /** Offered to everybody before the first proof. */
  readonly first: boolean
  readonly enrollable: boolean
  /** See `EnrolledWay`. */
  readonly standIn?: boolean
  /** `only`: offered in recoveries and nowhere else. `first`: may also be what a recovery begins with. */
  readonly recovery?: 'only' | 'first'
  /** What takes ways of this kind along when it is lost; nothing where each tells for itself. */
  readonly lostWith?: readonly Loss[]
}

/** One way that the identity has, and what a proof with it is worth. */
export interface EnrolledWay extends Strength {
  readonly factor: string
  readonly credentialId: string
  /** When it was enrolled, or replaced. */
  readonly since?: Instant
  /** Comes with a proved address: nobody enrolled it to be asked for it. */
  readonly implied?: boolean
  /** Not sufficient alone (S25). */
  readonly needsCompanion?: boolean
  /** For whoever cannot use another way (codes on paper): by itself nobody is asked for it, and beside nothing else it counts for nothing. */
  readonly standIn?: boolean
  /** Used up: it proves nothing any more. */
  readonly spent?: boolean
  /** Soon used up: whoever uses it is offered more of it. */
  readonly runningOut?: boolean
  /** See `Proof`. */
  readonly ceiling?: Level
  /** Was not enrolled, but is kept elsewhere (devices, other people): for recoveries alone. */
  readonly held?: true
  /** What takes this one along when it is lost, where that differs from what its factor says. */
  readonly lostWith?: readonly Loss[]
}

export function isChosen(way: EnrolledWay): boolean {
  return !way.implied
}

/** Enrolled to be used again and again. */
export function isLasting(way: EnrolledWay): boolean {
  return isChosen(way) && !way.standIn && !way.held
}

/** Whether proofs with all of these would do. */
export function couldMeet(ways: readonly EnrolledWay[], terms: Terms, now: Instant): boolean {
  return meets(terms, proofsBy(ways, now), now)
}

/** Whoever enrolled a second factor is asked for it, even if nobody demands it: that is what it was enrolled for. */
export function hasSecond(ways: readonly EnrolledWay[], now: Instant): boolean {
  return reaches(assess(proofsBy(ways.filter(isLasting), now)).level, 'two-factor')
}

/** Whether the identity enrolled a way of another category beside this one. */
export function hasCompanion(
  way: Strength & { readonly factor: string },
  enrolled: readonly EnrolledWay[],
): boolean {
  return enrolled.some(
    (other) =>
      isLasting(other) &&
      other.factor !== way.factor &&
      other.categories.some((category) => !way.categories.includes(category)),
  )
}

/** What follows from an address is offered only where nothing helps that the person enrolled: it is the weaker way. */
export function preferChosen(
  enrolled: readonly EnrolledWay[],
  find: (ways: readonly EnrolledWay[]) => string[],
): string[] {
  const chosen = find(enrolled.filter(isChosen))
  return chosen.length > 0 ? chosen : find(enrolled)
}

/**
 * The ways that lift what was reached so far; where none does by itself, those that do together with a further one
 * (after a mailed link: a password that a mail can reset, and a code by SMS). Only what counts under `terms` is looked at.
 */
export function helpfulWays(
  given: readonly Proof[],
  ways: readonly EnrolledWay[],
  terms: Terms,
  now: Instant,
): string[] {
  const before = counting(terms, given, now)
  const proofs = counting(terms, proofsBy(ways, now), now)
  const alone = proofs.filter((proof) => lifts(before, [proof]))
  const helpful =
    alone.length > 0
      ? alone
      : proofs.filter((proof) => proofs.some((further) => lifts(before, [proof, further])))
  return [...new Set(helpful.map((proof) => proof.factor))]
}

/** What the person could add so that it lifts what was reached; what they have and did not help is not asked for again. */
export function helpfulEnrolments(
  given: readonly Proof[],
  enrolled: readonly EnrolledWay[],
  factors: readonly FactorSummary[],
  terms: Terms,
  now: Instant,
): string[] {
  const has = new Set(enrolled.map((way) => way.factor))
  const before = counting(terms, given, now)
  return factors
    .filter(({ standIn, recovery }) => !standIn && recovery !== 'only')
    .filter(({ name, enrollable }) => enrollable && !has.has(name))
    .map((factor) => ({ ...factor, factor: factor.name, at: now }))
    .filter((proof) => lifts(before, counting(terms, [proof], now)))
    .map(({ name }) => name)
}

function lifts(proofs: readonly Proof[], further: readonly Proof[]): boolean {
  const rank = (set: readonly Proof[]) => levels.indexOf(assess(set).level)
  return rank([...proofs, ...further]) > rank(proofs)
}

function proofsBy(ways: readonly EnrolledWay[], at: Instant): Proof[] {
  return ways.filter((way) => !way.spent).map((way) => ({ ...way, at }))
}

/** The identity was suspended and restored, or the credential changed or removed, while the process ran. */
export function isVoid(proof: Proof, identity: Identity, enrolled: readonly EnrolledWay[]): boolean {
  if (proof.at < (identity.notBefore ?? 0)) return true
  if (proof.credentialId === undefined) return false
  const way = enrolled.find((one) => one.credentialId === proof.credentialId)
  // Told apart and not ordered: a clock that was set back, or another process's, must not void what was just proved.
  return way === undefined || proof.since !== way.since
}
