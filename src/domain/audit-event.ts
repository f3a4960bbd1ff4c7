import type { Instant } from './time.ts'

/** Everything that is recorded, as `noun.verb`. */
export type AuditAction =
  | 'authentication.identified'
  | 'authentication.proved'
  | 'authentication.refused'
  | 'authentication.throttled'
  | 'authentication.completed'
  | 'authentication.disowned'
  | 'credential.enrolled'
  | 'credential.changed'
  | 'credential.renamed'
  | 'credential.removed'
  | 'credential.postponed'
  | 'credential.suspected'
  | 'device.trusted'
  | 'device.trust-revoked'
  | 'registration.requested'
  | 'identity.created'
  | 'identity.updated'
  | 'identity.registered'
  | 'identity.invited'
  | 'identity.activated'
  | 'identity.suspended'
  | 'identity.disabled'
  | 'identity.restored'
  | 'identity.deleted'
  | 'deletion.requested'
  | 'deletion.cancelled'
  | 'export.requested'
  | 'export.downloaded'
  | 'identity.identifier-verified'
  | 'identity.identifier-changed'
  | 'recovery.requested'
  | 'recovery.drilled'
  | 'recovery.started'
  | 'recovery.contested'
  | 'recovery.cancelled'
  | 'recovery.ready'
  | 'recovery.completed'
  | 'recovery.expired'
  | 'case.opened'
  | 'case.asked'
  | 'case.answered'
  | 'case.approved'
  | 'case.refused'
  | 'case.expired'
  | 'case.withdrawn'
  | 'case.attachment-read'
  | 'contact.invited'
  | 'contact.accepted'
  | 'contact.declined'
  | 'contact.left'
  | 'contact.removed'
  | 'contact.asked'
  | 'contact.approved'
  | 'contact.refused'
  | 'objection.raised'
  | 'consent.granted'
  | 'consent.refused'
  | 'consent.withdrawn'
  | 'session.started'
  | 'session.ended'
  | 'token.issued'
  | 'token.refreshed'
  | 'token.revoked'
  | 'token.reuse-detected'
  | 'client.created'
  | 'client.updated'
  | 'client.removed'
  | 'client.secret-added'
  | 'client.secret-removed'
  | 'client.authentication-failed'
  | 'policy.created'
  | 'policy.changed'
  | 'policy.removed'
  | 'key.rotated'
  | 'setup.completed'
  | 'backup.made'
  | 'backup.restored'

/** Who did something, and from where: an identity, a client, the command line or Signet itself. */
export interface Actor {
  readonly kind: 'identity' | 'client' | 'operator' | 'system'
  readonly id?: string
  /** Client address and browser; recorded among the sealed personal fields. */
  readonly address?: string
  readonly userAgent?: string
  readonly traceId?: string
}

/** What a caller says happened. Never a secret, code, token or password in any field (S42). */
export interface AuditEvent {
  readonly action: AuditAction
  readonly result: 'success' | 'failure'
  readonly actor: Actor
  /** Whom it concerns; the personal fields are sealed under this identity's key. */
  readonly identityId?: string
  readonly clientId?: string
  readonly sessionId?: string
  /** Why it failed or what was chosen: one of our own words, never input. */
  readonly reason?: string
  /** Personal or free-form: address, device, identifier typed, factor label … sealed. */
  readonly personal?: Readonly<Record<string, string>>
  /** Not personal: factor, scopes, counts … in clear. */
  readonly details?: Readonly<Record<string, string | number | boolean | readonly string[]>>
  readonly traceId?: string
}

/** As read back: `personal` is absent once the identity's key was destroyed. */
export interface AuditEntry extends AuditEvent {
  readonly id: string
  readonly at: Instant
}

/** What the people whom it concerns are told about, and under which heading. */
export const topics = ['sign-ins', 'ways', 'applications', 'recovery', 'account'] as const
export type Topic = (typeof topics)[number]

const topicsByNoun: Readonly<Record<string, Topic>> = {
  authentication: 'sign-ins',
  session: 'sign-ins',
  credential: 'ways',
  device: 'ways',
  consent: 'applications',
  token: 'applications',
  recovery: 'recovery',
  case: 'recovery',
  contact: 'recovery',
  objection: 'recovery',
}

/** Of no use to the person: one sign-in, and every hour of an application, makes many of them. */
const unspoken: ReadonlySet<AuditAction> = new Set([
  'authentication.identified',
  'authentication.proved',
  'token.issued',
  'token.refreshed',
  'identity.activated',
])

/** Undefined: it is recorded, and not told. A new noun belongs to the account unless `topicsByNoun` says otherwise. */
export function topicOf(action: AuditAction): Topic | undefined {
  return unspoken.has(action) ? undefined : (topicsByNoun[action.split('.')[0] ?? ''] ?? 'account')
}
