// Owns the process that answers "who are you, and can you prove it?": its steps, its questions in flight, its single result.
// It does not know what the result turns into (its consumers do) nor how one factor works (factors/). What comes next is domain/policy.ts's
// to say: every operation ends there. Who pays for wrong answers is attempts.ts; ways to prove are added and removed in enrolment.ts.
import type { Level, Proof } from '../domain/assurance.ts'
import type { AuthenticationResult, Step } from '../domain/authentication.ts'
import type { Rule } from '../domain/demand.ts'
import type { Identity } from '../domain/identity.ts'
import type { Health } from '../domain/recovery-health.ts'
import type { Duration, Instant } from '../domain/time.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { Factors, Form, Shown } from '../ports/factor.ts'
import type { Logger } from '../ports/logger.ts'
import type { Messenger } from '../ports/messenger.ts'
import type { Places } from '../ports/places.ts'
import type { RiskSignals } from '../ports/signal.ts'
import type { Store } from '../ports/store.ts'
import type { Digest, Vault } from '../ports/vault.ts'
import { createArrival } from './arrival.ts'
import { createAttempts } from './attempts.ts'
import { createChallenges } from './challenges.ts'
import { createContexts, type Visit } from './contexts.ts'
import { createCredentials } from './credentials.ts'
import { createDeferrals } from './deferrals.ts'
import { createDevices } from './devices.ts'
import { createElsewhere, type Questioned } from './elsewhere.ts'
import { createEngine } from './engine.ts'
import type { Enrolments } from './enrolment.ts'
import { createFacts } from './facts.ts'
import { createHealth } from './health.ts'
import { createJournal } from './journal.ts'
import { createObservation } from './observation.ts'
import { createPolicyNow, type PolicyTools } from './policy-now.ts'
import { createPostponement } from './postponement.ts'
import { type Asker, createProcesses, type Opening } from './processes.ts'
import { createProving } from './proving.ts'
import { createQuestions } from './questions.ts'
import type { EnrolmentRefusal } from './refusal.ts'
import { createSignedDevices, type EndResults, type SignedDevices } from './signed-devices.ts'
import { createSituations, type People } from './situations.ts'
import { createSufficiency, type Standing } from './sufficiency.ts'
import type { ThrottleSettings } from './throttle.ts'
import { createTrustedDevices, type TrustSettings } from './trusted-devices.ts'
import { createWhereabouts } from './whereabouts.ts'

export type { Visit } from './contexts.ts'
export type { Asker, Opening } from './processes.ts'

export interface AuthenticationTools {
  readonly store: Pick<
    Store,
    | 'authentications'
    | 'approvals'
    | 'replays'
    | 'credentials'
    | 'attempts'
    | 'devices'
    | 'whereabouts'
    | 'deferrals'
  >
  readonly identities: People
  /** In the order in which ways are offered. */
  readonly factors: Factors
  /** What is demanded beyond the level of the settings, as it is now. */
  readonly rules: () => Promise<readonly Rule[]>
  readonly enrolments: Pick<Enrolments, 'begin' | 'finish'>
  readonly vault: Vault
  readonly digest: Digest
  readonly clock: Clock
  readonly random: Random
  readonly messenger: Messenger
  readonly audit: AuditLog
  readonly log: Logger
  /** Origin of this server as people see it. */
  readonly issuer: string
  /** Absent: none is ever raised. */
  readonly signals?: RiskSignals
  /** Absent: nobody knows where an address is. */
  readonly places?: Places
  /** Absent: no device can be trusted. */
  readonly trust?: TrustSettings
  /** Absent: nothing comes of a process. */
  readonly endResults?: EndResults
  readonly settings: {
    readonly throttle: ThrottleSettings
    readonly policy: PolicyTools['settings']['policy']
    readonly lifetimes: { readonly authentication: Duration }
  }
}

/** Where a process stands. */
export interface Current {
  readonly step: Step
  /** As typed. */
  readonly identifier?: string
  /** Only after the first proof. */
  readonly identity?: Identity
  /** The factor whose question is asked; while nobody is named: the one that finds people by their answer. */
  readonly asks?: string
  /** For that factor's view. */
  readonly show?: Shown
  /** For how long this device is trusted if the person says so beside their answer; absent where they cannot. */
  readonly trustFor?: Duration
  /** Names of the factors that the identity has; empty before the first proof (S32). */
  readonly enrolled: readonly string[]
  /** Names of the factors that were given so far. */
  readonly proved: readonly string[]
}

export interface Redeemed extends AuthenticationResult {
  /** A new secret for the device, which is trusted under it and under no older one. */
  readonly device?: string
  /** Of a recovery: the factors that were given, and how far those go that the person enrolled themselves (no addresses, nothing kept elsewhere). */
  readonly recovery?: { readonly factors: readonly string[]; readonly own: Level }
}

