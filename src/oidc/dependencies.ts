import type { AcrNames, Level } from '../domain/assurance.ts'
import type { Actor } from '../domain/audit-event.ts'
import type { Consent } from '../domain/consent.ts'
import type { Duration, Instant } from '../domain/time.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { ClientDirectory } from '../ports/client-directory.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { IdentityDirectory } from '../ports/identity-directory.ts'
import type { JobQueue } from '../ports/job-queue.ts'
import type { Logger } from '../ports/logger.ts'
import type { Messenger } from '../ports/messenger.ts'
import type { GuardedFetch } from '../ports/outbound.ts'
import type { NewSession } from '../ports/session-registry.ts'
import type { Store } from '../ports/store.ts'
import type { Digest, Vault } from '../ports/vault.ts'
import type { Pages } from './pages.ts'

/** The parts of the configuration that the protocol reads, by their names in config/default.yaml. */
export interface OidcSettings {
  readonly mode: 'development' | 'production'
  /** Origin that people and applications see, without a path. */
  readonly issuer: string
  readonly languages: readonly string[]
  /** What relying parties call our levels. */
  readonly acr: AcrNames
  readonly lifetimes: {
    readonly code: Duration
    readonly interaction: Duration
    readonly access_token_jwt: Duration
    readonly access_token: Duration
    readonly id_token: Duration
    readonly refresh_idle: Duration
    readonly refresh_absolute: Duration
    readonly refresh_retry_window: Duration
    readonly session_idle: Duration
    readonly session_idle_two_factors: Duration
    readonly session_absolute: Duration
    readonly session_remembered: Duration
  }
  readonly keys: {
    readonly algorithms: readonly ('ES256' | 'RS256' | 'EdDSA')[]
    readonly rotate_every: Duration
    readonly jwks_max_age: Duration
    readonly poll: Duration
  }
  readonly resources: Readonly<Record<string, ResourceSettings>>
  readonly backchannel_logout: { readonly timeout: Duration; readonly queue: number }
}

/** An API that access tokens are made for, under its resource indicator (RFC 8707). */
export interface ResourceSettings {
  readonly name?: string | undefined
  readonly scopes: readonly string[]
  readonly access_token_format: 'jwt' | 'opaque'
  /** What its JWTs are signed with; the first of `keys.algorithms` when absent. */
  readonly access_token_alg?: 'ES256' | 'RS256' | 'EdDSA' | undefined
  /** The clients with whose credentials the API introspects tokens made for it. */
  readonly introspected_by?: readonly string[] | undefined
}

/** What a person decided about a client, as the consent records know it. */
export interface Decision {
  readonly scopes: readonly string[]
  readonly claims: readonly string[]
  readonly resources: Readonly<Record<string, readonly string[]>>
  /** Names as `grants.ts` writes them: a scope, `claims <name>`, `<indicator> <scope>`. */
  readonly refused: readonly string[]
}

/** The memory of what people allowed; the clients service implements it. */
export interface ConsentRecords {
  get(identityId: string, clientId: string): Promise<Consent | undefined>
  /** Adds to what was allowed; what is refused now is allowed no longer, and the other way round. */
  allow(
    identityId: string,
    clientId: string,
    decision: Decision,
    by: Actor,
    language?: string,
  ): Promise<unknown>
}

/** Who is signed in, how and when, and where this request comes from: what a policy can ask about. */
export interface StandingSession {
  readonly identityId: string
  readonly clientId: string
  readonly level: Level
  readonly authTime: Instant
  /** With which credentials it was opened. */
  readonly credentials?: readonly string[]
  /** The raw device cookie. */
  readonly device?: string
  readonly address: string
  /** The request asks for more by name: no device excuses. */
  readonly stepUp?: boolean
}

export interface OidcDependencies {
  readonly config: OidcSettings
  readonly store: Store
  readonly vault: Vault
  readonly digest: Digest
  readonly clock: Clock
  readonly random: Random
  readonly clients: ClientDirectory
  readonly identities: IdentityDirectory
  readonly consents: ConsentRecords
  readonly audit: AuditLog
  readonly queue: JobQueue
  readonly fetch: GuardedFetch
  readonly pages: Pages
  /** Whether a session still does for a client, as the policy stands now. Absent: it always does. */
  readonly enough?: (session: StandingSession) => Promise<boolean>
  readonly messenger: Messenger
  /** Called when a sign-in became a session; returns at once. */
  readonly onSignIn?: (session: NewSession) => void
  readonly log: Logger
}
