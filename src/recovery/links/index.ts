// Owns the one-time links that lead (back) in: an invitation, and "forgotten". A link proves one address and sets one credential; it signs nobody in,
// so a second factor is asked for as ever. What the credential is belongs to the factor, reached through `enrol`.
import type { Channel } from '../../domain/assurance.ts'
import type { Actor } from '../../domain/audit-event.ts'
import type { Identifier } from '../../domain/identifier.ts'
import { displayName, mailAddress } from '../../domain/identity.ts'
import { Problem } from '../../domain/problem.ts'
import { readerAt } from '../../domain/reader.ts'
import { type Duration, minute } from '../../domain/time.ts'
import type { Identities } from '../../identities/index.ts'
import type { AuditLog } from '../../ports/audit-log.ts'
import type { Clock, Random } from '../../ports/clock.ts'
import type { Form } from '../../ports/factor.ts'
import type { Messenger } from '../../ports/messenger.ts'
import type { SessionRegistry } from '../../ports/session-registry.ts'
import type { Link, Store } from '../../ports/store.ts'
import type { Digest, Vault } from '../../ports/vault.ts'
import { createLinkBook } from './book.ts'
import { createForgotten } from './forgotten.ts'
import { createRedemption } from './redemption.ts'

/** Where somebody asks from. */
export interface LinkOrigin {
  readonly address: string
  readonly language: string
  readonly userAgent?: string
  readonly traceId?: string
}

/** Who uses a link, and from where. */
export interface LinkVisit extends LinkOrigin {
  readonly userAgent: string
}

/** Enrolment in two parts, so that a refused form does not spend the link and a spent link writes nothing. */
export interface LinkEnrolment {
  prepare(
    identityId: string,
    factor: string,
    form: Form,
    visit: LinkVisit,
    /** `channel`: by which the link came, so that what is enrolled never counts as another factor than that channel (S44). */
    options: { readonly channel?: Channel },
  ): Promise<Prepared>
}

export type Prepared =
  /** Checked and hashed; `commit` writes the credential in place of the old one, or finds that somebody else did meanwhile. */
  | { readonly status: 'prepared'; commit(): Promise<{ readonly status: 'enrolled' | 'refused' }> }
  | RefusedForm

export interface RefusedForm {
  readonly status: 'refused'
  readonly reason: string
  readonly values?: Readonly<Record<string, string | number>>
}

export interface LinksTools {
  readonly store: Pick<Store, 'links' | 'credentials' | 'attempts'>
  readonly identities: Pick<Identities, 'get' | 'findByIdentifier' | 'activate' | 'verifyIdentifier'>
  readonly messenger: Messenger
  readonly vault: Vault
  readonly digest: Digest
  readonly clock: Clock
  readonly random: Random
  readonly audit: AuditLog
  readonly sessions: () => Pick<SessionRegistry, 'endAll'>
  readonly enrol: LinkEnrolment
  /** Only those that are `resettable` can be set through a link. */
  readonly factors: readonly { readonly name: string; readonly resettable: boolean }[]
  /** Lifts the lock that guessing put on an identifier: its owner proved the mailbox. */
  readonly unlocked: (identifier: Identifier) => Promise<void>
  readonly settings: {
    readonly invitation: { readonly lifetime: Duration }
    readonly recovery: { readonly link_lifetime: Duration }
  }
  readonly issuer: string
}

export interface Links {
  /**
   * A new invitation; earlier ones are void. With `mail` (the default) it is mailed as well when there is an address: the mailed link proves that
   * address; the answered one, which may be handed over in any way, does not. `Problem('conflict')` when the identity can sign in already, or never may.
   */
  invite(
    identityId: string,
    by: Actor,
    options: { readonly language: string; readonly mail?: boolean },
  ): Promise<{ link: string }>
  /** Forgotten: mails a link, or that there is nothing to recover. Same answer, same work; earlier links of the identity are void. */
  request(identifierText: string, asked: LinkOrigin): Promise<void>
  /** Whom the link is for; does not spend it. Undefined when it is unknown, spent, expired, or its identity may not use it. */
  peek(token: string): Promise<Peeked | undefined>
  /** Sets the credential; exactly one of N racers is `done`. Ends every session and token, tells the owner, lifts a lock. */
  redeem(token: string, factor: string, form: Form, visit: LinkVisit): Promise<Redeemed>
}

export interface Peeked {
  readonly purpose: Link['purpose']
  readonly identityId: string
  readonly name: string
  /** What the person signs in with: for the form's username field. */
  readonly identifier: string
}

export type Redeemed =
  | { readonly status: 'done'; readonly identityId: string }
  | RefusedForm
  | { readonly status: 'expired' }

export function createLinks(tools: LinksTools): Links {
  const { store, messenger, digest, audit, settings } = tools
  const book = createLinkBook(tools)
  return {
    async invite(identityId, by, { language, mail = true }) {
      const identity = await book.usable({ purpose: 'invitation', identityId })
      if (identity === undefined) throw new Problem('conflict')
      await book.voidEarlier('invitation', identityId)
      const { lifetime } = settings.invitation
      const to = mail ? mailAddress(identity) : undefined
      if (to !== undefined) {
        const reader = readerAt(to, identity, { language })
        const link = await book.issue({ purpose: 'invitation', identityId, address: to.value }, lifetime)
        const values = { link, minutes: lifetime / minute }
        await messenger.send({ template: 'invitation', ...reader, values })
      }
      await audit.record({
        action: 'identity.invited',
        result: 'success',
        actor: by,
        identityId,
        details: { mailed: to !== undefined },
      })
      return { link: await book.issue({ purpose: 'invitation', identityId, address: '' }, lifetime) }
    },

    request: createForgotten(tools, book),

    async peek(token) {
      const link = await store.links.get(digest(token))
      const identity = link === undefined ? undefined : await book.usable(link)
      if (link === undefined || identity === undefined) return undefined
      const identifier = (mailAddress(identity) ?? identity.identifiers[0])?.written ?? ''
      return { purpose: link.purpose, identityId: identity.id, name: displayName(identity), identifier }
    },

    redeem: createRedemption(tools, book),
  }
}
