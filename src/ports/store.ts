/** Every collection by name and type. `storage/collections.ts` declares the indexes and durability of each. */
import type { Authentication } from '../domain/authentication.ts'
import type { Client } from '../domain/client.ts'
import type { Consent } from '../domain/consent.ts'
import type { Credential } from '../domain/credential.ts'
import type { Rule } from '../domain/demand.ts'
import type { Identity } from '../domain/identity.ts'
import type { Ended } from '../domain/objection.ts'
import type { RecoveryCase } from '../domain/recovery-case.ts'
import type { Instant } from '../domain/time.ts'
import type { StoredAuditEntry } from './audit-row.ts'
import type { CasePart } from './case-part.ts'
import type { ContactCircle } from './contact-circle.ts'
import type { RecoveryRow } from './recovery-row.ts'
import type { Collection, Engine, Entity } from './storage.ts'

export interface Collections {
  readonly identities: Identity
  /** Uniqueness of e-mail, phone, username, credential handle: taken before its owner is written. `id` is `claimId(…)`. */
  readonly claims: IdentifierClaim
  readonly credentials: Credential
  readonly authentications: Authentication
  readonly approvals: Approval
  readonly attempts: Attempts
  readonly devices: Device
  /** Where each identity signed in before, if a risk signal compares places. id = identity id. */
  readonly whereabouts: SealedPlaces
  readonly links: Link
  readonly objections: Objection
  readonly registrations: Registration
  /** The recovery of each person that runs, or ran last. id = identity id. */
  readonly recoveries: RecoveryRow
  readonly cases: RecoveryCase
  readonly caseParts: CasePart
  /** What people asked to be given of themselves. id = identity id. */
  readonly exports: DataExport
  /** The document of an export, in order: id = the export's `pieces`, then a number. */
  readonly exportPieces: DataPiece
  /** People's own pictures, at their public address. Not sealed: whoever has the address of one, which stands beside it in a claim, is shown it. */
  readonly pictures: Picture
  readonly clients: Client
  readonly consents: Consent
  /** What each application was last given of whom. id = `consentId(…)`. */
  readonly disclosures: Disclosure
  readonly deferrals: Deferral
  /** Whom people trust to vouch for them. id = whose they are. */
  readonly contacts: ContactCircle
  /** What was put to them, with what they answered. */
  readonly vouchings: VouchingRow
  /** oidc-provider's models, id `<Model>:<digest of the jti>`. */
  readonly artifacts: Artifact
  /** One row per living or ended session, id = digest of its uid. */
  readonly sessions: SessionRow
  /** What may happen once and did (a `jti` seen, a ticket spent, a try taken): insert-only, but for what is reserved anew. */
  readonly replays: Replay
  /** Rules of the policy. id = name. */
  readonly policies: StoredRule
  readonly keys: StoredKey
  readonly audit: StoredAuditEntry
  /** Per-identity keys of the audit's personal fields; destroying one erases them. id = identity id. */
  readonly identityKeys: SealedKey
  readonly jobs: Job
  /** Development only: caught mail and SMS. */
  readonly inbox: InboxMessage
  /** Small singletons: set-up code, root data key, built-in secrets. */
  readonly settings: Setting
}

export type Store = { readonly [Name in keyof Collections]: Collection<Collections[Name]> } & Engine

/** Something that happened once, or is kept from happening, until it expires. */
interface Replay extends Entity {
  readonly since?: Instant
}

export interface IdentifierClaim extends Entity {
  readonly identityId: string
  readonly takenAt: Instant
  /** The identity gave it up, and nobody else gets it before that. */
  readonly heldUntil?: Instant
}

/**
 * A question that is answered elsewhere than in the browser that waits: through a mailed link, on a phone. `id` = digest of its secret.
 * Its answer is a row of its own, `<id> answer`: neither is ever changed, so that what counts is who inserts the one and who takes the other.
 */
export interface Approval extends Entity {
  /** Who asks from where, and the number that both sides show; or the answer. */
  readonly sealed: string
  readonly expiresAt: Instant
}

/** Failures in a row for one subject (identifier, credential, address …); `id` is a keyed hash of it. */
export interface Attempts extends Entity {
  /** What the pauses grow with; forgotten after a quiet while. */
  readonly failures: number
  /** Since the last success: what the lock counts. */
  readonly inARow: number
  readonly blockedUntil: Instant
  readonly lastAt: Instant
  /** The owner was told that somebody is guessing. */
  readonly toldAt?: Instant
}

/** A browser in which an identity signed in before. `id` = digest of the device cookie + identity. */
export interface Device extends Entity {
  readonly identityId: string
  readonly userAgent: string
  readonly firstSeenAt: Instant
  readonly lastSeenAt: Instant
  /** Digest of the device cookie: the same for everybody who signed in there. */
  readonly browser?: string
  /** Set together: the second factor is not asked for there, until then, with these ways to prove. */
  readonly trustedAt?: Instant
  readonly trustedUntil?: Instant
  readonly trustedFor?: string
}

