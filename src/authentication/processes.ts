import type { Authentication, Requirement } from '../domain/authentication.ts'
import { Problem } from '../domain/problem.ts'
import type { Duration } from '../domain/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { Draft } from '../ports/storage.ts'
import type { Store } from '../ports/store.ts'
import type { Digest } from '../ports/vault.ts'

/** Who asks: the consumer it was opened for, in the browser it was opened in (the browser's raw secret; only its digest is stored). */
export interface Asker {
  readonly consumer: string
  readonly browser: string
}

export interface Opening {
  readonly requirement: Requirement
  readonly clientId?: string
  /** How long it may take, where that is not as long as usual. */
  readonly lifetime?: Duration
}

export interface ProcessesTools {
  readonly store: Pick<Store, 'authentications'>
  readonly digest: Digest
  readonly clock: Clock
  /** How long a process may take. */
  readonly lifetime: Duration
}

export interface Processes {
  /** Goes on with the one that runs for this consumer, browser and requirement, else begins anew; another browser's is left alone. */
  open(asker: Asker, opening: Opening): Promise<void>
  /** Undefined: none, expired, or another browser's. */
  load(asker: Asker): Promise<Authentication | undefined>
  /** Applies `amend` to the newest version until it is written; undefined when there is nothing to change, or `amend` says so. */
  change(
    asker: Asker,
    amend: (process: Authentication) => Authentication | undefined,
  ): Promise<Authentication | undefined>
  /** For good, in whatever browser it runs: the person it is about said that it is not theirs. One that is about somebody else by now is left alone. */
  stop(consumer: string, identityId: string): Promise<void>
}

const mostRounds = 200

export function createProcesses({ store, digest, clock, lifetime }: ProcessesTools): Processes {
  const rows = store.authentications

  async function load(asker: Asker): Promise<Authentication | undefined> {
    const process = await rows.get(digest(asker.consumer))
    return process?.browser === digest(asker.browser) ? process : undefined
  }

  async function change(asker: Asker, amend: (process: Authentication) => Authentication | undefined) {
    for (let round = 0; round < mostRounds; round += 1) {
      const process = await load(asker)
      const next = process === undefined ? undefined : amend(process)
      if (process === undefined || next === undefined) return undefined
      const mayBeLost = !takesAway(process, next)
      if (await rows.replace({ ...next, version: process.version }, { mayBeLost }))
        return { ...next, version: process.version + 1 }
    }
    throw new Problem('busy', { retryAfter: 1 })
  }

  async function open(asker: Asker, { lifetime: own = lifetime, ...opening }: Opening): Promise<void> {
    const fresh: Draft<Authentication> = {
      id: digest(asker.consumer),
      browser: digest(asker.browser),
      expiresAt: clock() + own,
      ...opening,
      proofs: [],
      challenges: {},
    }
    if (await rows.insert(fresh)) return
    await change(asker, (running) => (goesOn(running, opening) ? undefined : { ...fresh, version: 0 }))
  }

  async function stop(consumer: string, identityId: string): Promise<void> {
    for (let round = 0; round < mostRounds; round += 1) {
      const process = await rows.get(digest(consumer))
      if (process === undefined || process.redeemedAt !== undefined) return
      if (process.identityId !== undefined && process.identityId !== identityId) return
      if (await rows.replace({ ...process, challenges: {}, stoppedAt: clock() })) return
    }
    throw new Problem('busy', { retryAfter: 1 })
  }

  return { open, load, change, stop }
}

/** Answers given for one question are not an answer to another. */
function goesOn(running: Authentication, { requirement, clientId }: Opening): boolean {
  return (
    running.redeemedAt === undefined &&
    running.clientId === clientId &&
    JSON.stringify(running.requirement) === JSON.stringify(requirement)
  )
}

/**
 * What is spent or withdrawn has to survive a power cut: the result, a try of a question, a proof. Any other step is one that the person takes again;
 * and whatever is spent later takes all steps before it along.
 */
function takesAway(before: Authentication, next: Authentication): boolean {
  const tries = (name: string) => next.challenges[name]?.triesLeft ?? Number.POSITIVE_INFINITY
  return (
    next.redeemedAt !== before.redeemedAt ||
    next.proofs.length < before.proofs.length ||
    Object.entries(before.challenges).some(([name, { triesLeft }]) => tries(name) < triesLeft)
  )
}

/** Back to "who are you?"; what was proved and asked is gone. What was stopped stays so. */
export function restarted(process: Authentication): Authentication {
  if (process.stoppedAt !== undefined) return process
  const { id, version, expiresAt, browser, requirement, clientId } = process
  const client = clientId === undefined ? {} : { clientId }
  return { id, version, expiresAt, browser, requirement, ...client, proofs: [], challenges: {} }
}

/** Without the question that was answered, and without the choice that led to it. */
export function answered(process: Authentication, challenge: string): Authentication {
  const { factor: _factor, ...rest } = process
  return { ...rest, challenges: withoutKey(process.challenges, challenge) }
}

/** The same question was asked of the same person, and nothing was proved since. */
export function sameQuestion(one: Authentication, other: Authentication): boolean {
  return (
    one.redeemedAt === undefined &&
    one.stoppedAt === undefined &&
    one.identifier === other.identifier &&
    one.identityId === other.identityId &&
    one.proofs.length === other.proofs.length
  )
}

export function withoutKey<Value>(
  record: Readonly<Record<string, Value>>,
  key: string,
): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key))
}
