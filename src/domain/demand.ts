/**
 * What is demanded of whom: rules, and the strictest of all that apply. Pure. A further rule or signal can only ask for more.
 * What a process must do to meet a demand is policy.ts's to say.
 */
import { assess, type Level, type Proof, reaches, strongest } from './assurance.ts'
import type { Identity } from './identity.ts'
import type { Duration, Instant } from './time.ts'

/** Everything that is named must hold; of each list, one entry is enough. */
export interface Condition {
  readonly groups?: readonly string[] | undefined
  readonly roles?: readonly string[] | undefined
  readonly clients?: readonly string[] | undefined
  /** Names of risk signals. */
  readonly signals?: readonly string[] | undefined
  /** What a person does to their own account, or as an administrator, that needs a sign-in of its own. */
  readonly action?: 'privileged' | undefined
}

/** As in the configuration, durations in milliseconds. */
export interface Rule {
  readonly name: string
  /** Absent: everyone, always. */
  readonly when?: Condition | undefined
  readonly level?: Exclude<Level, 'none'> | undefined
  /** Proofs older than that do not count. */
  readonly fresh_within?: Duration | undefined
  /** Proofs by any other factor do not count. */
  readonly factors?: readonly string[] | undefined
  /** Whoever cannot do it yet may put it off for this long, counted from the first sign-in to which the rule applied. */
  readonly enrol_within?: Duration | undefined
  /** False: a trusted device excuses from nothing. */
  readonly trusted_device?: boolean | undefined
}

/** What rules look at. Before the first proof only the client is known (S32). */
export interface Facts {
  readonly identity?: Pick<Identity, 'groups' | 'roles'> | undefined
  readonly clientId?: string | undefined
  readonly signals: readonly string[]
  readonly privileged: boolean
}

/** What proofs must come to, and which count. */
export interface Terms {
  readonly level: Level
  readonly freshWithin?: Duration
  readonly factors?: readonly string[]
}

export interface Demand {
  /** All that applies. */
  readonly full: Terms
  /** What of it cannot be put off. */
  readonly due: Terms
  /** Until when the rest can, if there is a rest. */
  readonly until?: Instant
  /** Whether a trusted device may stand in for the second of two factors. */
  readonly trustedDevice: boolean
  /** A rule says that no device is to be trusted. */
  readonly forbidsTrust?: true
  /** Names of the rules that apply. */
  readonly rules: readonly string[]
}

/** The rules that apply. */
export function applying(rules: readonly Rule[], facts: Facts): Rule[] {
  return rules.filter(({ when = {} }) => {
    const { groups, roles, clients, signals, action } = when
    return (
      meet(groups, facts.identity?.groups) &&
      meet(roles, facts.identity?.roles) &&
      meet(clients, facts.clientId === undefined ? [] : [facts.clientId]) &&
      meet(signals, facts.signals) &&
      (action === undefined || facts.privileged)
    )
  })
}

/** The strictest of all `rules`, which apply. `since`: when a rule first applied to this person, now if it never did. */
export function demandOf(
  rules: readonly Rule[],
  { level, since = {}, now }: { level: Level; since?: Readonly<Record<string, Instant>>; now: Instant },
): Demand {
  const deadline = ({ name, enrol_within }: Rule) =>
    enrol_within === undefined ? now : (since[name] ?? now) + enrol_within
  const deferred = rules.filter((rule) => deadline(rule) > now)
  return {
    full: termsOf(rules, level),
    due: termsOf(
      rules.filter((rule) => !deferred.includes(rule)),
      level,
    ),
    ...(deferred.length === 0 ? {} : { until: Math.min(...deferred.map(deadline)) }),
    trustedDevice: rules.every((rule) => rule.trusted_device !== false && rule.when?.signals === undefined),
    ...(rules.some((rule) => rule.trusted_device === false) ? { forbidsTrust: true } : {}),
    rules: rules.map(({ name }) => name),
  }
}

/** Those of the proofs that count. */
export function counting(terms: Terms, proofs: readonly Proof[], now: Instant): Proof[] {
  return proofs.filter(({ factor, at }) => allows(terms, factor) && isFresh(terms, at, now))
}

export function meets(terms: Terms, proofs: readonly Proof[], now: Instant): boolean {
  return reaches(assess(counting(terms, proofs, now)).level, terms.level)
}

export function allows({ factors }: Terms, factor: string): boolean {
  return factors === undefined || factors.includes(factor)
}

export function isFresh({ freshWithin }: Terms, at: Instant, now: Instant): boolean {
  return freshWithin === undefined || now - at <= freshWithin
}

/** A trusted device stands in for the second of two factors, never for the first and never for anything above. */
export function excuses(terms: Terms, reached: Level): boolean {
  return !reaches(terms.level, 'phishing-resistant') && reaches(reached, 'single-factor')
}

function termsOf(rules: readonly Rule[], level: Level): Terms {
  const fresh = rules.flatMap(({ fresh_within }) => fresh_within ?? [])
  const lists = rules.flatMap(({ factors }) => (factors === undefined ? [] : [factors]))
  const [first, ...others] = lists
  return {
    level: strongest([level, ...rules.flatMap((rule) => rule.level ?? [])]),
    ...(fresh.length === 0 ? {} : { freshWithin: Math.min(...fresh) }),
    ...(first === undefined
      ? {}
      : { factors: first.filter((name) => others.every((list) => list.includes(name))) }),
  }
}

function meet(wanted: readonly string[] | undefined, found: readonly string[] = []): boolean {
  return wanted === undefined || wanted.some((one) => found.includes(one))
}
