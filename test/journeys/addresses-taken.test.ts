/** Addresses and numbers that others have, that are proved at once by several, or that are the last one. */
import { expect, it } from 'vitest'
import { minute } from '../../src/domain/time.ts'
import { addPerson, prove } from '../support/person.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, words } from '../support/visitor.ts'
import { fresh, moving, number, old, operator, other, visit } from './moving.ts'

eachStore((_, __, freshStore) => {
  const { stage, home, addressesOf, change, sentTo } = moving(freshStore)

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
})
