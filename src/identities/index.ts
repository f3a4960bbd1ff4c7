// Owns identities: who exists, by which identifiers, in which state, with which profile claims; and their erasure.
// It does not know how a person proves anything (authentication/) nor what they are signed in to (oidc/, told through the session registry).
// Uniqueness is a claim document per identifier, taken before the identity is written; `freeOrphanedClaims` repairs what a crash left between.
import type { Actor } from '../domain/audit-event.ts'
import type { ClaimsChange } from '../domain/claims.ts'
import type { Identifier, IdentifierKind } from '../domain/identifier.ts'
import type { Identity, IdentityState, Role } from '../domain/identity.ts'
import type { Duration } from '../domain/time.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { IdentityDirectory } from '../ports/identity-directory.ts'
import type { SessionRegistry } from '../ports/session-registry.ts'
import type { Page } from '../ports/storage.ts'
import type { Store } from '../ports/store.ts'
import type { Vault } from '../ports/vault.ts'
import { createCreation } from './creation.ts'
import { createIdentifiers } from './identifiers.ts'
import { createLifecycle } from './lifecycle.ts'
import { createLookup } from './lookup.ts'
import { createProfiles } from './profile.ts'

export interface IdentitiesTools {
  readonly store: Pick<
    Store,
    | 'identities'
    | 'claims'
    | 'credentials'
    | 'devices'
    | 'recoveries'
    | 'contacts'
    | 'vouchings'
    | 'whereabouts'
    | 'deferrals'
    | 'pictures'
    | 'links'
    | 'objections'
    | 'cases'
    | 'caseParts'
    | 'consents'
    | 'disclosures'
    | 'exports'
    | 'exportPieces'
    | 'replays'
  >
  readonly clock: Clock
  readonly random: Random
  readonly audit: AuditLog & { forget(identityId: string): Promise<void> }
  /** Asked late: the registry is built after the identities it refers to. */
  readonly sessions: () => Pick<SessionRegistry, 'endAll'>
  readonly vault: Pick<Vault, 'mac'>
  /** `username_reserved`: how long nobody else gets the username of somebody who was deleted. */
  readonly settings: { readonly identifiers: { readonly username_reserved: Duration } }
}

export interface IdentityDraft {
  readonly identifiers: readonly {
    readonly kind: IdentifierKind
    readonly written: string
    readonly verified?: boolean
  }[]
  readonly claims?: ClaimsChange
  readonly groups?: readonly string[]
  readonly roles?: readonly Role[]
  /** `invited` unless said otherwise: without a way to sign in, a person first accepts an invitation. */
  readonly state?: Extract<IdentityState, 'invited' | 'active'>
}

export type Created =
  | { readonly status: 'created'; readonly identity: Identity }
  | { readonly status: 'taken'; readonly kind: IdentifierKind }
  /** `kind` names the field: an identifier kind, a claim, `groups`, `roles` or `identifiers`. */
  | { readonly status: 'invalid'; readonly kind: string }

export interface IdentityChange {
  readonly claims?: ClaimsChange
  readonly groups?: readonly string[]
  readonly roles?: readonly Role[]
  /** One role given or taken, whatever happens to the others at the same time. */
  readonly role?: { readonly name: Role; readonly held: boolean }
}

export type Updated =
  | { readonly status: 'updated'; readonly identity: Identity }
  | { readonly status: 'invalid'; readonly kind: string }
  | { readonly status: 'unknown' }

export interface IdentifierChange {
  /** Control of it was proved; a username needs no proof. */
  readonly add?: Pick<Identifier, 'kind' | 'written'>
  /** The new one takes its place. */
  readonly remove?: Pick<Identifier, 'kind' | 'value'>
}

export type IdentifierChanged =
  | {
      readonly status: 'changed'
      readonly identity: Identity
      readonly added?: Identifier
      readonly removed?: Identifier
    }
  | { readonly status: 'invalid' }
  /** Somebody else has it. */
  | { readonly status: 'taken' }
  /** Too many usernames were given up: each is held for its former owner for 90 days. */
  | { readonly status: 'too-often' }
  /** What was to be removed is not there any more, it is the last one (or the last proved e-mail address), or there are too many. */
  | { readonly status: 'gone' }

export type Moved =
  | { readonly status: 'done'; readonly identity: Identity }
  /** The lifecycle does not lead there from its state. */
  | { readonly status: 'refused'; readonly state: IdentityState }
  | { readonly status: 'unknown' }

export interface IdentityQuery {
  readonly after?: string
  /** 1 to 1000. */
  readonly limit: number
  /** The beginning of an e-mail address, username or phone number, or a whole identity id. */
  readonly search?: string
}

export interface Identities extends IdentityDirectory {
  /** Tombstones of deleted identities too: check `state`. */
  get(id: string): Promise<Identity | undefined>
  /** In any state but deleted; as much work when nobody has the identifier. `any` takes it for whichever kind it looks like. */
  findByIdentifier(kind: IdentifierKind | 'any', value: string): Promise<Identity | undefined>
  /** Exactly one of N racers for an identifier gets it; the others leave nothing behind. */
  create(draft: IdentityDraft, by: Actor): Promise<Created>
  /** Merges with what others change at the same time. `change` may be input: anything but claims, groups, roles and role in it is ignored. */
  update(id: string, change: IdentityChange, by: Actor): Promise<Updated>
  /** Marks an identifier of the identity as proved; false when it has no such identifier (any more). */
  verifyIdentifier(id: string, kind: IdentifierKind, value: string, by: Actor): Promise<boolean>
  /** Adds, replaces or removes one. Exactly one of N identities gets an identifier; whoever else may not have it is for the caller to ask. */
  changeIdentifier(id: string, change: IdentifierChange, by: Actor): Promise<IdentifierChanged>
  /** An invitation was accepted: invited → active. */
  activate(id: string, by: Actor): Promise<Moved>
  /** Ends every session and token; `restore` does not bring them back. */
  suspend(id: string, by: Actor): Promise<Moved>
  disable(id: string, by: Actor): Promise<Moved>
  restore(id: string, by: Actor): Promise<Moved>
  /**
   * Ends everything and erases what is personal; a tombstone keeps the id from being used again. Repeatable: a second call finishes what a crash cut
   * short. With `when` only an identity of which that holds in the moment in which it is removed.
   */
  remove(id: string, by: Actor, when?: (identity: Identity) => boolean): Promise<Moved>
  /** Takes back a creation that did not come to its end: removes it, and its username is free at once. */
  discard(id: string, by: Actor): Promise<Moved>
  /** By id, or with `search` by identifier; a page may be shorter than `limit` although there is a next one. */
  list(query: IdentityQuery): Promise<Page<Identity>>
  /** A job: frees identifiers whose identity was never written or is gone; answers how many. Safe beside everything else. */
  freeOrphanedClaims(): Promise<number>
}

export function createIdentities(tools: IdentitiesTools): Identities {
  return {
    ...createLookup(tools),
    ...createCreation(tools),
    ...createProfiles(tools),
    ...createIdentifiers(tools),
    ...createLifecycle(tools),
  }
}
