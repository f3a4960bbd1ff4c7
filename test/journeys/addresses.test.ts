/** People who change their e-mail address or phone number: proved before it counts, and the old one is told. */
import { expect, it } from 'vitest'
import { minute } from '../../src/domain/time.ts'
import { addPerson, password, prove } from '../support/person.ts'
import { browser, register } from '../support/relying-party.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, words } from '../support/visitor.ts'
import { fresh, moving, number, old, operator, other, way } from './moving.ts'

eachStore((_, __, freshStore) => {
  const { stage, home, addressesOf, change, sentTo } = moving(freshStore)

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

  it('says so in German too', async () => {
    const { signet, at } = await stage()
    const visitor = createVisitor({ headers: { 'accept-language': 'de' } })
    await prove(visitor, await visitor.get(`${signet.issuer}/account`), old, password)
    expect(words(await visitor.get(at('/phone')))).toContain('Mit Landesvorwahl')
  })
})