export type Outcome =
  /** On to the next step (which may be the same one again: another was answered meanwhile). `show`: once, what an enrolment made. */
  | { readonly status: 'moved'; readonly step: Step; readonly show?: Shown }
  /** `reason` is a locale key under `factors.<name>.refused.`, absent for the plain "that did not match"; `challenge-expired`, `malformed` and `unknown` (nobody has what the answer names) are ours. */
  | EnrolmentRefusal
  | { readonly status: 'refused'; readonly reason?: string; readonly values?: undefined }
  | { readonly status: 'throttled'; readonly retryAt: Instant; readonly locked: boolean }
  /** Nothing was answered yet: the page asks again. */
  | { readonly status: 'pending'; readonly show?: Shown }
  /** None, expired, or another browser's. */
  | { readonly status: 'lost' }

/** All operations may be called in parallel, from any process; each change is a compare-and-set. They throw `Problem('busy' | 'storage-unavailable')`. */
export interface AuthenticationEngine {
  /** Goes on with the process of this consumer, or begins one. */
  open(asker: Asker, opening: Opening): Promise<void>
  /** Makes the step's question if it has none yet. Undefined: none, expired, or another browser's. */
  current(asker: Asker, visit: Visit): Promise<Current | undefined>
  /** "I am …"; the same work and answer for people who do not exist. */
  identify(asker: Asker, visit: Visit, text: string): Promise<Outcome>
  /** Another of the offered ways; chosen again, its question is asked anew. */
  choose(asker: Asker, visit: Visit, factor: string): Promise<Outcome>
  prove(asker: Asker, visit: Visit, factor: string, form: Form): Promise<Outcome>
  /** Somebody else proved who this is (registration: a code by mail). Unlocks what that proof unlocks. */
  vouch(
    asker: Asker,
    visit: Visit,
    voucher: { readonly identityId: string; readonly proof: Proof },
  ): Promise<Outcome>
  /** While the step is `enrol`: what is enrolled counts as a proof. */
  enrol(asker: Asker, visit: Visit, factor: string, form: Form): Promise<Outcome>
  /** "Remind me later", while the step is `enrol` and says that it may wait. */
  postpone(asker: Asker, visit: Visit): Promise<Outcome>
  /** Whether the question of the step, put to the person elsewhere, is answered: then `prove` collects. `moved`: nothing of that kind is asked (any more). */
  waiting(asker: Asker): Promise<'waiting' | 'answered' | 'moved'>
  /** For whoever opens such a question. */
  readonly elsewhere: Pick<Questioned, 'look' | 'answer'>
  /** For devices of people that answer by themselves. */
  readonly devices: SignedDevices
  /** "Use a different account". */
  restart(asker: Asker): Promise<void>
  /**
   * The result, to exactly one of N callers; undefined when there is none (yet, any more, or for this asker). With `visit` the device that the
   * person wanted to trust is trusted.
   */
  redeem(asker: Asker, visit?: Visit): Promise<Redeemed | undefined>
  /**
   * Whether what somebody proved earlier does for this client now: strong and fresh enough for every rule that applies, or excused by a trusted
   * device, or what is missing may still be put off. Signals are looked at again. Without `credentials` nothing counts where a rule
   * says that only some factors do. Whoever just proved it must not be asked this again, or they would go in circles.
   */
  enough(standing: Standing): Promise<boolean>
  /** How the identity gets back in after each loss. Undefined for nobody, and for whoever may not get back in. */
  health(identityId: string): Promise<Health | undefined>
  /** Pauses and locks of the identity are over: its owner proved to be there in another way (a mailed link). */
  unlock(identityId: string): Promise<void>
  /** Resolves when everything that was put off until after an answer (audit entries, messages) is done. Before the store closes. */
  settle(): Promise<void>
}

const noSignals: RiskSignals = { names: [], comparesPlaces: false, raised: () => [] }
const nowhere: Places = { find: () => undefined }

export function createAuthentication(tools: AuthenticationTools): AuthenticationEngine {
  const { identities, factors, settings, signals = noSignals, places = nowhere } = tools
  const credentials = createCredentials(tools)
  const situations = createSituations({ identities, factors, credentials })
  const processes = createProcesses({ ...tools, lifetime: settings.lifetimes.authentication })
  const challenges = createChallenges({ ...tools, processes })
  const attempts = createAttempts({ ...tools, settings: settings.throttle })
  const trustedDevices = createTrustedDevices(tools)
  const devices = createDevices(tools)
  const whereabouts = createWhereabouts({ ...tools, places, wanted: signals.comparesPlaces })
  const facts = createFacts({ ...tools, situations, attempts, devices, whereabouts, places })
  const parts = {
    ...tools,
    policy: createPolicyNow(tools),
    deferrals: createDeferrals(tools),
    credentials,
    situations,
    processes,
    challenges,
    attempts,
    elsewhere: createElsewhere(tools),
    contexts: createContexts(tools),
    devices,
    whereabouts,
    journal: createJournal(tools),
    trustedDevices,
    observe: createObservation({ trustedDevices, signals, facts }),
  }
  const questions = createQuestions(parts)
  const arrival = createArrival({ ...parts, questions })
  const proving = createProving(parts)
  const postpone = createPostponement({ ...parts, questions, arrival })
  const enough = createSufficiency(parts)
  const signedDevices = createSignedDevices(parts)
  return createEngine({
    ...parts,
    questions,
    arrival,
    proving,
    postpone,
    enough,
    signedDevices,
    health: createHealth(parts),
  })
}
