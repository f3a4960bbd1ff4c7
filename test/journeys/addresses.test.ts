/** People who change their e-mail address or phone number: proved before it counts, and the old one is told. */
import { expect, it } from 'vitest'
import { minute } from '../../src/domain/time.ts'
import { addPerson, password, prove } from '../support/person.ts'
import { browser, register } from '../support/relying-party.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor, words } from '../support/visitor.ts'

const old = 'ana@example.com'
const fresh = 'ana.ruiz@example.org'
const number = '+4915112345678'
const other = '+4915187654321'
const operator = { kind: 'operator', id: 'test' } as const
const visit = { address: '127.0.0.1', language: 'en', userAgent: 'test' }
const way = (value: string) => ({ name: 'factor', value })

eachStore((_, __, freshStore) => {
  const open = useSignet(freshStore)

  async function stage(env: Readonly<Record<string, string>> = {}) {
    let now = Date.now()
    const signet = await open({ clock: () => now, env })
    const ana = await addPerson(signet.house)
    const later = (ms: number) => {
      now += ms
    }
    const at = (path: string) => `${signet.issuer}/account/profile${path}`
    return { signet, ana, later, at }
  }

  async function home(signet: Signet, visitor: Visitor, email = old): Promise<Visitor> {
    const page = await prove(visitor, await visitor.get(`${signet.issuer}/account`), email)
    expect(page.url.pathname).toBe('/account')
    return visitor
  }

  async function addressesOf({ house }: Signet, id: string): Promise<string[]> {
    return (await house.identities.get(id))?.identifiers.map(({ value }) => value) ?? []
  }

  /** From the form to the confirmed code. */
  async function change(
    signet: Signet,
    visitor: Visitor,
    kind: 'email' | 'phone',
    to: string,
  ): Promise<Page> {
    const asked = await visitor.submit(await visitor.get(`${signet.issuer}/account/profile/${kind}`), {
      [kind]: to,
    })
    expect(asked.url.pathname).toBe(`/account/profile/${kind}/code`)
    return visitor.submit(asked, { code: (await signet.mail(to)).codes[0] ?? '' })
  }

  async function sentTo(signet: Signet, to: string, atLeast: number) {
    const messages = await signet.sent(to)
    expect(messages.length).toBeGreaterThanOrEqual(atLeast)
    return messages
  }

  it('S35: a new e-mail address counts once it is proved, and not a moment before; S30: the old one is told', async () => {
    const { signet, ana, at } = await stage()
    const [here, elsewhere] = [await home(signet, createVisitor()), await home(signet, createVisitor())]
    const form = await here.get(at('/email'))
    const field = form.document.querySelector('input[name="email"]')
    expect(field?.getAttribute('autocomplete')).toBe('email')
    const slip = await here.submit(form, { email: 'not an address' })
    expect([slip.status, words(slip).includes('not a complete e-mail address')]).toEqual([422, true])
    const same = await here.submit(form, { email: 'ANA@example.com' })
    expect(words(same)).toContain('your e-mail address already')

    const asked = await here.submit(form, { email: fresh })
    expect(asked.document.querySelector('input[name="code"]')?.getAttribute('autocomplete')).toBe(
      'one-time-code',
    )
    expect(words(asked)).toContain('a•••@example.org')
    expect(words(asked)).not.toContain(fresh)
    const sent = await signet.mail(fresh)
    const code = sent.codes[0] ?? ''
    expect(sent.text).not.toContain('Ana')
    const wrong = await here.submit(asked, { code: code === '00000000' ? '00000001' : '00000000' })
    expect([wrong.status, words(wrong).includes('4 more tries')]).toEqual([422, true])
    expect(await addressesOf(signet, ana)).toEqual([old])
    expect(await signet.house.identities.findByIdentifier('email', fresh)).toBeUndefined()

    const done = await here.submit(wrong, { code })
    expect(done.url.href).toBe(at('?done=changed'))
    expect(await addressesOf(signet, ana)).toEqual([fresh])
    const told = await signet.mail(old)
    expect(told.subject).toBe('Your e-mail address, phone number or username was changed')
    expect(told.text).toContain('Added: a•••@example.org')
    expect((await sentTo(signet, fresh, 1)).map(({ subject }) => subject)).toEqual(['Your code'])
    expect((await here.get(`${signet.issuer}/account`)).url.pathname).toBe('/account')
    expect((await elsewhere.get(`${signet.issuer}/account`)).url.pathname).not.toBe('/account')
    await home(signet, createVisitor(), fresh)
    const late = createVisitor()
    expect((await prove(late, await late.get(`${signet.issuer}/account`), old)).status).toBe(422)
    // The old address is anybody's again.
    expect(await addPerson(signet.house, old)).not.toBe(ana)
  })

  it('S35: what waits in the old mailbox is void: a link to get back in, and a code of a sign-in that was begun', async () => {
    const { signet } = await stage()
    await signet.house.links.request(old, { language: 'en', address: '127.0.0.1' })
    const link = (await signet.mail(old)).links[0] ?? ''
    const visitor = browser()
    const party = await register(signet)
    const begun = await visitor.submit(
      await visitor.submit(await visitor.get((await party.begin()).url), { identifier: old }),
      {},
      way('email-code'),
    )
    const [newest] = await sentTo(signet, old, 2)
    const code = newest?.codes[0] ?? ''
    await change(signet, await home(signet, createVisitor()), 'email', fresh)
    expect((await createVisitor().get(link)).document.querySelector('input[name="password"]')).toBeNull()
    const refused = await visitor.submit(begun, { code })
    expect(refused.status).toBe(422)
    expect(refused.url.searchParams.has('code')).toBe(false)
  })

  it('S35: a sign-in to which only the second step is missing does not live on the old address', async () => {
    const { signet, ana, later } = await stage()
    const key = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
    await signet.house.enrolments.adopt(ana, 'totp', { totp_secret: key })
    const visitor = browser()
    const party = await register(signet)
    const begun = await visitor.submit(
      await visitor.submit(await visitor.get((await party.begin()).url), { identifier: old }),
      {},
      way('email-code'),
    )
    const second = await visitor.submit(begun, { code: (await signet.mail(old)).codes[0] ?? '' })
    later(minute)
    const changed = await signet.house.identities.changeIdentifier(
      ana,
      { add: { kind: 'email', written: fresh }, remove: { kind: 'email', value: old } },
      operator,
    )
    expect(changed.status).toBe('changed')
    // Neither does the right password, nor would the code of the app.
    const end = await visitor.submit(second, { password })
    expect([end.status, end.url.searchParams.has('code')]).toEqual([410, false])
  })

  it('S28: a phone number is added, proved by SMS, replaced and removed; S30: the old number is told', async () => {
    const { signet, ana, at, later } = await stage({ SIGNET_POLICY__LEVEL: 'single-factor' })
    const visitor = await home(signet, createVisitor())
    const profile = await visitor.get(at(''))
    expect(words(profile)).toContain('Add a phone number')
    const form = await visitor.get(at('/phone'))
    const field = form.document.querySelector('input[name="phone"]')
    expect([field?.getAttribute('autocomplete'), field?.getAttribute('type')]).toEqual(['tel', 'tel'])
    const asked = await visitor.submit(form, { phone: '0049 151 12345678' })
    expect(words(asked)).toContain('+49•••78')
    expect(words(asked)).toContain('You can ask for another in 30 seconds')
    const sms = await signet.mail(number)
    expect(sms.channel).toBe('sms')
    expect(sms.text.split('\n').at(-1)).toBe(`@localhost #${sms.codes[0]}`)
    // Too early: nothing is sent, and the code stays good.
    await visitor.press(asked, '/account/profile/phone/again')
    later(31_000)
    const again = await visitor.press(asked, '/account/profile/phone/again')
    const [newest, first] = await sentTo(signet, number, 2)
    expect(await sentTo(signet, number, 2)).toHaveLength(2)
    expect((await visitor.submit(again, { code: first?.codes[0] ?? '' })).status).toBe(422)
    const done = await visitor.submit(again, { code: newest?.codes[0] ?? '' })
    expect(words(done)).toContain('Confirmed.')
    expect(await addressesOf(signet, ana)).toEqual([old, number])
    expect((await signet.mail(old)).text).toContain('Added: +49•••78')

    await change(signet, visitor, 'phone', other)
    expect(await addressesOf(signet, ana)).toEqual([old, other])
    const told = await sentTo(signet, number, 3)
    expect(told[0]?.text).toContain('phone number or username was changed')
    expect((await signet.mail(old)).text).toContain('Removed: +49•••78')

    const removed = await visitor.press(await visitor.get(at('/phone')), '/account/profile/phone/remove')
    expect(removed.url.href).toBe(at('?done=removed'))
    expect(await addressesOf(signet, ana)).toEqual([old])
    expect((await sentTo(signet, other, 2))[0]?.text).toContain('phone number or username was changed')
    const { items } = await signet.house.audit.list({ identityId: ana, limit: 50 })
    const changes = items.filter(({ action }) => action === 'identity.identifier-changed')
    expect(changes.map(({ details }) => details?.change).sort()).toEqual(['added', 'removed', 'replaced'])
  })

  it('S30: each of these pages asks for a new sign-in once the last one is some minutes old', async () => {
    const { signet, at, later, ana } = await stage()
    const visitor = await home(signet, createVisitor())
    const form = await visitor.get(at('/phone'))
    later(6 * minute)
    const stopped = await visitor.submit(form, { phone: number })
    expect(stopped.document.querySelector('input[name="identifier"]')).not.toBeNull()
    expect(await signet.house.addresses.proofs.pending(ana, 'phone')).toBeUndefined()
    expect((await prove(visitor, stopped)).url.href).toBe(at('/phone'))
  })

  it.each([
    ['phone number', 'phone', number],
    ['mail address', 'email', 'eve@example.com'],
  ] as const)(
    'S32: a %s that somebody else has shows nothing: the same page, no code that works, and its owner is told',
    async (_name, kind, taken) => {
      const { signet, ana, at } = await stage()
      const eve = await addPerson(signet.house, 'eve@example.com', {
        identifiers: [
          { kind: 'email', written: 'eve@example.com', verified: true },
          { kind: 'phone', written: number, verified: true },
        ],
        claims: { name: 'Eve' },
      })
      const visitor = await home(signet, createVisitor())
      const look = async (address: string) => {
        const asked = await visitor.submit(await visitor.get(at(`/${kind}`)), { [kind]: address })
        const wrong = await visitor.submit(asked, { code: '0' })
        return [asked, wrong].map((page) => [page.status, words(page).replace(/\S+•••\S+/g, '…')])
      }
      const free = kind === 'phone' ? other : 'free@example.com'
      expect(await look(taken)).toEqual(await look(free))
      const told = await signet.mail(taken)
      expect(told.codes).toEqual([])
      expect(told.text).toContain(kind === 'phone' ? 'belongs to an account already' : 'to another account')
      expect(await addressesOf(signet, ana)).toEqual([old])
      expect(await addressesOf(signet, eve)).toEqual(['eve@example.com', number])
    },
  )

  it.each([2, 8])(
    'F3: of %i people who prove the same number at the same moment one gets it',
    async (racers) => {
      const { signet } = await stage({ SIGNET_FACTORS__SMS_CODE__PER_HOUR: '100' })
      const { proofs, changes } = signet.house.addresses
      const people = []
      for (let index = 0; index < racers; index += 1) {
        const id = await addPerson(signet.house, `racer${index}@example.com`)
        await proofs.begin(id, { kind: 'phone', written: number }, visit)
        const code = (await sentTo(signet, number, index + 1))[0]?.codes[0] ?? ''
        people.push({ id, code })
      }
      const outcomes = await Promise.all(
        people.map(({ id, code }) =>
          changes.confirm(id, 'phone', code, { ...visit, sessionUid: '' }, operator),
        ),
      )
      expect(outcomes.map(({ status }) => status).sort()).toEqual([
        'changed',
        ...Array.from({ length: racers - 1 }, () => 'expired'),
      ])
      const winner = people[outcomes.findIndex(({ status }) => status === 'changed')]
      expect((await signet.house.identities.findByIdentifier('phone', number))?.id).toBe(winner?.id)
      for (const { id } of people)
        expect((await addressesOf(signet, id)).includes(number)).toBe(id === winner?.id)
    },
  )

  it('F3: a code is good once, and one that was asked for later voids it', async () => {
    const { signet, ana } = await stage()
    const { proofs, changes } = signet.house.addresses
    const confirm = (code: string) =>
      changes.confirm(ana, 'phone', code, { ...visit, sessionUid: '' }, operator)
    await proofs.begin(ana, { kind: 'phone', written: number }, visit)
    const first = (await signet.mail(number)).codes[0] ?? ''
    await proofs.begin(ana, { kind: 'phone', written: other }, visit)
    const second = (await signet.mail(other)).codes[0] ?? ''
    expect((await confirm(first)).status).toBe('refused')
    const outcomes = await Promise.all([1, 2, 3].map(() => confirm(second)))
    expect(outcomes.filter(({ status }) => status === 'changed')).toHaveLength(1)
    expect(await addressesOf(signet, ana)).toEqual([old, other])
  })

  it('S26: wrong codes use one up, and nobody is sent more than a few', async () => {
    const { signet, ana, later } = await stage()
    const { proofs } = signet.house.addresses
    await proofs.begin(ana, { kind: 'phone', written: number }, visit)
    const code = (await signet.mail(number)).codes[0] ?? ''
    for (let left = 4; left >= 0; left -= 1)
      expect(await proofs.confirm(ana, 'phone', '0')).toEqual({ status: 'refused', triesLeft: left })
    expect(await proofs.confirm(ana, 'phone', code)).toEqual({ status: 'expired' })
    for (let round = 0; round < 6; round += 1) {
      later(minute)
      const begun = await proofs.begin(ana, { kind: 'phone', written: `+49151000000${round}` }, visit)
      expect(begun).toEqual({ status: 'sent' })
    }
    await sentTo(signet, '+491510000003', 1)
    for (const last of ['+491510000004', '+491510000005']) expect(await signet.sent(last)).toEqual([])
  })

  it('the last confirmed e-mail address cannot be removed, nor what is left of the ways in', async () => {
    const { signet, ana, at } = await stage()
    const visitor = await home(signet, createVisitor())
    const refused = await visitor.press(await visitor.get(at('/email')), '/account/profile/email/remove')
    expect([refused.status, words(refused).includes('no way to reach you')]).toEqual([422, true])
    expect(await addressesOf(signet, ana)).toEqual([old])
  })

  it('F3: of two addresses that are removed at the same moment one stays', async () => {
    const { signet, ana } = await stage()
    const { changes } = signet.house.addresses
    await signet.house.identities.changeIdentifier(ana, { add: { kind: 'email', written: fresh } }, operator)
    const outcomes = await Promise.all(
      [old, fresh].map((value) =>
        changes.remove(ana, { kind: 'email', value }, { ...visit, sessionUid: '' }, operator),
      ),
    )
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['refused', 'removed'])
    expect(await addressesOf(signet, ana)).toHaveLength(1)
  })

  it('a number stays where a rule demands a second factor, and there is no other', async () => {
    const { signet, ana, at } = await stage({
      SIGNET_POLICY__LEVEL: 'two-factor',
      SIGNET_FACTORS__EMAIL_CODE__ENABLED: 'false',
      SIGNET_FACTORS__MAGIC_LINK__ENABLED: 'false',
    })
    await signet.house.identities.changeIdentifier(ana, { add: { kind: 'phone', written: number } }, operator)
    const visitor = createVisitor()
    const proved = await prove(visitor, await visitor.get(at('/phone')))
    const form = await visitor.submit(proved, { code: (await signet.mail(number)).codes[0] ?? '' })
    expect(form.url.href).toBe(at('/phone'))
    const refused = await visitor.press(form, '/account/profile/phone/remove')
    expect([refused.status, words(refused).includes('as securely as is demanded')]).toEqual([422, true])
    expect(await addressesOf(signet, ana)).toEqual([old, number])
  })

  it('S44: with a number that is added or removed, trusted devices are trusted no more', async () => {
    const { signet, ana } = await stage()
    const rows = signet.house.store.devices
    const visitor = await home(signet, createVisitor())
    const trust = async () => {
      for (const device of await rows.findBy('identityId', ana))
        await rows.put({
          ...device,
          trustedAt: 1,
          trustedUntil: signet.house.clock() + minute,
          trustedFor: '',
        })
    }
    const trusted = async () =>
      (await rows.findBy('identityId', ana)).filter(({ trustedUntil }) => trustedUntil !== undefined)
    await trust()
    await change(signet, visitor, 'phone', number)
    expect(await trusted()).toEqual([])
    await trust()
    await visitor.press(
      await visitor.get(`${signet.issuer}/account/profile/phone`),
      '/account/profile/phone/remove',
    )
    expect(await trusted()).toEqual([])
  })

  it('an identifier that a crash left claimed is free again after ten minutes, or as soon as somebody proves it', async () => {
    const { signet, ana, later } = await stage()
    const { claims } = signet.house.store
    const { identities } = signet.house
    const leave = (id: string) => claims.put({ id, identityId: ana, takenAt: signet.house.clock() })
    await leave(`phone:${number}`)
    expect(await identities.freeOrphanedClaims()).toBe(0)
    const eve = await addPerson(signet.house, 'eve@example.com')
    const add = { add: { kind: 'phone', written: number } } as const
    expect((await identities.changeIdentifier(eve, add, operator)).status).toBe('taken')
    later(11 * minute)
    expect((await identities.changeIdentifier(eve, add, operator)).status).toBe('changed')
    await leave(`phone:${other}`)
    later(11 * minute)
    expect(await identities.freeOrphanedClaims()).toBe(1)
    expect((await claims.get(`phone:${number}`))?.identityId).toBe(eve)
    expect((await identities.findByIdentifier('email', old))?.id).toBe(ana)
  })

  it('says so in German too', async () => {
    const { signet, at } = await stage()
    const visitor = createVisitor({ headers: { 'accept-language': 'de' } })
    await prove(visitor, await visitor.get(`${signet.issuer}/account`), old, password)
    expect(words(await visitor.get(at('/phone')))).toContain('Mit Landesvorwahl')
  })
})
