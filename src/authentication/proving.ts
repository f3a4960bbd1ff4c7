import type { Proof } from '../domain/assurance.ts'
import type { Authentication } from '../domain/authentication.ts'
import { readerOf, readersOf } from '../domain/reader.ts'
import type { Instant } from '../domain/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { Context, Factor, Form, Shown, Verdict } from '../ports/factor.ts'
import type { IdentityDirectory } from '../ports/identity-directory.ts'
import type { Message, Messenger } from '../ports/messenger.ts'
import type { Device } from '../ports/store.ts'
import type { AttemptBudget, Payment, Receipt } from './attempts.ts'
import { type Candidate, candidatesOf, decoyOf, namedBy } from './candidates.ts'
import type { Challenges, Taken } from './challenges.ts'
import type { Contexts, Visit } from './contexts.ts'
import type { Credentials } from './credentials.ts'
import type { Devices } from './devices.ts'
import type { Questioned } from './elsewhere.ts'
import { aboutProcess, type Entry, type Journal, purposeOf } from './journal.ts'
import type { Asker } from './processes.ts'
import { destinationsOf, type Known, type Situations, strengthOf } from './situations.ts'
import { subjectsOf } from './subjects.ts'

export interface ProvingTools {
  readonly clock: Clock
  readonly situations: Situations
  readonly identities: IdentityDirectory
  readonly credentials: Credentials
  readonly contexts: Contexts
  readonly challenges: Challenges
  readonly attempts: AttemptBudget
  readonly devices: Devices
  readonly elsewhere: Pick<Questioned, 'answeredBy'>
  readonly journal: Journal
  readonly messenger: Messenger
  readonly issuer: string
}

/** An answer that was handed in. */
export interface Answer {
  readonly asker: Asker
  readonly visit: Visit
  readonly process: Authentication
  readonly known: Known
  readonly factor: Factor
  readonly form: Form
}

export type Look =
  | {
      readonly status: 'proved'
      readonly identityId: string
      readonly proof: Proof
      readonly receipts: readonly Receipt[]
      readonly taken: Taken | undefined
    }
  | { readonly status: 'refused'; readonly reason?: string }
  | { readonly status: 'throttled'; readonly retryAt: Instant; readonly locked: boolean }
  | { readonly status: 'pending'; readonly show?: Shown }

/** What happens to one answer from here on. */
interface Hearing extends Answer {
  /** The answer names something that nobody has. */
  readonly unknown: boolean
  readonly candidates: readonly Candidate[]
  readonly device: Device | undefined
  readonly receipts: readonly Receipt[]
  readonly taken: Taken | undefined
}

interface Found {
  readonly verdict: Verdict<unknown>
  readonly candidate?: Candidate
}

// A credential that changes this often while one answer is looked at is somebody else's race.
const mostLooks = 3

export interface Proving {
  /**
   * Looks at one answer: who pays has paid before, the challenge has one try less, a one-time credential is moved on by compare-and-set.
   * For people who do not exist, or lack the factor, the same happens with a decoy. Adding the proof to the process is the caller's.
   */
  look(answer: Answer): Promise<Look>
}

