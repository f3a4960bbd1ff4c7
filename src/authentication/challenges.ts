import type { Authentication, SealedChallenge } from '../domain/authentication.ts'
import { type Duration, minute } from '../domain/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { Shown } from '../ports/factor.ts'
import type { Vault } from '../ports/vault.ts'
import { type Asker, type Processes, withoutKey } from './processes.ts'

/** What was asked, and how it is shown again when the page is loaded again. */
export interface Question {
  readonly challenge: unknown
  readonly show?: Shown
  /** The addresses that it may have gone to. */
  readonly about?: string
}

/** A question of which one try was taken. */
export interface Taken extends Question {
  /** Which one it was: only to this one is a try given back. */
  readonly sealed: string
}

export interface ChallengesTools {
  readonly vault: Vault
  readonly clock: Clock
  readonly processes: Processes
}

export interface Challenges {
  /** The living question, if there is one. Takes nothing. */
  peek(process: Authentication, key: string): Question | undefined
  seal(processId: string, key: string, question: Question, limits: ChallengeLimits): SealedChallenge
  /**
   * Takes one try by compare-and-set before any answer is looked at. A challenge has a constant number of tries (one, unless its factor
   * says otherwise), however many answers arrive at once; the last one removes it, and the page then asks a new question.
   */
  take(asker: Asker, process: Authentication, key: string): Promise<Taken | undefined>
  /** It is void: another one is asked. */
  drop(asker: Asker, key: string, taken: Taken): Promise<void>
  /** The answer was not looked at, or is not there yet. */
  giveBack(asker: Asker, key: string, taken: Taken): Promise<void>
  /** The question is over: from now on this stands in its place. */
  replace(asker: Asker, key: string, taken: Taken, question: Question): Promise<void>
}

export interface ChallengeLimits {
  readonly challengeLifetime?: Duration
  readonly challengeTries?: number
}

const usualLifetime = 10 * minute

export function createChallenges({ vault, clock, processes }: ChallengesTools): Challenges {
  const context = (processId: string, key: string) => `${processId} ${key}`

  function living(process: Authentication, key: string): SealedChallenge | undefined {
    const sealed = process.challenges[key]
    return sealed !== undefined && sealed.expiresAt > clock() && sealed.triesLeft > 0 ? sealed : undefined
  }

  function open(process: Authentication, key: string, { sealed }: SealedChallenge): Question {
    return JSON.parse(vault.open('challenge', sealed, context(process.id, key)))
  }

  async function replace(asker: Asker, key: string, { sealed }: Taken, question: Question): Promise<void> {
    await processes.change(asker, (now) => {
      const stored = now.challenges[key]
      if (stored?.sealed !== sealed) return undefined
      const resealed = vault.seal('challenge', JSON.stringify(question), context(now.id, key))
      return withChallenge(now, key, { ...stored, sealed: resealed })
    })
  }

  return {
    replace,
    peek(process, key) {
      const sealed = living(process, key)
      return sealed === undefined ? undefined : open(process, key, sealed)
    },
    seal(processId, key, question, { challengeLifetime = usualLifetime, challengeTries = 1 }) {
      const sealed = vault.seal('challenge', JSON.stringify(question), context(processId, key))
      return { sealed, triesLeft: challengeTries, expiresAt: clock() + challengeLifetime }
    },
    async take(asker, process, key) {
      const wanted = living(process, key)?.sealed
      if (wanted === undefined) return undefined
      const changed = await processes.change(asker, (now) => {
        const sealed = living(now, key)
        if (sealed?.sealed !== wanted) return undefined
        // Kept with no tries left, so that a try that was not looked at can be given back.
        return withChallenge(now, key, { ...sealed, triesLeft: sealed.triesLeft - 1 })
      })
      return changed === undefined
        ? undefined
        : {
            ...open(process, key, { ...process.challenges[key], sealed: wanted } as SealedChallenge),
            sealed: wanted,
          }
    },
    async drop(asker, key, taken) {
      await processes.change(asker, (now) =>
        now.challenges[key]?.sealed === taken.sealed
          ? { ...now, challenges: withoutKey(now.challenges, key) }
          : undefined,
      )
    },
    async giveBack(asker, key, taken) {
      await processes.change(asker, (now) => {
        const sealed = now.challenges[key]
        if (sealed?.sealed !== taken.sealed) return undefined
        return withChallenge(now, key, { ...sealed, triesLeft: sealed.triesLeft + 1 })
      })
    },
  }
}

export function withChallenge(process: Authentication, key: string, sealed: SealedChallenge): Authentication {
  return { ...process, challenges: { ...withoutKey(process.challenges, key), [key]: sealed } }
}

/** Where the question of an enrolment is kept beside those of proofs. */
export function enrolmentKey(factor: string): string {
  return `enrol:${factor}`
}
