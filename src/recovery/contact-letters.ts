import { displayName, type Identity, mailAddress } from '../domain/identity.ts'
import type { Questioned } from '../domain/objection.ts'
import { readerAt, readerOf } from '../domain/reader.ts'
import type { Clock } from '../ports/clock.ts'
import type { IdentityDirectory } from '../ports/identity-directory.ts'
import type { Message, MessageTemplate, Messenger } from '../ports/messenger.ts'
import type { LinkOrigin } from './links.ts'

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
  /** To each proved address and number of theirs, not only where messages go. */
  readonly everywhere?: true
}

/** Writes to a person, by id; nobody is written to who is not there any more. */
export type Letters = (identityId: string, letter: Letter) => Promise<void>

export function createLetters({ identities, messenger, clock, issuer }: LettersTools): Letters {
  return async (identityId, { template, origin, link, values = {}, about, once, everywhere }) => {
    const identity = await identities.get(identityId)
    if (identity === undefined || identity.state === 'deleted') return
    const { address, userAgent } = origin
    for (const reader of readersOf(identity, origin, everywhere === true))
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

function readersOf(identity: Identity, cause: Letter['origin'], everywhere: boolean) {
  if (!everywhere) return [readerOf(identity, cause)].filter((reader) => reader !== undefined)
  return identity.identifiers
    .filter(({ kind, verifiedAt }) => kind !== 'username' && verifiedAt !== undefined)
    .map((to) => readerAt(to, identity, cause))
}

/** By which a contact knows whom a letter is about: what the person calls themselves, and where their mail goes. */
export function introduced(identity: Identity): { readonly person: string; readonly mailbox: string } {
  return { person: displayName(identity), mailbox: mailAddress(identity)?.written ?? '' }
}
