import { assess } from '../domain/assurance.ts'
import type { Authentication, Step } from '../domain/authentication.ts'
import { parseIdentifier } from '../domain/identifier.ts'
import { resultOf } from '../domain/policy.ts'
import { type EnrolledWay, isChosen } from '../domain/ways.ts'
import type { Clock } from '../ports/clock.ts'
import type { Factor, Factors, Form } from '../ports/factor.ts'
import { type Arrival, soleChannel } from './arrival.ts'
import type { AttemptBudget } from './attempts.ts'
import { type Challenges, enrolmentKey } from './challenges.ts'
import type { Visit } from './contexts.ts'
import type { Questioned } from './elsewhere.ts'
import type { Enrolments } from './enrolment.ts'
import type { AuthenticationEngine, Current, Outcome, Redeemed } from './index.ts'
import type { Journal } from './journal.ts'
import { type Asker, type Processes, restarted, sameQuestion } from './processes.ts'
import type { Proving } from './proving.ts'
import type { Questions } from './questions.ts'
import type { SignedDevices } from './signed-devices.ts'
import { type People, type Situations, strengthOf } from './situations.ts'
import { countersOf } from './subjects.ts'
import type { TrustedDevices } from './trusted-devices.ts'

export interface EngineTools {
  readonly clock: Clock
  readonly factors: Factors
  readonly identities: People
  readonly processes: Processes
  readonly questions: Questions
  readonly situations: Situations
  readonly challenges: Challenges
  readonly attempts: AttemptBudget
  readonly journal: Journal
  readonly proving: Proving
  readonly arrival: Arrival
  readonly elsewhere: Questioned
  readonly signedDevices: SignedDevices
  readonly enrolments: Pick<Enrolments, 'finish'>
  readonly enough: AuthenticationEngine['enough']
  readonly postpone: AuthenticationEngine['postpone']
  readonly health: AuthenticationEngine['health']
  readonly trustedDevices: Pick<TrustedDevices, 'trust' | 'settings' | 'offeredIn'>
}

const lost: Outcome = { status: 'lost' }
const malformed: Outcome = { status: 'refused', reason: 'malformed' }