/** Coarse places and when, newest first. */
export interface SealedPlaces extends Entity {
  readonly sealed: string
  readonly expiresAt: Instant
}

/** A one-time link that was mailed. `id` = digest of its token. */
export interface Link extends Entity {
  readonly purpose: 'invitation' | 'recovery'
  readonly identityId: string
  readonly address: string
  readonly expiresAt: Instant
}

/** "This wasn't me", in one message. `id` = digest of its link's token; kept until it expires, so that a second click is told what was done. */
export interface Objection extends Entity {
  readonly identityId: string
  /** What the message was about, and what it said. */
  readonly sealed: string
  /** Somebody pressed the button; being worked on until `ended` is there. */
  readonly raisedAt?: Instant
  readonly ended?: readonly Ended[]
  readonly expiresAt: Instant
}

/** An address that somebody wants to register: the code is a keyed hash, the rest is sealed. `id` is the process it belongs to. */
export interface Registration extends Entity {
  readonly code: string
  readonly sealed: string
  readonly triesLeft: number
  readonly expiresAt: Instant
}

/** One at a time for each person; the latest one counts. */
export interface DataExport extends Entity {
  readonly run: string
  readonly requestedAt: Instant
  /** Set together once the document is whole. */
  readonly readyAt?: Instant
  readonly pieces?: string
  /** How many of them. */
  readonly count?: number
  readonly expiresAt: Instant
}

export interface DataPiece extends Entity {
  readonly identityId: string
  /** Under a key that is destroyed with the identity. */
  readonly sealed: string
  readonly expiresAt: Instant
}

/** Since when a rule that gives people time applies to one, or, without a rule, when they put off what was suggested. `id` = identity + rule. */
export interface Deferral extends Entity {
  readonly identityId: string
  readonly rule?: string
  readonly at: Instant
}

/** One request to vouch, with its answers: each contact has one. */
export interface VouchingRow extends Entity {
  readonly ownerId: string
  /** The process that waits for it. */
  readonly process: string
  /** Identity ids of those who were asked. */
  readonly asked: readonly string[]
  /** Who asks from where, when, and the phrase. */
  readonly sealed: string
  readonly answers: readonly {
    readonly identityId: string
    /** Of the relation by which they were asked. */
    readonly contact: string
    readonly approves: boolean
    readonly at: Instant
  }[]
  /** Whoever reads the owner's mail, or is signed in as them, says that it is not them: the contacts are warned. */
  readonly doubtedAt?: Instant
  /** Enough of them vouched, and the process has it. */
  readonly endedAt?: Instant
  readonly expiresAt: Instant
}

export interface Disclosure extends Entity {
  readonly identityId: string
  readonly clientId: string
  readonly at: Instant
  /** As a consent names it: a scope by its name, others as `refusedClaim` and `refusedResourceScope` write them. */
  readonly names: readonly string[]
}

export interface Artifact extends Entity {
  readonly sealed: string
  readonly grantId?: string
  readonly uid?: string
  readonly accountId?: string
  readonly clientId?: string
  readonly userCode?: string
  readonly sessionUid?: string
  readonly consumedAt?: Instant
}

/** `id`: 128 random bits. */
export interface Picture extends Entity {
  readonly identityId: string
  /** A JPEG of ours in base64. */
  readonly bytes: string
  readonly createdAt: Instant
}

export interface SessionRow extends Entity {
  readonly sealed: string
  /** Digest of the id that the cookie carries now; the index under which a request finds its session. */
  readonly alias: string
  readonly identityId?: string
  readonly endedAt?: Instant
  readonly startedAt: Instant
  readonly lastSeenAt: Instant
  readonly absoluteEnd: Instant
}

export interface StoredRule extends Entity {
  readonly rule: Rule
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

export interface StoredKey extends Entity {
  readonly use: 'sig'
  readonly alg: string
  readonly publicJwk: Readonly<Record<string, unknown>>
  readonly sealedPrivateJwk: string
  readonly createdAt: Instant
  readonly signsFrom: Instant
  readonly retiredAt?: Instant
}

export interface SealedKey extends Entity {
  readonly sealed: string
}

export interface Job extends Entity {
  readonly kind: string
  /** Sealed JSON: a message holds codes and links. */
  readonly sealed: string
  readonly dueAt: Instant
  readonly tries: number
  readonly leasedUntil: Instant
  readonly failedAt?: Instant
}

export interface InboxMessage extends Entity {
  readonly at: Instant
  readonly channel: 'email' | 'sms'
  readonly to: string
  readonly sealed: string
}

export interface Setting extends Entity {
  readonly value: string
}
