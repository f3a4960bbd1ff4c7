import type { Instant } from '../../domain/time.ts'
import { createLetters, introduced, type LettersTools } from './letters.ts'
import type { VouchingBook, VouchingBookTools } from './vouching-book.ts'

/** What is asked in somebody's name just now. */
export interface RunningVouching {
  readonly id: string
  readonly address: string
  readonly userAgent?: string
  readonly at: Instant
  /** The contacts were warned. */
  readonly doubted: boolean
}

export interface VouchingDoubts {
  /** What is put to somebody's own contacts, newest first. */
  running(ownerId: string): Promise<readonly RunningVouching[]>
  /**
   * "That is not me", by whoever reads the owner's mail or is signed in as them: the contacts are warned, each once, and decide by what they hear. It
   * ends nothing, or whoever stole a mailbox could keep its owner out for ever. False when it is over, or was said before.
   */
  doubt(ownerId: string, requestId: string): Promise<boolean>
}

export function createVouchingDoubts(
  tools: VouchingBookTools & LettersTools,
  book: VouchingBook,
): VouchingDoubts {
  const { store, identities, clock } = tools
  const letters = createLetters(tools)

  async function mark(ownerId: string, requestId: string): Promise<boolean> {
    for (;;) {
      const row = (await book.running(ownerId)).find(({ id }) => id === requestId)
      if (row === undefined || row.doubtedAt !== undefined) return false
      if (await store.vouchings.replace({ ...row, doubtedAt: clock() })) return true
    }
  }

  return {
    async running(ownerId) {
      const rows = await book.running(ownerId)
      return rows
        .map((row) => ({ id: row.id, ...book.askerOf(row), doubted: row.doubtedAt !== undefined }))
        .map(({ id, address, userAgent, at, doubted }) => ({
          ...{ id, address, at, doubted },
          ...(userAgent === undefined ? {} : { userAgent }),
        }))
        .sort((one, other) => other.at - one.at)
    },

    async doubt(ownerId, requestId) {
      if (!(await mark(ownerId, requestId))) return false
      const [found, owner] = await Promise.all([book.find(requestId), identities.get(ownerId)])
      if (found === undefined || owner === undefined) return true
      for (const { identity } of found.able)
        await letters(identity.id, {
          template: 'contact-doubted',
          origin: { language: found.asker.language },
          link: `/account/vouching/requests/${requestId}`,
          values: introduced(owner),
          about: { vouching: requestId },
          once: `doubt ${requestId}`,
        })
      return true
    },
  }
}
