import type { Channel, Proof } from '../domain/assurance.ts'
import type { Authentication, Step } from '../domain/authentication.ts'
import { shortName } from '../domain/questioning.ts'
import type { Factors } from '../ports/factor.ts'
import type { AttemptBudget, Receipt } from './attempts.ts'
import type { Visit } from './contexts.ts'
import type { Devices } from './devices.ts'
import { aboutProcess, type Journal, purposeOf, reasonsOf } from './journal.ts'
import type { Observe } from './observation.ts'
import { type Asker, answered, type Processes, sameQuestion } from './processes.ts'
import type { Decided, Questions } from './questions.ts'
import { countersOf, deviceSubject } from './subjects.ts'
import type { Whereabouts } from './whereabouts.ts'

export interface ArrivalTools {
  readonly factors: Factors
  readonly processes: Processes
  readonly questions: Questions
  readonly attempts: AttemptBudget
  readonly devices: Devices
  readonly journal: Journal
  readonly observe: Observe
  readonly whereabouts: Pick<Whereabouts, 'note'>
}

/** A proof on its way into the process. */
export interface Proved {
  readonly identityId: string
  readonly proof: Proof
  /** Where its question is kept, if it answers one. */
  readonly key: string
  readonly asked?: boolean
  readonly receipts?: readonly Receipt[]
  /** Said together with the answer: "trust this device". */
  readonly trust?: boolean
}

export interface Arrival {
  /** Adds the proof to the process that asked for it, or not at all when that was answered or left meanwhile; then on to the next step. */
  add(asker: Asker, visit: Visit, process: Authentication, proved: Proved): Promise<Step | undefined>
  /** What follows when a process came to its end. */
  complete(
    visit: Visit,
    process: Authentication,
    decided: Decided,
    receipts: readonly Receipt[],
  ): Promise<void>
}

export function createArrival(tools: ArrivalTools): Arrival {
  const { factors, processes, questions, attempts, devices, journal, observe, whereabouts } = tools

  async function add(asker: Asker, visit: Visit, process: Authentication, proved: Proved) {
    const { identityId, proof, key, asked = false, receipts = [], trust = false } = proved
    const observed = process.observed ?? (await observe(visit, identityId, receipts))
    const changed = await processes.change(asker, (now) => {
      if (!sameQuestion(now, process)) return undefined
      // Another question may stand there by now: a form that is sent twice is refused once, and the page of the refusal asks anew.
      if (asked && now.challenges[key] === undefined) return undefined
      // A credential that was replaced on the way counts once, as it is now.
      const others = now.proofs.filter(
        ({ credentialId }) => credentialId === undefined || credentialId !== proof.credentialId,
      )
      const wish = trust && now.proofs.length > 0 ? { trust } : {}
      return { ...answered(now, key), ...wish, identityId, observed, proofs: [...others, proof] }
    })
    if (changed === undefined) return late(asker, visit, receipts)
    const decided = await questions.decide(changed)
    const raised = process.observed === undefined ? observed.signals : []
    const signals = raised.length === 0 ? {} : { signals: raised }
    const why = { ...purposeOf(changed), ...reasonsOf(decided.step.because) }
    const details = { factor: proof.factor, ...signals, ...why }
    const about = { ...aboutProcess(changed, { id: identityId }), details }
    await journal.record({ ...about, action: 'authentication.proved', result: 'success' }, visit)
    const { step, known } = await questions.stand(asker, visit, changed, { decided })
    if (step.kind === 'done') await complete(visit, changed, { known, step }, receipts)
    else await attempts.refund(receipts)
    if (step.kind === 'refused') {
      await journal.record(
        { ...about, reason: step.reason, action: 'authentication.refused', result: 'failure' },
        visit,
      )
    }
    return step
  }

  async function late(asker: Asker, visit: Visit, receipts: readonly Receipt[]): Promise<Step | undefined> {
    await attempts.refund(receipts)
    const newest = await processes.load(asker)
    return newest === undefined ? undefined : (await questions.stand(asker, visit, newest)).step
  }

  /** At a sign-in the right person is here: their failures are forgotten, their device is known, an address gets back only what this one took. */
  async function complete(
    visit: Visit,
    process: Authentication,
    { known, step }: Decided,
    receipts: readonly Receipt[],
  ): Promise<void> {
    const { identityId = '' } = process
    const device = await devices.find(visit.device, identityId)
    const own = device === undefined ? [] : [deviceSubject(device)]
    // Whoever tries to get back in may not be who they say: nothing becomes known by it, and guesses at what they did not give stay counted.
    const isSignIn = process.requirement.recovery !== true
    // Each in rows of its own; written together, they cost one commit.
    await Promise.all(
      isSignIn
        ? [
            attempts.clear([...countersOf(known, factors), ...own]),
            attempts.refund(receipts.filter(({ subject }) => subject.kind === 'address')),
            devices.remember(visit.device, identityId, visit.userAgent),
            whereabouts.note(identityId, visit.address),
          ]
        : [attempts.refund(receipts)],
    )
    const why = { ...purposeOf(process), ...reasonsOf(step.because) }
    const proved = { factors: process.proofs.map((proof) => proof.factor), process: shortName(process.id) }
    const details = { ...proved, ...why }
    await journal.record(
      {
        ...aboutProcess(process, { id: identityId }),
        details,
        action: 'authentication.completed',
        result: 'success',
      },
      visit,
    )
  }

  return { add, complete }
}

/** The channel over which everything so far came, if it was one (S44). */
export function soleChannel(proofs: readonly Proof[]): Channel | undefined {
  const [first, ...others] = proofs
  return others.every((proof) => proof.channel === first?.channel) ? first?.channel : undefined
}
