// Owns whom a person trusts to vouch for them one day: who was asked, who accepted, since when they count. What they are asked then, and what they
// answer, is in vouching.ts. Asking somebody shows nothing of whether there is such an account: looking it up, and writing to it, is a job of its
// own (S32). Contacts learn whose they are, and nothing of each other.

import type { Actor } from '../../domain/audit-event.ts'
import { type Contact, type ContactSettings, type Standing, standingOf } from '../../domain/contact.ts'
import type { Identity } from '../../domain/identity.ts'
import type { Instant } from '../../domain/time.ts'
import type { Identities } from '../../identities/index.ts'
import type { AuditLog } from '../../ports/audit-log.ts'
import type { Clock, Random } from '../../ports/clock.ts'
import type { ContactCircle } from '../../ports/contact-circle.ts'
import type { JobQueue } from '../../ports/job-queue.ts'
import type { Messenger } from '../../ports/messenger.ts'
import type { SendBudget } from '../../ports/send-budget.ts'
import type { Store } from '../../ports/store.ts'
import type { Vault } from '../../ports/vault.ts'
import type { LinkOrigin } from '../links/index.ts'
import { canVouch, createCircles, without } from './circles.ts'
import { createContactInvitation } from './invitation.ts'
import { createLetters } from './letters.ts'
import { createContactNames } from './names.ts'
import { createContactRecord } from './record.ts'
import { createContactRoles } from './roles.ts'

export interface ContactsTools {
  readonly store: Pick<Store, 'contacts'>
  readonly identities: Pick<Identities, 'get' | 'findByIdentifier'>
  readonly vault: Vault
  readonly clock: Clock
  readonly random: Random
  readonly queue: JobQueue
  readonly budget: SendBudget
  readonly messenger: Messenger
  readonly audit: AuditLog
  readonly issuer: string
  readonly settings: { readonly recovery: { readonly contacts: ContactSettings } }
}

/** Who changes something, in which session. */
export interface ContactVisit extends LinkOrigin {
  readonly sessionUid: string
}

/** A contact as the person sees them who named them. */
export interface OwnContact {
  readonly id: string
  /** What the person typed. */
  readonly typed: string
  readonly standing: Standing
  /** When the invitation ends, or from when it counts. */
  readonly until: Instant
  /** False for somebody who accepted and cannot sign in now, or has no proved address any more. */
  readonly able: boolean
}

/** What somebody was asked to be, or is. */
export interface ContactRole {
  readonly id: string
  readonly person: string
  readonly mailbox: string
  readonly accepted: boolean
  readonly since: Instant
  /** When the invitation ends, if it was not accepted. */
  readonly until: Instant
}

/** `malformed`: no e-mail address or username. `own`: their own. `again`: the same one was asked too often. */
export type InvitationRefusal = 'malformed' | 'own' | 'already' | 'full' | 'again' | 'too-many'

/** The same whether or not there is such an account (S32). */
export type Invited =
  | { readonly status: 'invited' }
  | { readonly status: 'refused'; readonly reason: InvitationRefusal }

/** Those who count now. */
export interface Counting {
  readonly contacts: readonly { readonly id: string; readonly identity: Identity }[]
  /** Another number whenever somebody who could have vouched no longer can; no moment to show. */
  readonly since: number
}

export interface Contacts {
  readonly settings: ContactSettings
  list(ownerId: string): Promise<readonly OwnContact[]>
  /** The caller made sure that the sign-in is fresh (S30). */
  invite(ownerId: string, text: string, visit: ContactVisit, by: Actor): Promise<Invited>
  /** Takes back an invitation too; tells the person where there is a `visit`. False: there is no such contact of theirs (any more). */
  remove(ownerId: string, contactId: string, by: Actor, visit?: ContactVisit): Promise<boolean>
  /** Whose contact somebody is, or was asked to be. */
  roles(identityId: string): Promise<readonly ContactRole[]>
  /** `unproved`: they have no proved address. `gone`: nobody asks this of them (any more). */
  accept(
    identityId: string,
    contactId: string,
    visit: LinkOrigin,
    by: Actor,
  ): Promise<'accepted' | 'unproved' | 'gone'>
  /** Says no, or leaves, at any time. */
  quit(
    identityId: string,
    contactId: string,
    visit: LinkOrigin,
    by: Actor,
  ): Promise<'declined' | 'left' | 'gone'>
  counting(ownerId: string): Promise<Counting>
  /** Either is the other's contact, or was until lately. */
  linked(one: string, other: string): Promise<boolean>
}

export function createContacts(tools: ContactsTools): Contacts {
  const { identities, vault, clock, audit } = tools
  const settings = tools.settings.recovery.contacts
  const circles = createCircles(tools)
  const letters = createLetters(tools)
  const names = createContactNames(vault)
  const record = createContactRecord(audit)

  async function shown(contact: Contact): Promise<OwnContact> {
    const { id, identityId = '', until, countsFrom, acceptedAt } = contact
    return {
      id,
      typed: names.open(contact).written,
      standing: standingOf(contact, clock()),
      until: countsFrom ?? until,
      // Of whoever has not accepted nothing is told.
      able: acceptedAt === undefined || canVouch(await identities.get(identityId)),
    }
  }

  return {
    settings,
    ...createContactRoles(tools, circles),
    invite: createContactInvitation(tools, circles),

    async list(ownerId) {
      const circle = await circles.get(ownerId)
      return Promise.all((circle?.contacts ?? []).map(shown))
    },

    async remove(ownerId, contactId, by, visit) {
      let gone: Contact | undefined
      const removed = await circles.change(ownerId, (contacts) => {
        gone = contacts.find(({ id }) => id === contactId)
        return gone && without(contacts, gone)
      })
      if (!removed || gone === undefined) return false
      await record('contact.removed', by, { doer: ownerId, other: gone.identityId, contact: contactId })
      if (visit === undefined) return true
      await letters(ownerId, {
        template: 'contact-removed',
        origin: visit,
        link: '/account/security/contacts',
        values: { contact: names.open(gone).written },
        about: { session: visit.sessionUid },
      })
      return true
    },

    async counting(ownerId) {
      const circle = await circles.get(ownerId)
      const accepted = (circle?.contacts ?? []).filter(({ acceptedAt }) => acceptedAt !== undefined)
      const people = await Promise.all(
        accepted.map(async (contact) => ({
          contact,
          identity: await identities.get(contact.identityId ?? ''),
        })),
      )
      const contacts = people.flatMap(({ contact, identity }) =>
        settings.enabled && standingOf(contact, clock()) === 'counts' && canVouch(identity)
          ? [{ id: contact.id, identity }]
          : [],
      )
      // Added up, so that it is another one whichever of them changes, and whatever the clock says.
      const ends = people.map(({ identity }) => identity?.notBefore ?? 0)
      return { contacts, since: ends.reduce((sum, end) => sum + end, circle?.brokenAt ?? 0) }
    },

    async linked(one, other) {
      const [first, second] = await Promise.all([circles.get(one), circles.get(other)])
      return isIn(first, other, clock()) || isIn(second, one, clock())
    },
  }
}

function isIn(circle: ContactCircle | undefined, identityId: string, now: Instant): boolean {
  const { contacts = [], former = [] } = circle ?? {}
  const accepted = contacts.some((one) => one.identityId === identityId && one.acceptedAt !== undefined)
  return accepted || former.some((one) => one.identityId === identityId && one.until > now)
}
