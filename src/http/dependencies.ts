import type { Enrolments } from '../authentication/enrolment.ts'
import type { AuthenticationEngine } from '../authentication/index.ts'
import type { TrustedDevices } from '../authentication/trusted-devices.ts'
import type { Consents } from '../clients/consents.ts'
import type { Clients } from '../clients/index.ts'
import type { Duration } from '../domain/time.ts'
import type { AddressKind, AddressProofs } from '../identities/address-proofs.ts'
import type { Deletions } from '../identities/deletion/index.ts'
import type { Exports } from '../identities/export/index.ts'
import type { Identities } from '../identities/index.ts'
import type { Pictures } from '../identities/pictures.ts'
import type { Registrations } from '../identities/registration.ts'
import type { Setup } from '../identities/setup.ts'
import type { Oidc } from '../oidc/index.ts'
import type { AuditLog, AuditStories } from '../ports/audit-log.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { Factors } from '../ports/factor.ts'
import type { InboxReader } from '../ports/inbox.ts'
import type { Logger } from '../ports/logger.ts'
import type { Places } from '../ports/places.ts'
import type { Engine } from '../ports/storage.ts'
import type { Waker } from '../ports/waker.ts'
import type { Cases } from '../recovery/cases/index.ts'
import type { Contacts } from '../recovery/contacts/index.ts'
import type { Vouchings } from '../recovery/contacts/vouching.ts'
import type { Links } from '../recovery/links/index.ts'
import type { Objections } from '../recovery/objections/index.ts'
import type { Questioning } from '../recovery/objections/questioning.ts'
import type { Recoveries } from '../recovery/recoveries/index.ts'
import type { CredentialChange, CredentialRemoval } from '../recovery/told/credential-change.ts'
import type { IdentifierChanges } from '../recovery/told/identifier-change.ts'
import type { Limits } from './middleware/limits.ts'
import type { Web } from './web.ts'

/** The parts of the configuration that the entrance reads, by their names in config/default.yaml. */
export interface WebSettings {
  readonly mode: 'development' | 'production'
  /** Origin that people and applications see, without a path. */
  readonly issuer: string
  readonly trusted_proxies: readonly string[]
  readonly allowed_hosts: readonly string[]
  readonly brand: {
    readonly name: string
    readonly support_url: string | null
    readonly terms_url: string | null
    readonly privacy_url: string | null
  }
  /** Offered, the first is the fallback. */
  readonly languages: readonly string[]
}

/** Everything the entrance calls; server.ts fills it. */
export interface AppDependencies {
  readonly web: Web
  readonly oidc: Oidc
  readonly authentication: AuthenticationEngine
  readonly enrolments: Enrolments
  readonly trustedDevices: TrustedDevices
  readonly factors: Factors
  /** Devices of people are woken for the key that it names. */
  readonly waker: Waker
  readonly identities: Identities
  readonly pictures: Pictures
  readonly registrations: Registrations
  readonly setup: Setup
  readonly links: Links
  /** … and of people who still have some: proved, waited for, used once. */
  readonly recoveries: Recoveries
  /** For people who have no way left to prove who they are; judged by two reviewers. */
  readonly cases: Cases
  /** "This wasn't me", from a message. */
  readonly objections: Objections
  /** … and from a line of one's own activity. */
  readonly questioning: Questioning
  /** A signed-in person sets a credential: other sessions end, the owner is told. */
  readonly changeCredential: CredentialChange
  /** … or removes one. */
  readonly removeCredential: CredentialRemoval
  /** People's e-mail addresses and phone numbers: the kinds that a code can be sent to, that code, and what it changes. */
  readonly addresses: {
    readonly kinds: readonly AddressKind[]
    readonly proofs: AddressProofs
    readonly changes: IdentifierChanges
  }
  /** Everything that is kept about a person, for themselves. */
  readonly exports: Exports
  /** The end of an account that its person asks for. */
  readonly deletions: Deletions
  /** Whom people trust to vouch for them. */
  readonly contacts: Contacts
  /** What they are asked, and answer. */
  readonly vouchings: Vouchings
  readonly clients: Clients
  readonly consents: Consents
  readonly audit: AuditLog & AuditStories
  /** Present in development mode only. */
  readonly inbox?: InboxReader | undefined
  readonly places: Places
  readonly store: Pick<Engine, 'ping'>
  /** What else readiness asks for, by name (the message queue …); a check that throws or answers false makes it unready. */
  readonly health?: Readonly<Record<string, () => Promise<boolean> | boolean>>
  readonly clock: Clock
  readonly random: Random
  readonly settings: WebSettings & {
    readonly webauthn: { readonly related_origins: readonly string[] }
    /** What APIs are called. */
    readonly resources?: Readonly<Record<string, { readonly name?: string | undefined }>>
    readonly account: { readonly deletion_delay: Duration }
    readonly recovery: { readonly delay: Duration; readonly process_lifetime: Duration }
  }
  readonly log: Logger
  /** Other limits per address than the built-in ones, for tests. */
  readonly limits?: Partial<Limits>
}
