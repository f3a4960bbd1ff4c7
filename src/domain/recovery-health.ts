/**
 * "If you lose your phone today, you get back in by …": for everything that a person can lose, the shortest way back, and what to add that helps most.
 * Pure. It knows no rules of its own: it asks the dispatcher what a sign-in or a recovery with what is left would come to, so that what it says is so.
 */
import type { Proof } from './assurance.ts'
import type { Authentication, Requirement, Step } from './authentication.ts'
import type { Identity } from './identity.ts'
import { type Loss, losses } from './loss.ts'
import { nextStep, type Policy } from './policy.ts'
import type { Instant } from './time.ts'
import type { EnrolledWay, FactorSummary } from './ways.ts'

export interface Person {
  readonly identity: Identity
  /** Everything, also what counts in recoveries alone. */
  readonly enrolled: readonly EnrolledWay[]
  /** The factor that a link to their mailbox sets anew; absent where none can be sent. */
  readonly resets?: string | undefined
}

/** How somebody gets in: with what they have left as ever, after a mailed link, or in a recovery. */
export interface WayBack {
  readonly by: 'sign-in' | 'link' | 'recovery'
  /** Names of the factors, in the order in which they are given. */
  readonly factors: readonly string[]
}

export interface Outlook {
  readonly loss: Loss
  /** Names of the factors that are gone with it. */
  readonly lost: readonly string[]
  /** Absent: only people can let them in again. */
  readonly back?: WayBack
}

export interface Health {
  /** For each loss that takes something from the person. */
  readonly outlooks: readonly Outlook[]
  /** Name of the factor that would help against most of what nothing helps against now. */
  readonly advice?: string
}

interface Question {
  readonly person: Person
  readonly policy: Policy
  readonly now: Instant
}

/** Nobody is asked for more than three proofs. */
const mostProofs = 3
const link = 'mailed-link'

export function recoveryHealth(person: Person, policy: Policy, now: Instant): Health {
  // What is merely suggested keeps nobody out.
  const alike = { ...person, enrolled: unlike(person.enrolled) }
  const question = { person: alike, policy: { ...policy, suggest: null }, now }
  const outlooks = outlooksOf(question)
  const advice = adviceOn(
    question,
    outlooks.filter(({ back }) => back === undefined),
  )
  return { outlooks, ...(advice === undefined ? {} : { advice }) }
}

/** A loss that takes no more than one before it is not told twice. */
function outlooksOf({ person, policy, now }: Question): Outlook[] {
  const told = new Set<string>()
  return losses.flatMap((loss) => {
    const gone = person.enrolled.filter((way) => goesWith(way, loss, policy))
    const key = gone.map(({ credentialId }) => credentialId).join(' ')
    if (gone.length === 0 || told.has(key)) return []
    told.add(key)
    const back = backFrom(loss, { person, policy, now })
    const lost = [...new Set(gone.map(({ factor }) => factor))]
    return [{ loss, lost, ...(back === undefined ? {} : { back }) }]
  })
}

function backFrom(loss: Loss, question: Question): WayBack | undefined {
  const { person, policy } = question
  const left = person.enrolled.filter((way) => !way.spent && !goesWith(way, loss, policy))
  return signIn(left, question) ?? mailed(loss, left, question) ?? recovery(left, question)
}

function signIn(left: readonly EnrolledWay[], question: Question): WayBack | undefined {
  const factors = shortest(left.filter(isUsual(question)), usual, question)
  return factors && { by: 'sign-in', factors }
}

/** What the link set anew counts as what came over the mailbox (S44). */
function mailed(loss: Loss, left: readonly EnrolledWay[], question: Question): WayBack | undefined {
  const { person, policy, now } = question
  const factor = policy.factors.find(({ name }) => name === person.resets)
  if (factor === undefined || loss === 'mailbox') return undefined
  const anew = { ...wayBy(factor, link, now), channel: 'email' } as const
  const others = (ways: readonly EnrolledWay[]) => [...ways.filter((way) => way.factor !== factor.name), anew]
  const changed = { ...question, person: { ...person, enrolled: others(person.enrolled) } }
  const factors = shortest(others(left).filter(isUsual(question)), usual, changed)
  return factors && { by: 'link', factors }
}

