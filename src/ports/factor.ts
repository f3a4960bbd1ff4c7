/**
 * A way to prove who one is: data in, data out. Persistence, expiry, attempts, single use, audit and timing are the engine's.
 * A new one is a file in `factors/`, a view `views/factors/<name>.ejs`, a test, and its line in `factors/index.ts`.
 */
import type { Strength } from '../domain/assurance.ts'
import type { Credential } from '../domain/credential.ts'
import type { Identity } from '../domain/identity.ts'
import type { Loss } from '../domain/loss.ts'
import type { Duration, Instant } from '../domain/time.ts'
import type { Message } from './messenger.ts'
import type { SignedDevice } from './signed-device.ts'

/** What a factor may know about the question it is asked. */
export interface Context {
  readonly now: Instant
  /** Absent when nobody has the identifier, or nobody is named yet: answer as slowly as ever. */
  readonly identity?: Identity
  /** What the person typed, normalised. */
  readonly identifier?: string
  /** Client address, for queues and messages. */
  readonly address: string
  /** Set in a browser in which the identity signed in before: a stranger's budget for messages is not this one's (S26). */
  readonly device?: string
  readonly language: string
  /** The issuer's origin and host: WebAuthn's expected origin and rpId. */
  readonly origin: string
  readonly host: string
  /** Nothing was proved yet: the answer alone has to say who it is, and nothing that is shown may depend on the person (S32). */
  readonly first?: boolean
  /** Somebody tries to get back in. `drill`: the owner only tries it out, so that nobody is to be troubled. */
  readonly recovery?: 'real' | 'drill'
  /** Which process asks: the same for as long as it is the same one. Absent for an enrolment. */
  readonly process?: string
  /** The browser's own words about itself, for messages and for the name of what is enrolled. */
  readonly userAgent?: string
  /** How the application is called that the person is signing in to. */
  readonly application?: string
  /** How many other credentials the identity has that count as another category: a password may be shorter then (S25). */
  readonly otherCategories: number
  /** Queues a message; returns at once, whether or not it will be delivered. */
  send(message: Message): Promise<void>
  readonly elsewhere: Elsewhere
  /** HMAC under the factor's own key: for codes too short to be hashed bare. */
  mac(value: string): string
  random(bytes: number): string
}

/**
 * How a question ends that is answered elsewhere. `disowned`: refused, and the person says that they did not begin it. `replaced`: a newer one
 * was put to the same devices.
 */
export type Ending = 'approved' | 'refused' | 'disowned' | 'replaced'

/** Questions that the person answers somewhere else (a mailed link, a phone) while the browser waits: stored sealed, answered once, collected once. */
export interface Elsewhere {
  /**
   * Puts the question of this process. Whoever opens `link` can answer it, in another browser only with the `number` that the waiting one
   * shows: nobody approves unseen what a stranger began.
   */
  ask(lifetime: Duration): Promise<{ readonly id: string; readonly link: string; readonly number: string }>
  /**
   * Puts it to the identity's signed devices and nobody else, always with the number. At most one is open per identity: a newer one replaces it.
   * `memo` comes back to `SignedDevice.disowned`.
   */
  askDevices(lifetime: Duration, memo: string): Promise<{ readonly id: string; readonly number: string }>
  /** Hands the answer to exactly one caller; `waiting` while there is none, or when it was collected. */
  collect(id: string): Promise<'waiting' | Ending>
  /** Invites one new signed device of the identity: the first that brings the secret is the one. */
  invite(lifetime: Duration): Promise<{ readonly id: string; readonly secret: string }>
  /** The device that came, once there is one. Takes nothing. */
  invited(id: string): Promise<Invited | 'nobody' | 'gone'>
  /** Whoever came was not welcome: the invitation is over. */
  uninvite(id: string): Promise<void>
}

/** Who followed an invitation: what its factor keeps, and the number that the device shows until the person confirms it. */
export interface Invited {
  readonly data: unknown
  readonly handle: string
  readonly label: string
  readonly number: string
}

/** Values for the factor's view, and nothing secret. */
export type Shown = Readonly<Record<string, unknown>>

export interface About {
  readonly values: Readonly<Record<string, string | number>>
  readonly warn: boolean
}

/** A form as it arrived: strings only, no duplicates (S41). */
export type Form = Readonly<Record<string, string>>

export type Verdict<Data> =
  /** `credential` replaces the stored data by compare-and-set (counter, step, rehash). `strength` overrides the factor's own. */
  | {
      readonly status: 'proved'
      readonly credential?: Data
      readonly strength?: Partial<Strength>
      /** Its owner is told, once the answer counts: who, where and when is filled in. */
      readonly tell?: Pick<Message, 'template' | 'values'>
    }
  /** `reason` is a locale key under `factors.<name>.refused.`; absent means the plain "that did not match". */
  | {
      readonly status: 'refused'
      readonly reason?: string
      /** The credential itself is in doubt, whoever answers: recorded, and its owner is told. `copied`: somebody else has it too. */
      readonly alarm?: 'copied'
      /** The question is over: this stands in its place until it is asked again. */
      readonly instead?: { readonly challenge: unknown; readonly show: Shown }
    }
  /** Not answered yet (push): the page waits. */
  | { readonly status: 'pending'; readonly show?: Shown }

