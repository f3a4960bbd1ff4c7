import { formerAddresses, type Identity, mailAddress, type PlannedDeletion } from '../../domain/identity.ts'
import { type Reader, readerAt } from '../../domain/reader.ts'
import type { Instant } from '../../domain/time.ts'
import type { Message } from '../../ports/messenger.ts'
import type { DataVisit } from '../export/index.ts'
import type { DeletionsTools } from './index.ts'

interface Tools extends Pick<DeletionsTools, 'messenger' | 'clock' | 'issuer'> {
  readonly linkOf: (identityId: string, plan: PlannedDeletion) => string
}

export type DeletionMessages = ReturnType<typeof createDeletionMessages>

/** What people are told of the end of their account: at every address, and of each step once, however often it is tried. */
export function createDeletionMessages({ messenger, clock, issuer, linkOf }: Tools) {
  async function tell(
    readers: readonly Reader[],
    request: string,
    message: Omit<Message, keyof Reader | 'once'>,
  ): Promise<void> {
    for (const reader of readers) {
      const once = `${message.template} ${request} ${reader.to.written.toLowerCase()}`
      await messenger.send({ ...message, ...reader, once })
    }
  }

  const planAs =
    (template: 'deletion-planned' | 'deletion-reminder') =>
    (identity: Identity, plan: PlannedDeletion, visit: DataVisit, further: readonly Reader[] = []) => {
      const { address, userAgent, sessionUid } = visit
      return tell(merged(deletionReaders(identity, clock(), visit.language), further), plan.request, {
        template,
        values: {
          at: plan.requestedAt,
          due: plan.dueAt,
          address,
          ...(userAgent === undefined ? {} : { device: userAgent }),
          link: linkOf(identity.id, plan),
        },
        about: {
          identityId: identity.id,
          deletion: plan.request,
          ...(sessionUid === undefined ? {} : { session: sessionUid }),
        },
      })
    }

  return {
    planned: planAs('deletion-planned'),
    reminder: planAs('deletion-reminder'),
    kept: (identity: Identity, request: string) =>
      tell(deletionReaders(identity, clock()), request, {
        template: 'deletion-kept',
        values: { link: `${issuer}/account/data` },
      }),
    gone: (readers: readonly Reader[], request: string) =>
      tell(readers, request, { template: 'account-deleted', values: { link: issuer } }),
  }
}

/**
 * Every proved address, and those that were until lately; the first of all where none is proved; numbers where there is no address, also those that were
 * until lately.
 */
export function deletionReaders(identity: Identity, now: Instant, language = ''): readonly Reader[] {
  const proved = identity.identifiers.filter(({ verifiedAt }) => verifiedAt !== undefined)
  const mail = proved.filter(({ kind }) => kind === 'email')
  const first = mailAddress(identity)
  const others = first === undefined ? proved.filter(({ kind }) => kind === 'phone') : [first]
  const addresses = mail.length > 0 ? mail : others
  const former = formerAddresses(identity, now).filter(({ kind }) => kind === 'email' || mail.length === 0)
  return [...addresses, ...former].map(({ kind, written }) =>
    readerAt({ kind, written }, identity, { language }),
  )
}

/** Whoever took an account over may have changed its addresses meanwhile: those that were written to first hear of the rest too. */
export function merged(readers: readonly Reader[], further: readonly Reader[]): readonly Reader[] {
  return [...new Map([...further, ...readers].map((one) => [one.to.written.toLowerCase(), one])).values()]
}