function recovery(left: readonly EnrolledWay[], question: Question): WayBack | undefined {
  const factors = shortest(left, { level: 'two-factor', essential: true, recovery: true }, question)
  return factors && { by: 'recovery', factors }
}

const usual: Requirement = { level: 'single-factor', essential: false }

/** Those that are offered elsewhere than in recoveries. */
function isUsual({ policy }: Question): (way: EnrolledWay) => boolean {
  const special = new Set(
    policy.factors.filter(({ recovery: when }) => when === 'only').map(({ name }) => name),
  )
  return ({ factor }) => !special.has(factor)
}

/** The fewest proofs with which such a process lets the person in. Whoever is asked to add something is in. */
function shortest(
  left: readonly EnrolledWay[],
  requirement: Requirement,
  question: Question,
): readonly string[] | undefined {
  const seen = new Set<string>()
  let open: readonly (readonly EnrolledWay[])[] = [[]]
  for (let count = 0; count <= mostProofs; count += 1) {
    const further: EnrolledWay[][] = []
    for (const given of open) {
      const step = stepAfter(given, requirement, question)
      if (step.kind === 'done' || step.kind === 'enrol') return given.map(({ factor }) => factor)
      if (step.kind !== 'prove') continue
      for (const way of left.filter((one) => step.oneOf.includes(one.factor) && !given.includes(one))) {
        const set = [...given, way]
        const key = set
          .map(({ credentialId }) => credentialId)
          .sort()
          .join(' ')
        if (!seen.has(key)) further.push(set)
        seen.add(key)
      }
    }
    open = further
  }
  return undefined
}

/** Of things that are worth the same one is enough: somebody may have twenty keys. */
function unlike(ways: readonly EnrolledWay[]): readonly EnrolledWay[] {
  const worth = ({ credentialId: _id, since: _since, ...way }: EnrolledWay) => JSON.stringify(way)
  return [...new Map(ways.map((way) => [worth(way), way])).values()]
}

function stepAfter(
  given: readonly EnrolledWay[],
  requirement: Requirement,
  { person: { identity, enrolled }, policy, now }: Question,
): Step {
  const process: Authentication = {
    id: 'health',
    version: 0,
    expiresAt: now + 1,
    browser: '',
    requirement,
    identifier: identity.id,
    proofs: given.map((way): Proof => ({ ...way, at: now })),
    challenges: {},
  }
  const known = requirement.recovery
    ? enrolled
    : enrolled.filter(isUsual({ person: { identity, enrolled }, policy, now }))
  return nextStep(process, { identity, enrolled: known }, policy, now)
}

function adviceOn(question: Question, bad: readonly Outlook[]): string | undefined {
  const { person, policy, now } = question
  const helped = (factor: FactorSummary) => {
    const enrolled = [...person.enrolled, wayBy(factor, 'added', now)]
    return bad.filter(
      ({ loss }) => backFrom(loss, { ...question, person: { ...person, enrolled } }) !== undefined,
    ).length
  }
  const has = new Set(person.enrolled.filter(({ spent }) => !spent).map(({ factor }) => factor))
  const candidates = policy.factors
    .filter(({ name, enrollable, recovery: when }) => !has.has(name) && (enrollable || when === 'only'))
    .map((factor) => ({
      name: factor.name,
      standIn: factor.standIn,
      count: bad.length === 0 ? 0 : helped(factor),
    }))
  const most = Math.max(0, ...candidates.map(({ count }) => count))
  const best = candidates.filter(({ count }) => count === most && most > 0)
  // Of equals what was made for this, needs no device and costs nothing.
  return (best.find(({ standIn }) => standIn) ?? best[0])?.name
}

function wayBy(factor: FactorSummary, credentialId: string, since: Instant): EnrolledWay {
  const {
    name,
    first: _first,
    enrollable: _enrollable,
    recovery: _recovery,
    lostWith: _lost,
    ...way
  } = factor
  return { ...way, factor: name, credentialId, since }
}

function goesWith({ factor, lostWith }: EnrolledWay, loss: Loss, { factors }: Policy): boolean {
  const usually = factors.find(({ name }) => name === factor)?.lostWith
  return (lostWith ?? usually ?? []).includes(loss)
}
