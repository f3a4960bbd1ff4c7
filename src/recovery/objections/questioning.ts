// Owns "this wasn't me" said of an entry in one's own activity, by somebody who is signed in: what of it is still there to be ended, and ending it, once.
// What exactly an entry is about says domain/questioning.ts, how each part ends freezing.ts; a message's own link is index.ts.

import type { Devices } from '../../authentication/devices.ts'
import type { Enrolments } from '../../authentication/enrolment.ts'
import type { Actor, AuditEntry } from '../../domain/audit-event.ts'
import type { Ended, Questioned } from '../../domain/objection.ts'
import { questionedBy, takesWay } from '../../domain/questioning.ts'
import { type Duration, type Instant, minute } from '../../domain/time.ts'
import type { AuditLog, AuditStories } from '../../ports/audit-log.ts'
import type { Clock } from '../../ports/clock.ts'
import type { SessionRegistry } from '../../ports/session-registry.ts'
import type { Objection, Store } from '../../ports/store.ts'
import type { Contacts } from '../contacts/index.ts'
import { waitingLinks } from '../links/book.ts'
import type { ChangeVisit, CredentialRemoval } from '../told/credential-change.ts'
import type { Freeze } from './freezing.ts'

export interface QuestioningTools {
  readonly store: Pick<Store, 'objections' | 'links'>
  readonly audit: AuditLog & AuditStories
  readonly freeze: Freeze
  readonly devices: Pick<Devices, 'of' | 'find'>
  readonly enrolments: Pick<Enrolments, 'list'>
  readonly removeCredential: CredentialRemoval
  readonly contacts: Pick<Contacts, 'list' | 'remove'>
  readonly sessions: () => Pick<SessionRegistry, 'list' | 'endAll'>
  readonly clock: Clock
  readonly settings: { readonly alerts: { readonly objection_lifetime: Duration } }
}

/** Where the person is while they look: that session, and that browser, are theirs and stay. */
export interface Here {
  readonly identityId: string
  readonly session: string
  /** What the browser keeps to be known again. */
  readonly device: string | undefined
}

export interface QuestionableEntry {
  readonly entry: AuditEntry
  readonly about: Questioned
  /** It is about the very session or browser in which it is read. */
  readonly here: boolean
  /** Present once it was questioned; empty while it is being done. */
  readonly raised?: { readonly at: Instant; readonly ended: readonly Ended[] }
}

export interface Questioning {
  /** Undefined: there is no such entry about this person. Changes nothing. */
  look(id: string, here: Here): Promise<QuestionableEntry | undefined>
  /**
   * Ends what the entry is about, as far as it is still there, and records it: of N callers one does. What somebody gets in
   * with, or back in (`takesWay`), goes only for somebody who signed in freshly. False: there is no such entry. Throws as the store does: then it can be tried again.
   */
  raise(
    id: string,
    here: Here,
    visit: ChangeVisit,
    by: Actor,
    options: { readonly fresh: boolean },
  ): Promise<boolean>
}

/** Whoever pressed the button and did not come to the end of it (a crash) leaves it to the next one after this long. */
const patience: Duration = minute

export function createQuestioning(tools: QuestioningTools): Questioning {
  const { store, audit, freeze, devices, enrolments, sessions, clock, settings } = tools
  const rows = store.objections
  const keyOf = (id: string) => `entry ${id}`

  async function living({ identityId }: Here) {
    const [all, known, credentials, contacts, links] = await Promise.all([
      sessions().list(identityId),
      devices.of(identityId),
      enrolments.list(identityId),
      tools.contacts.list(identityId),
      waitingLinks(store, identityId),
    ])
    return { sessions: all, devices: known, credentials, contacts, links: links.length }
  }

  /** Nobody signs themselves out by this: that has a button of its own, which says so. */
  async function question(entry: AuditEntry, here: Here) {
    const about = questionedBy(entry, here.identityId, await living(here))
    const own = await devices.find(here.device, here.identityId)
    const isHere = about.session === here.session || (about.device !== undefined && about.device === own?.id)
    return { about: isHere ? { identityId: here.identityId } : about, here: isHere }
  }

  function isTaken({ raisedAt, ended }: Objection): boolean {
    return ended !== undefined || (raisedAt !== undefined && Math.abs(clock() - raisedAt) < patience)
  }

  /** The row, for whoever got it. */
  async function take(id: string, identityId: string): Promise<Objection | undefined> {
    const before = await rows.get(keyOf(id))
    const raisedAt = clock()
    const expiresAt = raisedAt + settings.alerts.objection_lifetime
    if (before === undefined) {
      const made = { id: keyOf(id), identityId, sealed: '', raisedAt, expiresAt }
      return (await rows.insert(made)) ? { ...made, version: 1 } : undefined
    }
    if (isTaken(before) || !(await rows.replace({ ...before, raisedAt }))) return undefined
    return { ...before, raisedAt, version: before.version + 1 }
  }

  async function end(
    about: Questioned,
    here: Here,
    visit: ChangeVisit,
    by: Actor,
  ): Promise<readonly Ended[]> {
    const { sessions: everywhere, credential, contact, ...rest } = about
    const { identityId } = here
    const frozen = (await freeze(rest, by)).filter((word) => word !== 'nothing')
    const removed =
      credential === undefined ? undefined : await tools.removeCredential(identityId, credential, visit, by)
    // As on the page of contacts: its owner is told by mail.
    const dropped = contact !== undefined && (await tools.contacts.remove(identityId, contact, by, visit))
    const others = everywhere === true ? await sessions().endAll(identityId, { except: here.session }) : 0
    const ended: Ended[] = [
      ...frozen,
      ...(removed === undefined
        ? []
        : [removed.status === 'removed' ? ('credential-removed' as const) : ('credential-kept' as const)]),
      ...(dropped ? ['contact-removed' as const] : []),
      ...(others > 0 ? ['sessions-ended' as const] : []),
    ]
    return ended.length > 0 ? ended : ['nothing']
  }

  return {
    async look(id, here) {
      const entry = await audit.entry(here.identityId, id)
      if (entry === undefined) return undefined
      const [asked, row] = await Promise.all([question(entry, here), rows.get(keyOf(id))])
      if (row?.raisedAt === undefined || !isTaken(row)) return { entry, ...asked }
      return { entry, ...asked, raised: { at: row.raisedAt, ended: row.ended ?? [] } }
    },

    async raise(id, here, visit, by, { fresh }) {
      const entry = await audit.entry(here.identityId, id)
      if (entry === undefined) return false
      const { about } = await question(entry, here)
      // Neither done nor marked as done: its owner can still say so.
      if (takesWay(about) && !fresh) return true
      const row = await take(id, here.identityId)
      if (row === undefined) return true
      try {
        const ended = await end(about, here, visit, by)
        await audit.record({
          action: 'objection.raised',
          result: 'success',
          actor: by,
          identityId: here.identityId,
          details: { entry: id, about: entry.action, ended },
        })
        await rows.replace({ ...row, ended })
      } catch (error) {
        // What was ended stays ended, and ending it again does no harm.
        await rows.remove(row.id).catch(() => false)
        throw error
      }
      return true
    },
  }
}