export type Enrolled<Data> =
  | {
      readonly status: 'enrolled'
      readonly data: Data
      readonly label?: string
      readonly handle?: string
      /** What proofs with this one can be worth, where that differs from the factor's own. */
      readonly strength?: Partial<Strength>
      /** Not sufficient alone: accepted because `otherCategories` is not 0 (S25). */
      readonly needsCompanion?: boolean
      /** Shown once, with the page that says it worked (backup codes). */
      readonly show?: Shown
    }
  /**
   * `reason` is a locale key under `factors.<name>.refused.`; `values` fill it in. `pending` is no mistake: not answered yet, or there is more
   * to ask; the question is begun again with the running one, and shown as it is now.
   */
  | {
      readonly status: 'refused'
      readonly reason: string
      readonly values?: Readonly<Record<string, string | number>>
    }

export interface Enrolment<Data, Challenge> {
  /**
   * `running` is the question that a refused answer was for: whoever gives that very one back keeps it, so that a mistyped code does not
   * change the secret.
   */
  begin?(
    context: Context,
    enrolled: readonly Credential<Data>[],
    running?: Challenge,
  ): Promise<{ challenge: Challenge; show?: Shown }>
  finish(context: Context, challenge: Challenge | undefined, form: Form): Promise<Enrolled<Data>>
  /** The data for what was enrolled in another system; undefined when `material` is not something `verify` understands. */
  adopt?(material: Form): Data | undefined
}

export interface Factor<Data = unknown, Challenge = unknown> extends Strength {
  /** = file, configuration key, URL segment, view, locale key, audit tag. */
  readonly name: string
  /** Of views/assets/icons.svg, where it is listed; a lock when absent. */
  readonly icon?: string
  /** Offered to everybody before the first proof, enrolled or not (S32). */
  readonly first: boolean
  /** At most one credential per identity: a new enrolment replaces the old one. */
  readonly single: boolean
  /** A one-time link to a proved address may set a new one (invitation, forgotten). */
  readonly resettable: boolean
  /** How long a challenge lives; default 10 minutes. */
  readonly challengeLifetime?: Duration
  /** How many answers to one challenge are looked at; default 1. Codes that were sent allow a few, or a slip of the finger costs a message. */
  readonly challengeTries?: number
  /**
   * Signatures and values of 64 random bits or more (NIST SP 800-63B-4 3.1.2.2): a wrong answer is charged to the client address alone, never
   * to the account (S26).
   */
  readonly unguessable?: boolean
  /**
   * For whoever cannot use another way (codes on paper): offered beside those, but nobody who has nothing else is asked for it, and it makes
   * no other way sufficient.
   */
  readonly standIn?: boolean
  /** `only`: offered in recoveries and nowhere else, never as the first proof. `first`: may also be the first proof of a recovery. */
  readonly recovery?: 'only' | 'first'
  /**
   * Credentials that are kept elsewhere (trusted devices, other people): asked for in recoveries alone, after the first proof. Nothing is written back to
   * them; `createdAt` has to change whenever what is behind one does, so that an earlier proof with it is void.
   */
  held?(identity: Identity): Promise<readonly Credential<Data>[]>
  /** Where in the account portal people look after what is kept elsewhere: the last part of the address under `security`. */
  readonly page?: string
  /** Without credentials of its own: whoever has a proved identifier of this kind is enrolled, with that `Identifier` as the data (e-mail and SMS codes). */
  readonly implied?: 'email' | 'phone'
  /** What takes ways of this kind along when the person loses it: for what is said of how they get back in. */
  readonly lostWith?: readonly Loss[]
  /** Whether a credential is used up, so that nobody is asked for it. */
  spent?(data: Data): boolean
  /** Whether it soon is: whoever uses it at a sign-in is offered to make a new one. */
  runningOut?(data: Data): boolean
  /** What its owner sees of a credential where it is listed, in the words of `factors.<name>.about` (`about-warn` if they should do something). */
  about?(data: Data): About
  /** Stands in for a credential when there is none, so that a refusal costs the same. */
  readonly decoy: Data
  /**
   * Makes the question; `credentials` is empty for unknown people, who are asked all the same.
   * A factor that is `first` shows nothing that depends on them, and takes as long (S32). Asked again, it is given the question that
   * runs; whoever gives that very one back keeps it with its tries and its end (too early for another message).
   * `show.waitsUntil`, an `Instant`, makes the page look for an answer by itself until then; `show.againAt` puts a button on
   * the page that asks again, from then on.
   */
  begin?(
    context: Context,
    credentials: readonly Credential<Data>[],
    running?: Challenge,
  ): Promise<{ challenge: Challenge; show?: Shown }>
  /** Called again with the newer data when somebody else changed the credential meanwhile: of two equal one-time answers one proves. */
  verify(
    context: Context,
    credential: Credential<Data>,
    challenge: Challenge | undefined,
    form: Form,
  ): Promise<Verdict<Data>>
  /** Which question the person answers elsewhere (`Context.elsewhere`): the page that waits looks for its answer before it asks `verify`. */
  elsewhere?(challenge: Challenge): string | undefined
  /** Whether what other people are asked is decided, whichever way: looked for by the page that waits, instead of `elsewhere`. */
  answered?(challenge: Challenge): Promise<boolean>
  /** What is enrolled is a device that signs its requests, and answers by itself. */
  readonly device?: SignedDevice<Data>
  /** Throws `Problem('busy')` where `verify` would for want of room: asked before anybody pays, so that a flood costs next to nothing. */
  admit?(address: string): void
  /** Finds the credential when no identity is known yet (passkeys). */
  handle?(form: Form): string | undefined
  readonly enrolment?: Enrolment<Data, Challenge>
}

/** In the order in which ways are offered. */
// biome-ignore lint/suspicious/noExplicitAny: each factor keeps its own data types; the engine only carries them.
export type Factors = readonly Factor<any, any>[]