export function createEngine(tools: EngineTools): AuthenticationEngine {
  const { clock, factors, identities, processes, questions, situations, challenges } = tools
  const { attempts, journal, proving, arrival, elsewhere, enrolments, trustedDevices } = tools

  async function current(asker: Asker, visit: Visit): Promise<Current | undefined> {
    const process = await processes.load(asker)
    if (process === undefined) return undefined
    const { step, known, asks, show } = await questions.stand(asker, visit, process)
    // Whom a requirement names is not asked to type it; what they would have typed is shown all the same.
    const { hint, identityId } = process.requirement
    const identifier = process.written ?? (identityId === undefined ? undefined : hint)
    return {
      step,
      ...(identifier === undefined ? {} : { identifier }),
      ...(known.identity === undefined ? {} : { identity: known.identity }),
      ...(asks === undefined ? {} : { asks }),
      ...(show === undefined ? {} : { show }),
      ...(trustedDevices.offeredIn(process, step) ? { trustFor: trustedDevices.settings.lifetime } : {}),
      enrolled: [...new Set(known.enrolled.map((way) => way.factor))],
      proved: [...new Set(process.proofs.map(({ factor }) => factor))],
    }
  }

  async function identify(asker: Asker, visit: Visit, text: string): Promise<Outcome> {
    const process = await processes.load(asker)
    if (process === undefined) return lost
    const identifier = parseIdentifier(text)
    if (identifier === undefined) return malformed
    const changed = await processes.change(asker, (now) => {
      const mayName = now.proofs.length === 0 && now.requirement.identityId === undefined
      if (!mayName || now.redeemedAt !== undefined) return undefined
      return { ...restarted(now), identifier: identifier.value, written: identifier.written }
    })
    const outcome = await standing(asker, visit)
    if (changed !== undefined) noteIdentified(visit, changed.clientId, identifier.written)
    return outcome
  }

  /** Looked up and written after the answer; what is nobody's name may be anything, even a password in the wrong field, and is not kept. */
  function noteIdentified(visit: Visit, clientId: string | undefined, identifier: string): void {
    journal.later(async () => {
      const identity = await identities.findByIdentifier('any', identifier)
      if (identity === undefined) return
      const entry = { action: 'authentication.identified', result: 'success', claimed: true } as const
      await journal.record({ ...entry, clientId, identifier, identityId: identity.id }, visit)
    })
  }

  async function choose(asker: Asker, visit: Visit, factor: string): Promise<Outcome> {
    const process = await processes.load(asker)
    if (process === undefined) return lost
    const { step } = await questions.decide(process)
    if (!offered(step).includes(factor)) return standing(asker, visit)
    const changed = await processes.change(asker, (now) =>
      sameQuestion(now, process) ? { ...now, factor } : undefined,
    )
    return standing(asker, visit, { again: changed !== undefined })
  }

  async function prove(asker: Asker, visit: Visit, name: string, form: Form): Promise<Outcome> {
    const process = await processes.load(asker)
    if (process === undefined) return lost
    const { step, known } = await questions.decide(process)
    const factor = answerable(factors, step, name)
    // An answer that nobody asked for (a crafted step, a form posted twice) is not looked at.
    if (factor === undefined) return { status: 'moved', step }
    const look = await proving.look({ asker, visit, process, known, factor, form })
    if (look.status !== 'proved') return look
    const { identityId, proof, receipts, taken } = look
    const next = await arrival.add(asker, visit, process, {
      identityId,
      proof,
      key: name,
      asked: taken !== undefined,
      receipts,
      trust: form.trust !== undefined,
    })
    return next === undefined ? lost : { status: 'moved', step: next }
  }

  async function waiting(asker: Asker): Promise<'waiting' | 'answered' | 'moved'> {
    const process = await processes.load(asker)
    const step = process && (await questions.decide(process)).step
    // Over: the page says so once it is loaded again.
    if (step?.kind === 'refused') return 'answered'
    if (process === undefined || step?.kind !== 'prove') return 'moved'
    const factor = factors.find((one) => one.name === step.chosen)
    const question = challenges.peek(process, step.chosen)
    if (question === undefined || factor === undefined) return 'moved'
    if (factor.answered !== undefined)
      return (await factor.answered(question.challenge)) ? 'answered' : 'waiting'
    const id = factor.elsewhere?.(question.challenge)
    if (id === undefined) return 'moved'
    return (await elsewhere.isAnswered(id)) ? 'answered' : 'waiting'
  }

  async function vouch(
    asker: Asker,
    visit: Visit,
    { identityId, proof }: Parameters<AuthenticationEngine['vouch']>[2],
  ): Promise<Outcome> {
    const process = await processes.load(asker)
    if (process === undefined) return lost
    if (process.proofs.length > 0) return standing(asker, visit)
    if (proof.channel === 'email') await unlock(identityId)
    const next = await arrival.add(asker, visit, process, { identityId, proof, key: proof.factor })
    return next === undefined ? lost : { status: 'moved', step: next }
  }

  async function enrol(asker: Asker, visit: Visit, name: string, form: Form): Promise<Outcome> {
    const process = await processes.load(asker)
    if (process === undefined) return lost
    const { step } = await questions.decide(process)
    const factor = factors.find((one) => one.name === name)
    const { identityId, proofs } = process
    const asked = step.kind === 'enrol' && step.oneOf.includes(name)
    if (!asked || factor === undefined || identityId === undefined) return { status: 'moved', step }
    const key = enrolmentKey(name)
    const ticket = challenges.peek(process, key)?.challenge
    const channel = soleChannel(proofs)
    const options = {
      process: process.id,
      ...(typeof ticket === 'string' ? { ticket } : {}),
      ...(channel === undefined ? {} : { channel }),
    }
    const finished = await enrolments.finish(identityId, name, form, visit, options)
    if (finished.status === 'refused') {
      // No mistake: what is asked may show more now.
      const again = finished.reason === 'pending'
      return again || finished.reason === 'conflict' ? standing(asker, visit, { again }) : finished
    }
    const { id: credentialId, createdAt: since, strength: own } = finished.credential
    const strength = { ...strengthOf(factor), ...own, ...(channel === undefined ? {} : { channel }) }
    const proof = { ...strength, factor: name, credentialId, since, at: clock() }
    const next = await arrival.add(asker, visit, process, { identityId, proof, key })
    if (next === undefined) return lost
    return { status: 'moved', step: next, ...(finished.show === undefined ? {} : { show: finished.show }) }
  }

  async function redeem(asker: Asker, visit?: Visit): Promise<Redeemed | undefined> {
    const process = await processes.load(asker)
    if (process === undefined) return undefined
    const { step, known } = await questions.decide(process)
    if (step.kind !== 'done' || process.requirement.drill) return undefined
    const redeemed = await processes.change(asker, (now) =>
      sameQuestion(now, process) ? { ...now, challenges: {}, redeemedAt: clock() } : undefined,
    )
    if (redeemed === undefined) return undefined
    const mayTrust = !step.because.forbidsTrust && !process.requirement.recovery
    const wished = process.trust === true && mayTrust && visit !== undefined
    const device = wished ? await trustedDevices.trust(process, known, visit) : undefined
    const recovery = process.requirement.recovery ? { recovery: recoveredWith(process, known.enrolled) } : {}
    return { ...resultOf(process), ...recovery, ...(device === undefined ? {} : { device }) }
  }

  async function unlock(identityId: string): Promise<void> {
    await attempts.clear(countersOf(await situations.ofIdentity(await identities.get(identityId)), factors))
  }

  async function standing(
    asker: Asker,
    visit: Visit,
    options?: { readonly again?: boolean },
  ): Promise<Outcome> {
    const process = await processes.load(asker)
    if (process === undefined) return lost
    const { step } = await questions.stand(asker, visit, process, options)
    return { status: 'moved', step }
  }

  return {
    open: processes.open,
    current,
    identify,
    choose,
    prove,
    waiting,
    elsewhere,
    devices: tools.signedDevices,
    vouch,
    enrol,
    restart: async (asker) => {
      await processes.change(asker, (now) => (now.redeemedAt === undefined ? restarted(now) : undefined))
    },
    redeem,
    enough: tools.enough,
    postpone: tools.postpone,
    health: tools.health,
    unlock,
    settle: journal.settle,
  }
}

/** By what somebody came to the end of a recovery, and how far what they chose themselves goes. */
function recoveredWith({ proofs }: Authentication, enrolled: readonly EnrolledWay[]) {
  const chosen = enrolled.filter((way) => isChosen(way) && !way.held)
  const own = proofs.filter((proof) => chosen.some((way) => way.credentialId === proof.credentialId))
  return { factors: [...new Set(proofs.map(({ factor }) => factor))], own: assess(own).level }
}

function offered(step: Step): readonly string[] {
  return step.kind === 'prove' || step.kind === 'enrol' ? step.oneOf : []
}

/** The factor, if the step asks for it, or its answer says who one is where that is asked. */
function answerable(factors: Factors, step: Step, name: string): Factor | undefined {
  const factor = factors.find((one) => one.name === name)
  if (step.kind === 'prove') return step.oneOf.includes(name) ? factor : undefined
  return step.kind === 'identify' && factor?.first && factor.handle !== undefined ? factor : undefined
}
