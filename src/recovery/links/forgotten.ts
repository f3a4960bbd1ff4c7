import type { Actor } from '../../domain/audit-event.ts'
import { type Identifier, parseIdentifier } from '../../domain/identifier.ts'
import { type Identity, mailAddress, may } from '../../domain/identity.ts'
import { readerAt } from '../../domain/reader.ts'
import { minute } from '../../domain/time.ts'
import { createMailBudget } from '../../identities/mail-budget.ts'
import type { Message } from '../../ports/messenger.ts'
import type { LinkBook } from './book.ts'
import type { LinkOrigin, Links, LinksTools } from './index.ts'

/** Nowhere: a number or a name that nobody has is not written to, but the work is done. */
const nowhere: Identifier = { kind: 'username', value: '', written: '' }

/** What to do about a text that somebody typed: whose it is, and which mailbox hears of it. */
interface Case {
  readonly owner?: Identity
  readonly to: Identifier
  /** Stands in for the owner's id when there is none, so that the same rows are read and written. */
  readonly subject: string
}

/** "Forgotten": the same reads, writes and messages whether or not there is anything to recover (S32). */
export function createForgotten(tools: LinksTools, book: LinkBook): Links['request'] {
  const { identities, messenger, vault, audit, settings, issuer, clock } = tools
  const budget = createMailBudget(tools)
  const lifetime = settings.recovery.link_lifetime

  async function judge(text: string): Promise<Case & { readonly found?: Identity }> {
    const typed = parseIdentifier(text)
    const found = await identities.findByIdentifier('any', text)
    const owner = found !== undefined && may(found, 'recover') ? found : undefined
    const to = owner === undefined ? undefined : destination(owner, typed)
    if (owner !== undefined && to !== undefined) return { found, owner, to, subject: owner.id } as Case
    const stranger = typed?.kind === 'email' ? typed : nowhere
    const subject = vault.mac('recovery-nobody', typed?.value ?? text)
    return { to: stranger, subject, ...(found === undefined ? {} : { found }) }
  }

  async function send({ owner, to, subject }: Case, asked: LinkOrigin): Promise<void> {
    await book.voidEarlier('recovery', subject)
    const link = await book.issue({ purpose: 'recovery', identityId: subject, address: to.value }, lifetime)
    const { address, userAgent } = asked
    const place = { address, at: clock(), ...(userAgent === undefined ? {} : { device: userAgent }) }
    const values: Message['values'] = { ...place, minutes: lifetime / minute }
    const reader = readerAt(to, owner, asked)
    await messenger.send(
      owner === undefined
        ? {
            template: 'recovery-nothing',
            ...reader,
            values: { ...values, link: `${issuer}/account` },
          }
        : {
            template: 'recovery-link',
            ...reader,
            values: { ...values, link },
            about: { identityId: owner.id, links: true },
          },
    )
  }

  return async (identifierText, asked) => {
    const { found, ...judged } = await judge(identifierText)
    const affordable = await budget.spend('recovery', judged.to.value || judged.subject)
    // Too much mail already: the same work for nobody, so that the time does not tell which names share a mailbox.
    await send(
      affordable ? judged : { to: nowhere, subject: vault.mac('recovery-nobody', judged.subject) },
      asked,
    )
    await audit.record({
      action: 'recovery.requested',
      result: affordable && judged.owner !== undefined ? 'success' : 'failure',
      actor: stranger(asked),
      ...(found === undefined ? {} : { identityId: found.id }),
      ...(affordable ? {} : { reason: 'mail-budget' }),
    })
  }
}

/** The address that was typed when it is the identity's and proved, else the one that messages go to. */
function destination(identity: Identity, typed: Identifier | undefined): Identifier | undefined {
  const proved = identity.identifiers.find(
    ({ kind, value, verifiedAt }) => kind === 'email' && value === typed?.value && verifiedAt !== undefined,
  )
  return proved ?? mailAddress(identity)
}

/** Whoever asks has proved nothing. */
function stranger({ address, userAgent, traceId }: LinkOrigin): Actor {
  return {
    kind: 'system',
    address,
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(traceId === undefined ? {} : { traceId }),
  }
}
