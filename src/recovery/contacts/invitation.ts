import { type Contact, standingOf, takesPlace } from '../../domain/contact.ts'
import { type Identifier, parseIdentifier } from '../../domain/identifier.ts'
import { type Identity, may } from '../../domain/identity.ts'
import { Problem } from '../../domain/problem.ts'
import { day } from '../../domain/time.ts'
import { type Circles, canVouch } from './circles.ts'
import type { Contacts, ContactsTools, InvitationRefusal, Invited } from './index.ts'
import { createLetters, introduced } from './letters.ts'
import { createContactNames } from './names.ts'
import { createContactRecord } from './record.ts'

interface Delivery {
  readonly ownerId: string
  readonly contact: string
  readonly language: string
}

const kind = 'contact-invitation'
/** What is done then comes after the answer that must not tell of it. */
const pause = 200
/** To one person, whoever asks. */
const receivedPerDay = 5
/** The same name by the same person: no means no. */
const sameName = { most: 2, within: 30 * day }

/**
 * Names somebody. What the answer depends on is the person's own: their names, whom they named before, how often they asked. Whose account it is
 * finds the job, once, after the answer went out (S32).
 */
export function createContactInvitation(tools: ContactsTools, circles: Circles): Contacts['invite'] {
  const { identities, vault, clock, random, queue, budget, audit } = tools
  const settings = tools.settings.recovery.contacts
  const letters = createLetters(tools)
  const names = createContactNames(vault)
  const record = createContactRecord(audit)

  queue.handle<Delivery>(kind, deliver)

  function hindrance(contacts: readonly Contact[], typed: Identifier): InvitationRefusal | undefined {
    const now = clock()
    const living = contacts.filter((contact) => takesPlace(contact, now))
    if (living.some((contact) => same(names.open(contact), typed))) return 'already'
    return living.length >= settings.most ? 'full' : undefined
  }

  async function affordable(ownerId: string, typed: Identifier): Promise<InvitationRefusal | undefined> {
    const daily = {
      subject: `contacts named by ${ownerId}`,
      most: settings.invitations_per_day,
      within: day,
    }
    if (!(await budget.spend([daily]))) return 'too-many'
    const again = { subject: `contact of ${ownerId} ${typed.kind} ${typed.value}`, ...sameName }
    return (await budget.spend([again])) ? undefined : 'again'
  }

  /** Undefined once it stands in the circle. */
  async function add(ownerId: string, typed: Identifier, id: string): Promise<InvitationRefusal | undefined> {
    const now = clock()
    const until = now + settings.invitation_lifetime
    const invited = { id, sealed: names.seal(typed, id), invitedAt: now, until }
    let refusal: InvitationRefusal | undefined
    await circles.change(ownerId, (contacts) => {
      refusal = hindrance(contacts, typed)
      if (refusal !== undefined) return undefined
      // Those that came to nothing make room.
      return { contacts: [...contacts.filter((one) => takesPlace(one, now)), invited] }
    })
    return refusal
  }

  async function eligible(ownerId: string, contact: Contact): Promise<Identity | undefined> {
    const typed = names.open(contact)
    const found =
      contact.identityId === undefined
        ? await identities.findByIdentifier(typed.kind, typed.value)
        : await identities.get(contact.identityId)
    // A name that nobody proved may be somebody else's.
    const own = found?.identifiers.find((one) => same(one, typed))
    const proved = typed.kind === 'username' || own?.verifiedAt !== undefined
    return found !== undefined && found.id !== ownerId && proved && canVouch(found) ? found : undefined
  }

  async function deliver({ ownerId, contact: id, language }: Delivery): Promise<void> {
    const [owner, circle] = await Promise.all([identities.get(ownerId), circles.get(ownerId)])
    const contact = circle?.contacts.find((one) => one.id === id)
    if (owner === undefined || !may(owner, 'sign-in') || contact === undefined) return
    const found = standingOf(contact, clock()) === 'invited' ? await eligible(ownerId, contact) : undefined
    if (found === undefined || !(await mayReach(ownerId, contact, found))) return
    if (!(await bind(ownerId, id, found.id))) return
    await letters(found.id, {
      template: 'contact-invitation',
      origin: { language },
      link: '/account/vouching',
      values: introduced(owner),
      once: `contact ${id}`,
    })
  }

  /** Whoever has several names is not asked once for each. A second try after a crash is not counted again. */
  async function mayReach(ownerId: string, contact: Contact, { id }: Identity): Promise<boolean> {
    if (contact.identityId !== undefined) return true
    const daily = { subject: `contact invitations to ${id}`, most: receivedPerDay, within: day }
    return budget.spend([daily, { subject: `contact of ${ownerId} account ${id}`, ...sameName }])
  }

  async function send(delivery: Delivery): Promise<void> {
    if (await queue.add(kind, delivery, { id: delivery.contact, after: pause })) return
    await circles.change(delivery.ownerId, (contacts) => ({
      contacts: contacts.filter(({ id }) => id !== delivery.contact),
    }))
    throw new Problem('busy', { retryAfter: 60 })
  }

  /** False when the invitation is over, or the account is one of the contacts already under another name. */
  async function bind(ownerId: string, id: string, identityId: string): Promise<boolean> {
    let bound = false
    const changed = await circles.change(ownerId, (contacts) => {
      const contact = contacts.find((one) => one.id === id)
      bound = contact?.identityId === identityId
      const elsewhere = contacts.some((one) => one.identityId === identityId)
      if (contact === undefined || bound || elsewhere || contact.declinedAt !== undefined) return undefined
      return { contacts: contacts.map((one) => (one === contact ? { ...one, identityId } : one)) }
    })
    if (changed) await record('contact.invited', { kind: 'system' }, { other: identityId, contact: id })
    return changed || bound
  }

  return async (ownerId, text, visit, by): Promise<Invited> => {
    const refused = (reason: InvitationRefusal) => ({ status: 'refused', reason }) as const
    const owner = await identities.get(ownerId)
    const typed = parseIdentifier(text)
    if (!settings.enabled || owner === undefined || typed === undefined || typed.kind === 'phone')
      return refused('malformed')
    if (owner.identifiers.some((one) => same(one, typed))) return refused('own')
    const before = await circles.get(ownerId)
    const reason = hindrance(before?.contacts ?? [], typed) ?? (await affordable(ownerId, typed))
    if (reason !== undefined) return refused(reason)
    const id = random(16)
    const late = await add(ownerId, typed, id)
    if (late !== undefined) return refused(late)
    await send({ ownerId, contact: id, language: visit.language })
    await record('contact.invited', by, { doer: ownerId, contact: id })
    await letters(ownerId, {
      template: 'contact-invited',
      origin: visit,
      link: '/account/security/contacts',
      values: { contact: typed.written },
      about: { contact: id, session: visit.sessionUid },
    })
    return { status: 'invited' }
  }
}

function same(one: Pick<Identifier, 'kind' | 'value'>, other: Pick<Identifier, 'kind' | 'value'>): boolean {
  return one.kind === other.kind && one.value === other.value
}
