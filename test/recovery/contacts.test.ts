/** Whom a person trusts to vouch for them: asking, answering, leaving, and what is shown of it to whom. */
import { expect, it } from 'vitest'
import { day } from '../../src/domain/time.ts'
import { noting, operator, parallel } from '../identities/world.ts'
import { eachStore } from '../support/stores.ts'
import { by, contactsOn, openContacts, visit } from './contact-world.ts'

eachStore((_, open) => {
  it('somebody who is asked accepts, and counts after the waiting time and not before', async () => {
    const { contacts, person, befriend, clock, messages } = await openContacts(open)
    const [ana, bob] = [await person('ana'), await person('bob')]
    const id = await befriend(ana, bob)
    const countsFrom = clock.now() + 7 * day
    expect(await contacts.list(ana.id)).toEqual([
      { id, typed: 'bob@example.com', standing: 'waiting', until: countsFrom, able: true },
    ])
    expect((await contacts.counting(ana.id)).contacts).toEqual([])
    clock.advance(7 * day - 1)
    expect((await contacts.counting(ana.id)).contacts).toEqual([])
    clock.advance(1)
    expect((await contacts.counting(ana.id)).contacts).toMatchObject([{ id, identity: { id: bob.id } }])
    expect(await contacts.roles(bob.id)).toMatchObject([
      { id, person: 'Ana', mailbox: 'ana@example.com', accepted: true },
    ])
    expect(messages.map(({ template, to }) => [template, to.written])).toEqual([
      ['contact-invited', 'ana@example.com'],
      ['contact-invitation', 'bob@example.com'],
      ['contact-accepted', 'ana@example.com'],
    ])
  })

  it('S32: asking somebody who is not there is answered, stored and read the same', async () => {
    const { store, clock, person, ...world } = await openContacts(open)
    const ana = await person('ana')
    await person('bob')
    await person('eve', false)
    // The first one makes the row.
    await world.invite(ana.id, 'joe')
    const asked: string[][] = []
    for (const name of ['bob@example.com', 'nob@example.com', 'eve@example.com', 'nob']) {
      const notes: string[] = []
      const { contacts } = contactsOn(noting(store, notes), clock.now)
      expect(await contacts.invite(ana.id, name, visit, by(ana.id))).toEqual({ status: 'invited' })
      asked.push(notes)
    }
    for (const notes of asked) expect(notes).toEqual(asked[0])
    await world.work()
    const listed = await world.contacts.list(ana.id)
    expect(listed.map(({ standing, able }) => [standing, able])).toEqual(Array(5).fill(['invited', true]))
  })

  it('S32: only who has a proved address is written to, and once however they are called', async () => {
    const { contacts, person, invite, messages } = await openContacts(open)
    const [ana, bob, eve] = [await person('ana'), await person('bob'), await person('eve', false)]
    for (const name of ['bob@example.com', 'bob', 'eve', 'eve@example.com', 'nobody'])
      expect(await invite(ana.id, name)).toBe('invited')
    expect(messages.filter(({ template }) => template === 'contact-invitation')).toMatchObject([
      { to: { written: 'bob@example.com' }, values: { person: 'Ana', mailbox: 'ana@example.com' } },
    ])
    expect(await contacts.roles(bob.id)).toHaveLength(1)
    expect(await contacts.roles(eve.id)).toEqual([])
  })

  it('nobody is their own contact, by any of their names, nor named twice, nor a phone number', async () => {
    const { person, invite } = await openContacts(open)
    const ana = await person('ana')
    expect(await invite(ana.id, 'ANA@example.com')).toBe('own')
    expect(await invite(ana.id, 'Ana')).toBe('own')
    expect(await invite(ana.id, '+49 170 1234567')).toBe('malformed')
    expect(await invite(ana.id, 'not a name')).toBe('malformed')
    expect(await invite(ana.id, 'bob@example.com')).toBe('invited')
    expect(await invite(ana.id, 'BOB@example.com')).toBe('already')
  })

  it('S26: asks a few times a day, and the same one no more than twice in a month', async () => {
    const { contacts, person, invite, clock } = await openContacts(open, { invitations_per_day: 3 })
    const ana = await person('ana')
    const again = async () => {
      const [contact] = await contacts.list(ana.id)
      await contacts.remove(ana.id, contact?.id ?? '', by(ana.id), visit)
      return invite(ana.id, 'bob@example.com')
    }
    expect(await invite(ana.id, 'bob@example.com')).toBe('invited')
    expect([await again(), await again(), await again()]).toEqual(['invited', 'again', 'too-many'])
    clock.advance(day)
    expect(await again()).toBe('again')
    clock.advance(30 * day)
    expect(await again()).toBe('invited')
  })

  it.each([2, 16])('of %i who are asked at once no more stay than there is room for', async (racers) => {
    const { contacts, person, clock, store } = await openContacts(open)
    const ana = await person('ana')
    const elsewhere = contactsOn(store, clock.now, { invitations_per_day: 100, most: 5 })
    const outcomes = await parallel(racers, (index) =>
      elsewhere.contacts.invite(ana.id, `friend${index}@example.com`, visit, by(ana.id)),
    )
    const invited = outcomes.filter(({ status }) => status === 'invited')
    expect(invited).toHaveLength(Math.min(racers, 5))
    expect(await contacts.list(ana.id)).toHaveLength(Math.min(racers, 5))
  })

  it.each([2, 8])('of %i answers at once one counts, and is told', async (racers) => {
    const { contacts, person, invite, messages } = await openContacts(open)
    const [ana, bob] = [await person('ana'), await person('bob')]
    await invite(ana.id, 'bob')
    const [{ id } = { id: '' }] = await contacts.roles(bob.id)
    const outcomes = await parallel(racers, () => contacts.accept(bob.id, id, visit, by(bob.id)))
    expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(1)
    expect(messages.filter(({ template }) => template === 'contact-accepted')).toHaveLength(1)
  })

  it('S38: nobody answers for another one, nor removes another one’s contact', async () => {
    const { contacts, person, invite, befriend } = await openContacts(open)
    const [ana, bob, eve] = [await person('ana'), await person('bob'), await person('eve')]
    await invite(ana.id, 'bob')
    const [{ id } = { id: '' }] = await contacts.roles(bob.id)
    expect(await contacts.accept(eve.id, id, visit, by(eve.id))).toBe('gone')
    expect(await contacts.quit(eve.id, id, visit, by(eve.id))).toBe('gone')
    expect(await contacts.remove(eve.id, id, by(eve.id), visit)).toBe(false)
    // Also when she is a contact of the same person.
    await befriend(ana, eve)
    expect(await contacts.accept(eve.id, id, visit, by(eve.id))).toBe('gone')
    expect(await contacts.quit(eve.id, id, visit, by(eve.id))).toBe('gone')
    expect(await contacts.list(ana.id)).toMatchObject([{ id, standing: 'invited' }, { standing: 'waiting' }])
  })

  it('whoever says no is seen to, makes room, and is not asked under another name', async () => {
    const { contacts, person, invite, messages } = await openContacts(open, { most: 3 })
    const [ana, bob] = [await person('ana'), await person('bob')]
    await invite(ana.id, 'bob')
    const [{ id } = { id: '' }] = await contacts.roles(bob.id)
    expect(await contacts.quit(bob.id, id, visit, by(bob.id))).toBe('declined')
    expect(await contacts.quit(bob.id, id, visit, by(bob.id))).toBe('gone')
    expect(await contacts.accept(bob.id, id, visit, by(bob.id))).toBe('gone')
    expect(await contacts.list(ana.id)).toMatchObject([{ standing: 'declined' }])
    expect(await contacts.roles(bob.id)).toEqual([])
    expect(messages.filter(({ template }) => template === 'contact-declined')).toMatchObject([
      { to: { written: 'ana@example.com' }, values: { contact: 'bob' } },
    ])
    await invite(ana.id, 'bob@example.com')
    const [second] = await contacts.roles(bob.id)
    await contacts.quit(bob.id, second?.id ?? '', visit, by(bob.id))
    await contacts.remove(ana.id, second?.id ?? '', by(ana.id), visit)
    expect(await invite(ana.id, 'bob')).toBe('invited')
    expect(await contacts.roles(bob.id)).toEqual([])
  })

  it('an invitation ends by itself, and what is over cannot be accepted', async () => {
    const { contacts, person, invite, clock } = await openContacts(open)
    const [ana, bob] = [await person('ana'), await person('bob')]
    await invite(ana.id, 'bob')
    const [{ id } = { id: '' }] = await contacts.roles(bob.id)
    clock.advance(14 * day)
    expect(await contacts.roles(bob.id)).toEqual([])
    expect(await contacts.accept(bob.id, id, visit, by(bob.id))).toBe('gone')
    expect(await contacts.list(ana.id)).toMatchObject([{ standing: 'unanswered' }])
  })

  it('a contact leaves at any time, and whoever was proved by them is not any more', async () => {
    const { contacts, person, befriend, clock } = await openContacts(open)
    const [ana, bob, eve] = [await person('ana'), await person('bob'), await person('eve')]
    const id = await befriend(ana, bob)
    await befriend(ana, eve)
    clock.advance(7 * day)
    const before = await contacts.counting(ana.id)
    expect(await contacts.quit(bob.id, id, visit, by(bob.id))).toBe('left')
    const after = await contacts.counting(ana.id)
    expect(after.contacts).toMatchObject([{ identity: { id: eve.id } }])
    expect(after.since).toBeGreaterThan(before.since)
    expect(await contacts.roles(bob.id)).toEqual([])
    expect(await contacts.linked(eve.id, ana.id)).toBe(true)
  })

  it('S38: whoever left, or was removed, stays linked for 90 days, so that they do not judge the person; nobody else is', async () => {
    const { contacts, person, befriend, invite, clock, identities, store } = await openContacts(open)
    const [ana, bob, eve] = [await person('ana'), await person('bob'), await person('eve')]
    const joe = await person('joe')
    await contacts.quit(bob.id, await befriend(ana, bob), visit, by(bob.id))
    await contacts.remove(ana.id, await befriend(ana, eve), by(ana.id))
    await invite(ana.id, 'joe')
    const [{ id } = { id: '' }] = await contacts.roles(joe.id)
    await contacts.quit(joe.id, id, visit, by(joe.id))
    clock.advance(89 * day)
    for (const former of [bob, eve]) {
      expect(await contacts.linked(ana.id, former.id)).toBe(true)
      expect(await contacts.linked(former.id, ana.id)).toBe(true)
    }
    expect(await contacts.linked(ana.id, joe.id)).toBe(false)
    const { since } = await contacts.counting(ana.id)
    await identities.remove(eve.id, operator)
    expect(JSON.stringify(await store.contacts.get(ana.id))).not.toContain(eve.id)
    // Whoever left before is missed by nobody: what others vouch for goes on.
    expect((await contacts.counting(ana.id)).since).toBe(since)
    clock.advance(2 * day)
    expect(await contacts.linked(ana.id, bob.id)).toBe(false)
  })

  it('S39: a contact who is deleted meanwhile counts no more, nor one who is suspended or disabled', async () => {
    const { contacts, person, befriend, clock, identities } = await openContacts(open)
    const ana = await person('ana')
    const friends = [await person('bob'), await person('eve'), await person('joe')]
    for (const friend of friends) await befriend(ana, friend)
    clock.advance(7 * day)
    let { since } = await contacts.counting(ana.id)
    for (const [index, ends] of (['remove', 'suspend', 'disable'] as const).entries()) {
      clock.advance(1)
      await identities[ends](friends[index]?.id ?? '', operator)
      const counting = await contacts.counting(ana.id)
      expect(counting.contacts).toHaveLength(2 - index)
      expect(counting.since).toBeGreaterThan(since)
      since = counting.since
    }
  })

  it('S30: the owner is told of a new contact and of a removed one, and can end both', async () => {
    const { contacts, person, befriend, messages } = await openContacts(open)
    const [ana, bob] = [await person('ana'), await person('bob')]
    const id = await befriend(ana, bob)
    expect(await contacts.remove(ana.id, id, by(ana.id), visit)).toBe(true)
    expect(await contacts.remove(ana.id, id, by(ana.id), visit)).toBe(false)
    const told = messages.filter(({ to }) => to.written === 'ana@example.com')
    expect(told).toMatchObject([
      { template: 'contact-invited', about: { identityId: ana.id, contact: id, session: 'a session' } },
      { template: 'contact-accepted', about: { identityId: ana.id, contact: id } },
      { template: 'contact-removed', about: { identityId: ana.id, session: 'a session' } },
    ])
  })

  it('both find it in their activity, and each only from where they themselves did it', async () => {
    const { contacts, person, befriend, audit } = await openContacts(open)
    const [ana, bob] = [await person('ana'), await person('bob')]
    const id = await befriend(ana, bob)
    await contacts.remove(ana.id, id, by(ana.id), visit)
    const entries = async (identityId: string) =>
      (await audit.list({ identityId, limit: 20 })).items
        .filter(({ action }) => action.startsWith('contact.'))
        .map(({ action, actor, personal }) => [action, actor.kind, personal?.address])
    expect(await entries(ana.id)).toEqual([
      ['contact.removed', 'identity', visit.address],
      ['contact.accepted', 'system', undefined],
      ['contact.invited', 'identity', visit.address],
    ])
    expect(await entries(bob.id)).toEqual([
      ['contact.removed', 'system', undefined],
      ['contact.accepted', 'identity', visit.address],
      ['contact.invited', 'system', undefined],
    ])
  })

  it('is erased with either of the two', async () => {
    const { person, befriend, invite, identities, contacts, store } = await openContacts(open)
    const [ana, bob, eve] = [await person('ana'), await person('bob'), await person('eve')]
    await befriend(ana, bob)
    await befriend(bob, ana)
    await befriend(eve, bob)
    await invite(ana.id, 'eve')
    await identities.remove(bob.id, operator)
    expect(await contacts.list(ana.id)).toMatchObject([{ typed: 'eve' }])
    expect(await contacts.list(eve.id)).toEqual([])
    expect(await contacts.roles(ana.id)).toEqual([])
    expect(JSON.stringify((await store.contacts.page({ limit: 10 })).items)).not.toContain(bob.id)
  })

  it('a copy of the database does not say whom somebody named', async () => {
    const { person, invite, store } = await openContacts(open)
    const ana = await person('ana')
    await invite(ana.id, 'nobody-here@example.com')
    expect(JSON.stringify((await store.contacts.page({ limit: 10 })).items)).not.toContain('nobody-here')
  })
})
