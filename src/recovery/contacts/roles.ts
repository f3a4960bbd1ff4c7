import type { Actor } from '../../domain/audit-event.ts'
import { type Contact, standingOf, takesPlace } from '../../domain/contact.ts'
import type { ContactCircle } from '../../ports/contact-circle.ts'
import type { LinkOrigin } from '../links/index.ts'
import { type Circles, canVouch, without } from './circles.ts'
import type { ContactRole, Contacts, ContactsTools } from './index.ts'
import { createLetters, introduced } from './letters.ts'
import { createContactNames } from './names.ts'
import { createContactRecord } from './record.ts'

interface Found {
  readonly circle: ContactCircle
  readonly contact: Contact
}

/** What a contact sees and does: whoever asks for another person's role asks for none (S38). */
export function createContactRoles(
  tools: ContactsTools,
  circles: Circles,
): Pick<Contacts, 'roles' | 'accept' | 'quit'> {
  const { identities, vault, clock, audit } = tools
  const settings = tools.settings.recovery.contacts
  const letters = createLetters(tools)
  const names = createContactNames(vault)
  const record = createContactRecord(audit)

  async function find(identityId: string, contactId: string): Promise<Found | undefined> {
    for (const circle of await circles.naming(identityId)) {
      const contact = circle.contacts.find(({ id }) => id === contactId)
      if (contact?.identityId === identityId) return { circle, contact }
    }
    return undefined
  }

  async function rolesIn(circle: ContactCircle, identityId: string): Promise<ContactRole[]> {
    const owner = await identities.get(circle.id)
    if (owner === undefined || owner.state === 'deleted') return []
    return circle.contacts
      .filter((contact) => contact.identityId === identityId && takesPlace(contact, clock()))
      .map(({ id, acceptedAt, invitedAt, until }) => ({
        id,
        ...introduced(owner),
        accepted: acceptedAt !== undefined,
        since: acceptedAt ?? invitedAt,
        until,
      }))
  }

  async function tell(word: 'accepted' | 'declined' | 'left', found: Found, visit: LinkOrigin, by: Actor) {
    const { circle, contact } = found
    const concerned = { doer: contact.identityId ?? '', other: circle.id, contact: contact.id }
    await record(`contact.${word}`, by, concerned)
    await letters(circle.id, {
      template: `contact-${word}`,
      // Not from where: that is the contact's own business.
      origin: { language: visit.language },
      link: '/account/security/contacts',
      values: { contact: names.open(contact).written },
      ...(word === 'accepted' ? { about: { contact: contact.id } } : {}),
    })
  }

  return {
    async roles(identityId) {
      const found = await circles.naming(identityId)
      const roles = await Promise.all(found.map((circle) => rolesIn(circle, identityId)))
      return roles.flat().sort((one, other) => other.since - one.since)
    },

    async accept(identityId, contactId, visit, by) {
      const found = await find(identityId, contactId)
      if (found === undefined || !settings.enabled) return 'gone'
      if (!canVouch(await identities.get(identityId))) return 'unproved'
      const now = clock()
      const times = { acceptedAt: now, countsFrom: now + settings.waiting_time }
      const accepted = await circles.change(found.circle.id, (contacts) => {
        const asked = contacts.find(({ id }) => id === contactId)
        if (asked === undefined || standingOf(asked, now) !== 'invited') return undefined
        return { contacts: contacts.map((one) => (one === asked ? { ...one, ...times } : one)) }
      })
      if (!accepted) return 'gone'
      await tell('accepted', found, visit, by)
      return 'accepted'
    },

    async quit(identityId, contactId, visit, by) {
      const found = await find(identityId, contactId)
      if (found === undefined) return 'gone'
      const now = clock()
      let left = false
      const changed = await circles.change(found.circle.id, (contacts) => {
        const mine = contacts.find((one) => one.id === contactId && takesPlace(one, now))
        left = mine?.acceptedAt !== undefined
        if (mine === undefined) return undefined
        return left ? without(contacts, mine) : declining(contacts, mine, now)
      })
      if (!changed) return 'gone'
      await tell(left ? 'left' : 'declined', found, visit, by)
      return left ? 'left' : 'declined'
    },
  }
}

/** The name stays, so that the person sees the answer; whose account it is does not. */
function declining(contacts: readonly Contact[], asked: Contact, declinedAt: number) {
  const { identityId: _identityId, ...rest } = asked
  return { contacts: contacts.map((one) => (one === asked ? { ...rest, declinedAt } : one)) }
}
