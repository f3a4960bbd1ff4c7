import type { Questioned } from '../../domain/objection.ts'
import type { Duration, Instant } from '../../domain/time.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Message, MessageTemplate, ObjectionLinks } from '../../ports/messenger.ts'
import type { Objection, Store } from '../../ports/store.ts'
import type { Digest, Vault } from '../../ports/vault.ts'

/** What whoever opens the link is shown: what the message said, and nothing more. */
export interface QuestionedMessage {
  readonly template: MessageTemplate
  /** When it happened. */
  readonly at: Instant
  readonly application?: string
  readonly address?: string
  readonly userAgent?: string
  /** The name of what was changed. */
  readonly factor?: string
}

/** A row, opened. */
export interface OpenObjection {
  readonly row: Objection
  readonly message: QuestionedMessage
  readonly about: Questioned
  readonly language: string
  /** Where the message went. */
  readonly to: Message['to']
}

export interface ObjectionBook extends ObjectionLinks {
  /** Takes nothing: programs that read mail open links too (S33). Undefined when it never was, or expired. */
  find(token: string): Promise<OpenObjection | undefined>
}

export interface ObjectionBookTools {
  readonly store: Pick<Store, 'objections'>
  readonly vault: Vault
  readonly digest: Digest
  readonly clock: Clock
  readonly settings: { readonly alerts: { readonly objection_lifetime: Duration } }
  /** Origin of this server as people see it. */
  readonly issuer: string
}

type Content = Omit<OpenObjection, 'row'>

const purpose = 'objection'

/**
 * The links themselves. They are made when the message leaves and not when it is asked for, so that nothing on the way to an answer takes longer
 * because there is somebody to write to (S32).
 */
export function createObjectionBook(tools: ObjectionBookTools): ObjectionBook {
  const { store, vault, digest, clock, settings, issuer } = tools
  return {
    async linkFor(message, messageId, at) {
      const { about, language, to } = message
      const expiresAt = at + settings.alerts.objection_lifetime
      if (about === undefined || expiresAt <= clock()) return undefined
      // The same for every try to deliver it, known to nobody without the key.
      const token = vault.mac(purpose, messageId)
      const id = digest(token)
      const content: Content = { message: questioned(message, at), about, language, to }
      const sealed = vault.seal(purpose, JSON.stringify(content), id)
      await store.objections.insert({ id, identityId: about.identityId, sealed, expiresAt })
      // From the issuer and nothing else: a request's Host never reaches a message (S33).
      return `${issuer}/objection?key=${token}`
    },

    async find(token) {
      const row = await store.objections.get(digest(token))
      return row && { row, ...(JSON.parse(vault.open(purpose, row.sealed, row.id)) as Content) }
    },
  }
}

function questioned({ template, values }: Message, sent: Instant): QuestionedMessage {
  const { at = sent, application, address, device, factor } = values
  const text = { application, address, userAgent: device, factor }
  const said = Object.entries(text).filter(([, value]) => value !== undefined && value !== '')
  return { template, at: Number(at), ...Object.fromEntries(said.map(([key, value]) => [key, String(value)])) }
}
