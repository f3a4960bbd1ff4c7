import type { Instant } from './time.ts'

/**
 * What a message is about, as far as its owner may end it with "this wasn't me": nothing beyond it is touched (a link must not be a weapon).
 * Everything but the identity is optional; a message that names nothing further has nothing to end, and its page says what protects the account.
 */
export interface Questioned {
  readonly identityId: string
  /** An authentication process: it is over, and so is the session that came of it. */
  readonly process?: string
  /** `uid` of a session: it ends with its tokens, offline ones too. */
  readonly session?: string
  /** Row of a device: known and trusted no more, and every session in that browser ends. */
  readonly device?: string
  /** When that device was first seen: finds it again under another row. */
  readonly deviceSince?: Instant
  /** A credential that was added: removed unless it is the last way in; the sessions that it proved end. */
  readonly credential?: string
  /** A client: its access ends. */
  readonly client?: string
  /** … and so does what it was allowed: it is asked about anew. */
  readonly consent?: true
  /** One-time links to choose a new way in: void. */
  readonly links?: true
  /** A recovery: it is stopped until two reviewers have looked at it. */
  readonly recovery?: string
  /** A change after which all others were signed out: whoever is signed in now came in with it, so every session ends. */
  readonly sessions?: true
  /** A recovery case: withdrawn by its owner, doubted by whoever reads their mail. */
  readonly recoveryCase?: string
  /** Somebody who was asked to vouch for the person one day: not asked any more. */
  readonly contact?: string
  /** A request to vouch: of whoever was asked a refusal (too late for one, the recovery is stopped), of its owner a warning to those who were asked. */
  readonly vouching?: string
  /** A request to delete the account: it is kept. */
  readonly deletion?: string
  /** A run of an export: what it made is deleted. */
  readonly dataExport?: string
}

/** What was ended, as words of ours: locale keys under `objection.done.`. */
export type Ended =
  | 'process-over'
  | 'session-ended'
  | 'device-forgotten'
  | 'credential-removed'
  | 'credential-kept'
  | 'client-ended'
  | 'links-void'
  | 'recovery-contested'
  | 'case-withdrawn'
  | 'case-doubted'
  | 'sessions-ended'
  | 'contact-removed'
  | 'vouching-refused'
  | 'vouching-stopped'
  | 'vouching-doubted'
  | 'account-kept'
  | 'export-removed'
  | 'nothing'
