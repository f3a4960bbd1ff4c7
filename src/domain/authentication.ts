import type { Level, Proof } from './assurance.ts'
import type { Duration, Instant } from './time.ts'

/** What the consumer asks for: who opened the process says how strong and how fresh the answer must be. */
export interface Requirement {
  readonly level: Level
  /** Below `level` the process fails (`acr` as an essential claim); otherwise the policy's own level is enough. */
  readonly essential: boolean
  /** Only this identity will do (a hint of the request, step-up, re-authentication). */
  readonly identityId?: string
  /** Typed for the person in advance (`login_hint`). */
  readonly hint?: string
  /** More, or fresher, than usual was asked for by name: a trusted device excuses from nothing. */
  readonly stepUp?: boolean
  /** For what the rules call a privileged action: those that are for such actions apply too. */
  readonly privileged?: boolean
  /** Somebody lost a way to prove who they are: what they have to give says recovery-step.ts, and what comes of it is no sign-in. */
  readonly recovery?: true
  /** With `recovery`: a fire drill. Everything is looked at and charged as ever, but nothing is used up and nothing comes of it. */
  readonly drill?: true
}

/** What was noticed about a visit, together with the first proof: nothing is looked at before (S32). */
export interface Observed {
  /** Names of the risk signals that were raised; each can ask for more, none for less. */
  readonly signals: readonly string[]
  /** Set on a device that this identity trusts, and until when it does. */
  readonly trustedUntil?: Instant
}

/** The process: a question, and the answers so far. Stored; each change is a compare-and-set. */
export interface Authentication {
  readonly id: string
  readonly version: number
  readonly expiresAt: Instant
  /** Digest of the browser it was opened in: nobody else may go on with it or redeem it. */
  readonly browser: string
  readonly requirement: Requirement
  /** The client it is for; messages and policies name it. */
  readonly clientId?: string
  /** Normalised; set once the person said who they are, whether or not such an identity exists. */
  readonly identifier?: string
  /** The same as the person typed it. */
  readonly written?: string
  /** Pinned by the first proof; until then the identifier is looked up at each step. */
  readonly identityId?: string
  readonly proofs: readonly Proof[]
  /** The person wants to be asked for less on this device from now on; said together with a proof after the first. */
  readonly trust?: boolean
  /** Set by the first proof. */
  readonly observed?: Observed
  /** What the last step said may wait: the person wants to do it later. */
  readonly postponed?: boolean
  /** Chosen among the offered ways. */
  readonly factor?: string
  /** Sealed challenges in flight, by factor name (for enrolment: `enrol:<factor>`). */
  readonly challenges: Readonly<Record<string, SealedChallenge>>
  /** Set when the person it is about said that it is not theirs: it is over. */
  readonly stoppedAt?: Instant
  /** Set when the result was handed over: it is handed over once. */
  readonly redeemedAt?: Instant
}

/** One question in flight. Each look at an answer takes a try by compare-and-set; the answer that proves removes it. */
export interface SealedChallenge {
  readonly sealed: string
  readonly triesLeft: number
  readonly expiresAt: Instant
}

/** Why a step is what it is, as data: for the audit, and in words by `explain`. */
export interface Because {
  /** Names of the rules that apply. */
  readonly rules: readonly string[]
  /** By the policy, its rules and the client together. */
  readonly demanded: Level
  /** By the proofs that count. */
  readonly reached: Level
  /** Only proofs by these count. */
  readonly factors?: readonly string[]
  /** Only proofs that are no older count. */
  readonly freshWithin?: Duration
  /** A rule says that no device is to be trusted. */
  readonly forbidsTrust?: true
  /** A trusted device stood in for the second factor. */
  readonly excused?: boolean
  /** What is missing was put off; then it is needed. */
  readonly postponedUntil?: Instant
}

/** What the process needs next. */
export type Step = { readonly because: Because } & (
  | { readonly kind: 'identify'; readonly hint?: string }
  | {
      readonly kind: 'prove'
      readonly oneOf: readonly string[]
      readonly chosen: string
      readonly why: 'first-proof' | 'level'
    }
  | {
      readonly kind: 'enrol'
      readonly oneOf: readonly string[]
      readonly chosen: string
      /**
       * `level`: no way that the person has reaches what is demanded. `needs-companion`: what they have is not sufficient alone (any more).
       * `backup`: with one loss they would be locked out. `running-out`: of what they just used little is left. `suggested`: nothing demands it.
       */
      readonly why: 'nothing-enrolled' | 'level' | 'needs-companion' | 'backup' | 'running-out' | 'suggested'
      /** The person may put it off; where there is a moment, until then. */
      readonly mayWait?: { readonly until?: Instant }
    }
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly reason: RefusalReason }
)

export type RefusalReason = 'expired' | 'stopped' | 'not-allowed' | 'wrong-identity' | 'unreachable'

/** The temporary identity proof's raw material: handed over once, to the consumer and browser it was opened for. */
export interface AuthenticationResult {
  readonly identityId: string
  /** When the last proof was given. */
  readonly authTime: Instant
  readonly level: Level
  readonly acr: string
  readonly amr: readonly string[]
  /** Which process it is the result of, and which credentials proved it: by these it can be questioned later. */
  readonly process: string
  readonly credentials: readonly string[]
  /** By which factors, in the order in which they were given; for people to read. */
  readonly factors?: readonly string[]
}
