// Owns "this wasn't me": the link in every message about a person's security, by which they end what it was about without signing in.
// Whoever holds it has proved nothing but that the message reached them, so it takes away and never gives; what exactly it takes stands in the
// message (domain/objection.ts), how each is ended in freezing.ts. Which message is about what is said where it is sent.
import type { Actor } from '../../domain/audit-event.ts'
import { mailAddress } from '../../domain/identity.ts'
import type { Ended } from '../../domain/objection.ts'
import { readerAt } from '../../domain/reader.ts'
import { type Duration, type Instant, minute } from '../../domain/time.ts'
import type { AuditLog } from '../../ports/audit-log.ts'
import type { Clock } from '../../ports/clock.ts'
import type { IdentityDirectory } from '../../ports/identity-directory.ts'
import type { Messenger } from '../../ports/messenger.ts'
import type { Objection, Store } from '../../ports/store.ts'
import type { LinkOrigin } from '../links/index.ts'
import type { ObjectionBook, OpenObjection, QuestionedMessage } from './book.ts'
import type { Freeze } from './freezing.ts'

export interface ObjectionsTools {
  readonly store: Pick<Store, 'objections'>
  readonly book: ObjectionBook
  readonly freeze: Freeze
  readonly identities: IdentityDirectory
  readonly messenger: Messenger
  readonly audit: AuditLog
  readonly clock: Clock
  readonly issuer: string
}

export interface Looked {
  readonly message: QuestionedMessage
  /** Absent while nobody pressed the button, or when whoever did came to nothing. */
  readonly raised?: {
    readonly at: Instant
    /** Empty while it is being done. */
    readonly ended: readonly Ended[]
  }
}

export type Raised =
  /** This call did it, and nobody else. */
  | { readonly status: 'done'; readonly ended: readonly Ended[] }
  /** Somebody pressed the button before. */
  | { readonly status: 'already' }
  /** Unknown or expired. */
  | { readonly status: 'gone' }

export interface Objections {
  /** What the link is about, and what was done if somebody used it; spends nothing. Undefined: unknown or expired. */
  look(token: string): Promise<Looked | undefined>
  /** Ends what the message was about; of N callers one does. Throws as the store does: then it can be tried again. */
  raise(token: string, visit: LinkOrigin): Promise<Raised>
  /**
   * The same by a device of theirs, which alone proves no more than that it was reached: it stops a recovery until two reviewers have looked, and
   * cancels none. False: that one does not run, or they have.
   */
  stopRecovery(identityId: string, recovery: string, visit: LinkOrigin): Promise<boolean>
}

/** Whoever pressed the button and did not come to the end of it (a crash) leaves it to the next one after this long. */
const patience: Duration = minute

export function createObjections(tools: ObjectionsTools): Objections {
  const { store, book, freeze, audit, clock } = tools
  const rows = store.objections

  const isTaken = ({ raisedAt, ended }: Objection) =>
    ended !== undefined || (raisedAt !== undefined && Math.abs(clock() - raisedAt) < patience)

  async function act({ row, about, ...open }: OpenObjection, visit: LinkOrigin): Promise<readonly Ended[]> {
    const by = somebody(visit)
    const ended = await freeze(about, by)
    await audit.record({
      action: 'objection.raised',
      result: 'success',
      actor: by,
      identityId: about.identityId,
      details: { message: open.message.template, ended },
    })
    await tellOwner(tools, { row, about, ...open }, visit, ended)
    // Last: a crash before leaves it to be done and told again, not untold.
    await rows.replace({ ...row, ended })
    return ended
  }

  return {
    async stopRecovery(identityId, recovery, visit) {
      const by = somebody(visit)
      const ended = await freeze({ identityId, recovery }, by)
      if (!ended.includes('recovery-contested')) return false
      const details = { message: 'recovery-started', ended }
      await audit.record({ action: 'objection.raised', result: 'success', actor: by, identityId, details })
      return true
    },

    async look(token) {
      const open = await book.find(token)
      if (open === undefined) return undefined
      const { row, message } = open
      if (row.raisedAt === undefined || !isTaken(row)) return { message }
      return { message, raised: { at: row.raisedAt, ended: row.ended ?? [] } }
    },

    async raise(token, visit) {
      const open = await book.find(token)
      if (open === undefined) return { status: 'gone' }
      if (isTaken(open.row)) return { status: 'already' }
      const mine = { ...open.row, raisedAt: clock() }
      if (!(await rows.replace(mine))) return { status: 'already' }
      const row = { ...mine, version: mine.version + 1 }
      try {
        return { status: 'done', ended: await act({ ...open, row }, visit) }
      } catch (error) {
        // What was ended stays ended, and ending it again does no harm.
        const { raisedAt: _raisedAt, ...again } = row
        await rows.replace(again).catch(() => false)
        throw error
      }
    },
  }
}

async function tellOwner(
  { identities, messenger, issuer }: ObjectionsTools,
  { about, message, language, row, to: asked }: OpenObjection,
  { address, userAgent: device }: LinkOrigin,
  ended: readonly Ended[],
): Promise<void> {
  const identity = await identities.get(about.identityId)
  if (identity === undefined) return
  const values = {
    at: row.raisedAt ?? message.at,
    ended: ended.join(' '),
    address,
    ...(device === undefined ? {} : { device }),
    link: `${issuer}/account/check`,
  }
  // Whoever took an account over may have changed its address meanwhile: the one that was asked hears of it too.
  const reached = [mailAddress(identity), asked].flatMap((to) =>
    to === undefined ? [] : ([[to.written, to]] as const),
  )
  for (const to of new Map(reached).values())
    await messenger.send({
      template: 'objection-raised',
      ...readerAt(to, identity, { language }),
      values,
    })
}

/** Whoever it is holds a message, which proves nothing about who they are. */
function somebody({ address, userAgent, traceId }: LinkOrigin): Actor {
  return {
    kind: 'system',
    address,
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(traceId === undefined ? {} : { traceId }),
  }
}