export function createProving(tools: ProvingTools): Proving {
  const { clock, situations, credentials, contexts, challenges, attempts, devices, journal, messenger } =
    tools

  async function look(given: Answer): Promise<Look> {
    given.factor.admit?.(given.visit.address)
    const answer = { ...given, known: await whom(given) }
    const { process, factor, form, visit, known, asker } = answer
    const candidates = namedBy(form, factor, candidatesOf(factor, known, credentials))
    const device = await devices.find(visit.device, known.identity?.id)
    const payment = await attempts.pay(subjectsOf({ process, factor, candidates, device, visit }))
    if (payment.status === 'blocked') return turnedAway(payment, device)
    const { receipts, unheard } = payment
    const taken = factor.begin === undefined ? undefined : await challenges.take(asker, process, factor.name)
    if (factor.begin !== undefined && taken === undefined) {
      await attempts.refund(receipts)
      return { status: 'refused', reason: 'challenge-expired' }
    }
    // What went to an address that somebody else may read by now proves nothing any more (S35).
    if (taken !== undefined && taken.about !== destinationsOf(factor, answer.known)) {
      await challenges.drop(asker, factor.name, taken)
      await attempts.refund(receipts)
      return { status: 'refused', reason: 'challenge-expired' }
    }
    const unknown = candidates.length === 0 && (await namesNothing(answer))
    const heard = unheard ? [] : await answering(factor, candidates, taken)
    return hear({ ...answer, unknown, candidates: heard, device, receipts, taken })
  }

  /** An answer that a signed device gave names its credential: the others have nothing to say to it. */
  async function answering(factor: Factor, candidates: readonly Candidate[], taken: Taken | undefined) {
    const id = factor.device && taken && factor.elsewhere?.(taken.challenge)
    if (id === undefined) return candidates
    const by = await tools.elsewhere.answeredBy(id)
    // No answer, or not a device's own (a newer question came): the first to collect it has it, and the next would go on waiting.
    return by === undefined
      ? candidates.slice(0, 1)
      : candidates.filter(({ credential }) => credential.id === by)
  }

  /** Where nobody was named, the answer itself may name somebody. */
  async function whom({ factor, form, known, process }: Answer): Promise<Known> {
    const handle = process.identifier === undefined && known.identity === undefined && factor.handle?.(form)
    if (!handle) return known
    const credential = await credentials.byHandle(factor.name, handle)
    return situations.ofIdentity(await tools.identities.get(credential?.identityId ?? 'nobody'))
  }

  /** Only where names cannot be guessed: then whoever knows one learns nothing about a person (S32). */
  async function namesNothing({ factor, form }: Answer): Promise<boolean> {
    const handle = factor.unguessable ? factor.handle?.(form) : undefined
    return handle !== undefined && (await credentials.byHandle(factor.name, handle)) === undefined
  }

  async function turnedAway(
    payment: Extract<Payment, { status: 'blocked' }>,
    device: Device | undefined,
  ): Promise<Look> {
    const { retryAt, locked } = payment
    // From now on it counts as any other device.
    if (locked && device !== undefined) await devices.forget(device.id)
    return { status: 'throttled', retryAt, locked }
  }

  async function hear(hearing: Hearing): Promise<Look> {
    let found: Found
    try {
      found = await compare(hearing)
    } catch (error) {
      // Shed load never counts against an account (S26).
      await takenBack(hearing)
      throw error
    }
    const { verdict, candidate } = found
    if (verdict.status === 'pending') {
      await takenBack(hearing)
      return verdict
    }
    if (verdict.status === 'refused' && verdict.instead !== undefined && hearing.taken !== undefined)
      await challenges.replace(hearing.asker, hearing.factor.name, hearing.taken, verdict.instead)
    if (verdict.status === 'refused' || candidate === undefined) return refuse(hearing, verdict)
    const { credential } = candidate
    const { receipts, taken, factor, process } = hearing
    // In a fire drill nothing is used up, so that there is nothing to tell.
    if (verdict.tell !== undefined && !process.requirement.drill) await tellOwner(verdict.tell, hearing)
    const proof: Proof = {
      ...strengthOf(factor),
      ...credential.strength,
      ...(credential.channel === undefined ? {} : { channel: credential.channel }),
      ...verdict.strength,
      ...(credential.ceiling === undefined ? {} : { ceiling: credential.ceiling }),
      factor: factor.name,
      credentialId: credential.id,
      since: credential.createdAt,
      at: clock(),
    }
    return { status: 'proved', identityId: credential.identityId, proof, receipts, taken }
  }

  async function takenBack({ asker, factor, receipts, taken }: Hearing): Promise<void> {
    await attempts.refund(receipts)
    if (taken !== undefined) await challenges.giveBack(asker, factor.name, taken)
  }

  async function compare(hearing: Hearing): Promise<Found> {
    const { factor, visit, known, process, candidates, device, taken, form } = hearing
    const context = contexts(factor, visit, known, process, { device: device?.id })
    if (candidates.length === 0) {
      const verdict = await factor.verify(context, decoyOf(factor), taken?.challenge, form)
      return { verdict: verdict.status === 'pending' ? verdict : { status: 'refused' } }
    }
    let last: Found = { verdict: { status: 'refused' } }
    for (const candidate of candidates) {
      const verdict = await compareWith(candidate, context, hearing)
      if (verdict.status === 'proved') return { verdict, candidate }
      if (saysMore(verdict, last.verdict)) last = { verdict }
    }
    return last
  }

  /** Whoever loses the compare-and-set is compared with what the winner wrote: a used step is refused, a renewed hash still matches. */
  async function compareWith(
    candidate: Candidate,
    context: Context,
    { factor, taken, form, process }: Hearing,
  ): Promise<Verdict<unknown>> {
    const isDrill = process.requirement.drill === true
    let { credential, stored } = candidate
    for (let round = 0; round < mostLooks; round += 1) {
      const verdict = await factor.verify(context, credential, taken?.challenge, form)
      if (verdict.status !== 'proved' || stored === undefined || isDrill) return verdict
      if (await credentials.used(stored, verdict.credential)) return verdict
      stored = await credentials.get(stored.id)
      if (stored === undefined) break
      credential = credentials.open(stored)
    }
    return { status: 'refused' }
  }

  function refuse(hearing: Hearing, verdict: Verdict<unknown>): Look {
    const { process, factor, visit, known, receipts } = hearing
    const entry = {
      ...aboutProcess(process, known.identity),
      details: { factor: factor.name, ...purposeOf(process) },
    }
    journal.recordLater({ ...entry, action: 'authentication.refused', result: 'failure' }, visit)
    // One pause, one entry: credentials follow their identifier, an address is nobody's.
    const followers = new Set(['credential', 'address'])
    if (receipts.some(({ began, subject }) => began && !followers.has(subject.kind)))
      journal.recordLater({ ...entry, action: 'authentication.throttled', result: 'failure' }, visit)
    if (receipts.some(({ tell, subject }) => tell && subject.kind === 'identifier'))
      journal.later(() => tellOwner({ template: 'guessing', values: {} }, hearing))
    if (verdict.status === 'refused' && verdict.alarm !== undefined)
      raise(verdict.alarm, { ...hearing, entry })
    if (hearing.unknown) return { status: 'refused', reason: 'unknown' }
    // Before the first proof a reason could be about the credential, and so tell that there is one (S32).
    const reason = verdict.status === 'refused' && process.proofs.length > 0 ? verdict.reason : undefined
    return reason === undefined ? { status: 'refused' } : { status: 'refused', reason }
  }

  function raise(alarm: string, hearing: Hearing & { entry: Omit<Entry, 'action' | 'result'> }) {
    const { visit, factor, entry } = hearing
    journal.recordLater({ ...entry, reason: alarm, action: 'credential.suspected', result: 'failure' }, visit)
    const values = { factor: factor.name }
    journal.later(() => tellOwner({ template: 'credential-suspected', values }, hearing))
  }

  async function tellOwner(
    { template, values }: Pick<Message, 'template' | 'values'>,
    { known: { identity }, visit, process }: Answer,
  ): Promise<void> {
    if (identity === undefined) return
    // Whoever tries to get back in may hold one of the mailboxes: the owner hears of it wherever they can be reached.
    const readers = process.requirement.recovery ? readersOf(identity, visit) : [readerOf(identity, visit)]
    for (const reader of readers) {
      if (reader === undefined) continue
      await messenger.send({
        template,
        ...reader,
        values: {
          ...values,
          address: visit.address,
          device: visit.userAgent,
          at: clock(),
          link: new URL('/account', tools.issuer).href,
          ...(visit.application === undefined ? {} : { application: visit.application }),
        },
        about: { identityId: identity.id, process: process.id },
      })
    }
  }

  return { look }
}

/** Of several credentials the one that still waits is spoken of, then one with a reason of its own. */
function saysMore(verdict: Verdict<unknown>, other: Verdict<unknown>): boolean {
  if (other.status === 'pending') return false
  return verdict.status === 'pending' || (verdict.status === 'refused' && verdict.reason !== undefined)
}
