import { displayName, type Identity, mailAddress } from '../../domain/identity.ts'
import type { Questioned } from '../../domain/objection.ts'
import { everywhere, readerOf } from '../../domain/reader.ts'
import type { Clock } from '../../ports/clock.ts'
import type { IdentityDirectory } from '../../ports/identity-directory.ts'
import type { Message, MessageTemplate, Messenger } from '../../ports/messenger.ts'
import type { LinkOrigin } from '../links/index.ts'

export interface LettersTools {
  readonly identities: IdentityDirectory
  readonly messenger: Messenger
  readonly clock: Clock
  readonly issuer: string
}

export interface Letter {
  readonly template: MessageTemplate
  /** From where whatever it tells of was done. */
  readonly origin: Pick<LinkOrigin, 'language'> & Partial<LinkOrigin>
  /** A path of the portal. */
  readonly link: string
  readonly values?: Message['values']
  readonly about?: Omit<Questioned, 'identityId'>
  readonly once?: string
  /** Not only where messages go: somebody may hold one of their mailboxes. */
  readonly everyChannel?: true
}

/** Writes to a person, by id; nobody is written to who is not there any more. */
export type Letters = (identityId: string, letter: Letter) => Promise<void>

export function createLetters({ identities, messenger, clock, issuer }: LettersTools): Letters {
  return async (identityId, { template, origin, link, values = {}, about, once, everyChannel }) => {
    const identity = await identities.get(identityId)
    if (identity === undefined || identity.state === 'deleted') return
    const { address, userAgent } = origin
    const usual = [readerOf(identity, origin)].flatMap((reader) => reader ?? [])
    for (const reader of everyChannel ? everywhere(identity, origin.language, clock()) : usual)
      await messenger.send({
        template,
        ...reader,
        values: {
          at: clock(),
          link: `${issuer}${link}`,
          ...(address === undefined ? {} : { address }),
          ...(userAgent === undefined ? {} : { device: userAgent }),
          ...values,
        },
        ...(about === undefined ? {} : { about: { identityId, ...about } }),
        ...(once === undefined ? {} : { once: `${once} ${reader.to.written}` }),
      })
  }
}

/** By which a contact knows whom a letter is about: what the person calls themselves, and where their mail goes. */
export function introduced(identity: Identity): { readonly person: string; readonly mailbox: string } {
  return { person: displayName(identity), mailbox: mailAddress(identity)?.written ?? '' }
}
