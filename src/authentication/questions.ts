import type { Authentication, Step } from '../domain/authentication.ts'
import { nextStep } from '../domain/policy.ts'
import type { Clock } from '../ports/clock.ts'
import type { Factor, Factors, Shown } from '../ports/factor.ts'
import { candidatesOf } from './candidates.ts'
import {
  type ChallengeLimits,
  type Challenges,
  enrolmentKey,
  type Question,
  withChallenge,
} from './challenges.ts'
import type { Contexts, Visit } from './contexts.ts'
import type { Credentials } from './credentials.ts'
import type { Deferrals } from './deferrals.ts'
import type { Devices } from './devices.ts'
import type { Enrolments } from './enrolment.ts'
import type { PolicyNow } from './policy-now.ts'
import { type Asker, type Processes, sameQuestion } from './processes.ts'
import { destinationsOf, type Known, nobody, type Situations } from './situations.ts'

export interface QuestionsTools {
  readonly clock: Clock
  readonly factors: Factors
  readonly policy: PolicyNow
  readonly deferrals: Pick<Deferrals, 'of'>
  readonly processes: Processes
  readonly challenges: Challenges
  readonly situations: Situations
  readonly credentials: Credentials
  readonly contexts: Contexts
  readonly devices: Devices
  readonly enrolments: Pick<Enrolments, 'begin'>
}

/** Where a process stands. */
export interface Standing {
  readonly step: Step
  readonly known: Known
  /** The factor whose question `show` is. */
  readonly asks?: string
  readonly show?: Shown
}

export type Decided = Pick<Standing, 'step' | 'known'>

export interface Questions {
  /** What the process needs next. */
  decide(process: Authentication): Promise<Decided>
  /**
   * Where the process stands, with the question of its step begun if it has one. `again` asks a new one ("send it again"); what was
   * `decided` already is not decided again.
   */
  stand(
    asker: Asker,
    visit: Visit,
    process: Authentication,
    options?: { readonly again?: boolean; readonly decided?: Decided },
  ): Promise<Standing>
}

/** A step's question: where it is kept, and how it is made. */
interface Query {
  readonly factor: string
  readonly key: string
  readonly limits: ChallengeLimits
  begin(known: Known, running: Question | undefined): Promise<Question | undefined>
}

interface Beginning {
  readonly factor: Factor
  readonly process: Authentication
  readonly visit: Visit
  readonly asker: Asker
  readonly known: Known
  readonly running: Question | undefined
}

export function createQuestions(tools: QuestionsTools): Questions {
  const { clock, factors, policy, processes, challenges, situations, credentials, contexts } = tools
  const { devices, deferrals, enrolments } = tools

  async function decideFor(process: Authentication, known: Known): Promise<Decided> {
    const now = await policy()
    const deferred = await deferrals.of(process, known.identity, now)
    return { step: nextStep(process, { ...known, deferred }, now, clock()), known }
  }

  async function decide(process: Authentication): Promise<Decided> {
    return decideFor(process, await situations.of(process))
  }

  async function stand(
    asker: Asker,
    visit: Visit,
    process: Authentication,
    { again = false, decided }: NonNullable<Parameters<Questions['stand']>[3]> = {},
  ): Promise<Standing> {
    const { step: current, known } = decided ?? (await look(process))
    const query = queryOf(current, process, { visit, asker })
    if (query === undefined) return { step: current, known }
    const running = again ? undefined : challenges.peek(process, query.key)
    const { show } = running ?? (await ask(asker, process, query)) ?? {}
    return { step: current, known, asks: query.factor, ...(show === undefined ? {} : { show }) }
  }

  /** Before the first proof nobody is looked up unless there is somebody to ask (S32). */
  function look(process: Authentication): Promise<Decided> {
    return process.proofs.length > 0 ? decide(process) : decideFor(process, nobody)
  }

  async function ask(asker: Asker, process: Authentication, query: Query): Promise<Question | undefined> {
    const running = challenges.peek(process, query.key)
    const question = await query.begin(await situations.of(process), running)
    if (question === undefined) return undefined
    const sealed = challenges.seal(process.id, query.key, question, query.limits)
    const before = process.challenges[query.key]?.sealed
    const changed = await processes.change(asker, (now) => {
      const stored = now.challenges[query.key]
      // Two pages loaded at once: the question that was stored first is the one that counts.
      if (!sameQuestion(now, process) || stored?.sealed !== before) return undefined
      const { triesLeft, expiresAt } = stored ?? sealed
      const kept = running !== undefined && question.challenge === running.challenge
      return withChallenge(now, query.key, kept ? { ...sealed, triesLeft, expiresAt } : sealed)
    })
    if (changed !== undefined) return question
    const newest = await processes.load(asker)
    return newest === undefined ? undefined : challenges.peek(newest, query.key)
  }

  function queryOf(
    current: Step,
    process: Authentication,
    { visit, asker }: Pick<Beginning, 'visit' | 'asker'>,
  ): Query | undefined {
    if (current.kind === 'enrol') return enrolmentQuery(current.chosen, process, visit)
    const factor = factorOf(factors, current)
    if (factor?.begin === undefined) return undefined
    return {
      factor: factor.name,
      key: factor.name,
      limits: factor,
      begin: (known, running) => beginProof({ factor, process, visit, asker, known, running }),
    }
  }

  async function beginProof({ factor, process, visit, asker, known, running }: Beginning) {
    const device = await devices.find(visit.device, known.identity?.id)
    const candidates = candidatesOf(factor, known, credentials)
    const question = await factor.begin?.(
      contexts(factor, visit, known, process, { asker, device: device?.id }),
      candidates.map(({ credential }) => credential),
      running?.challenge,
    )
    const about = destinationsOf(factor, known)
    return question === undefined || about === undefined ? question : { ...question, about }
  }

  function enrolmentQuery(name: string, process: Authentication, visit: Visit): Query | undefined {
    const factor = factors.find((one) => one.name === name)
    const { identityId } = process
    if (factor?.enrolment?.begin === undefined || identityId === undefined) return undefined
    return {
      factor: name,
      key: enrolmentKey(name),
      limits: factor,
      begin: async (_known, running) => {
        const { ticket, show } = await enrolments.begin(identityId, name, visit, ticketOf(running))
        return { challenge: ticket, ...(show === undefined ? {} : { show }) }
      },
    }
  }

  return { decide, stand }
}

function ticketOf(running: Question | undefined): string | undefined {
  return typeof running?.challenge === 'string' ? running.challenge : undefined
}

/** Which factor's question the page asks. While nobody is named: the one that finds people by their answer. */
function factorOf(factors: Factors, step: Step): Factor | undefined {
  if (step.kind === 'prove') return factors.find((factor) => factor.name === step.chosen)
  if (step.kind === 'identify') return factors.find((factor) => factor.first && factor.handle !== undefined)
  return undefined
}
