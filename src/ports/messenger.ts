/** What is said to a person outside the browser. Words and layout are the messenger's; callers say which message and what it is about. */
import type { Questioned } from '../domain/objection.ts'
import type { Reader } from '../domain/reader.ts'
import type { Instant } from '../domain/time.ts'

export type MessageTemplate =
  | 'registration-code'
  | 'registration-existing'
  | 'address-code'
  | 'address-taken'
  | 'identifier-changed'
  | 'export-ready'
  | 'deletion-planned'
  | 'deletion-reminder'
  | 'deletion-kept'
  | 'account-deleted'
  | 'contact-invitation'
  | 'contact-invited'
  | 'contact-accepted'
  | 'contact-declined'
  | 'contact-left'
  | 'contact-removed'
  | 'contact-asked'
  | 'contacts-asked'
  | 'contact-vouched'
  | 'contact-refused'
  | 'contact-doubted'
  | 'invitation'
  | 'recovery-link'
  | 'recovery-nothing'
  | 'recovery-started'
  | 'recovery-contested'
  | 'recovery-cancelled'
  | 'recovery-ready'
  | 'recovery-open'
  | 'recovery-finished'
  | 'case-opened'
  | 'case-received'
  | 'case-asked'
  | 'case-approved'
  | 'case-refused'
  | 'case-over'
  | 'credential-added'
  | 'credential-changed'
  | 'credential-removed'
  | 'credential-suspected'
  | 'backup-code-used'
  | 'device-trusted'
  | 'guessing'
  | 'sign-in-disowned'
  | 'new-device'
  | 'new-place'
  | 'objection-raised'
  | 'token-reuse'
  | 'application-authorised'
  | 'application-extended'
  | 'factor-code'
  | 'factor-link'

/** Its head is whom it is for (`readerOf`); a stranger's words never stand in its `name`. */
export interface Message extends Reader {
  readonly template: MessageTemplate
  /**
   * Fill the template; a sentence whose value is absent or empty is left out. Known are `code`, `link` (to the issuer only),
   * `minutes` (how long code or link are valid: later than that the message is dropped), `application`, `address` and `device` (where something
   * happened; a User-Agent header will do; the place of an address is looked up), `at` (when, an `Instant`), `due` (when something is going to happen, an `Instant`), `factor` (what was changed), `count` (how many
   * are left), `ended` (what "this wasn't me" ended, names with spaces between), `added` and `removed` (masked addresses), `contact` (a name that the reader
   * typed), `person` and `mailbox` (somebody else: how they are called, and where their mail goes).
   */
  readonly values: Readonly<Record<string, string | number>>
  /** Puts "this wasn't me" into a mail: a link by which its reader ends just this, without signing in. */
  readonly about?: Questioned
  /** Of all messages of this name within a day one goes out: for whoever may come here again after a crash. */
  readonly once?: string
  /** Nothing may go on without it: where the queue is full, `send` throws `Problem('busy')` instead of losing it. */
  readonly needed?: true
}

export interface Messenger {
  /** Queues durably and returns; delivery is retried by the outbox. Takes as long whether or not anything can be delivered (S32). */
  send(message: Message): Promise<void>
}

export interface ObjectionLinks {
  /** The link for a message that goes out now and was sent at `at`; the same one each time it is tried. Undefined when it could not be used any more. */
  linkFor(message: Message, id: string, at: Instant): Promise<string | undefined>
}
