/** Trusted devices in the portal, given and taken back, and where a rule has a say. */
import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { acrOf } from '../../src/domain/assurance.ts'
import { addPerson, password, prove } from '../support/person.ts'
import { browser, register } from '../support/relying-party.ts'
import { eachStore } from '../support/stores.ts'
import { words } from '../support/visitor.ts'
import { asksForCode, deviceOf, list, mail, minute, operator, revocations, trusting } from './trusting.ts'

eachStore((_, __, fresh) => {
  const { open, stage, trust, returning, comesBack, trusted } = trusting(fresh)

  it('is listed with its end, and taken back one by one or all at once, after a fresh sign-in', async () => {
    const at = await stage()
    const [here, elsewhere] = [browser(), browser()]
    await trust(at, here)
    await trust(at, elsewhere)
    const home = await here.get(`${at.signet.issuer}/account/security`)
    expect(words(home)).toContain('Trusted devices')
    expect(words(home)).toContain('this one')

    at.later(6 * minute)
    const stopped = await here.get(`${at.signet.issuer}${list}`)
    expect(stopped.document.querySelector('input[name="identifier"]')).not.toBeNull()
    const page = await here.submit(await prove(here, stopped), { code: at.code() })
    expect(page.url.pathname).toBe(list)
    const actions = revocations(page)
    expect(actions).toHaveLength(2)
    const own = (await at.signet.house.trustedDevices.list(at.ana, deviceOf(here))).find((one) => one.here)
    const left = await here.press(page, `${list}/${own?.id}/revoke`)
    expect(words(left)).toContain('That device is not trusted any more.')
    expect(revocations(left)).toHaveLength(1)
    expect(asksForCode((await comesBack(at.party, returning(here))).page)).toBe(true)
    expect(asksForCode((await comesBack(at.party, returning(elsewhere))).page)).toBe(false)
    const again = await here.press(left, revocations(left)[0] ?? '')
    expect(words(again)).toContain('You trust no device.')
    expect(asksForCode((await comesBack(at.party, returning(elsewhere))).page)).toBe(true)
    const { items } = await at.signet.house.audit.list({ identityId: at.ana, limit: 50 })
    expect(items.filter(({ action }) => action === 'device.trust-revoked')).toHaveLength(2)
  })

  it('S38: is not taken back by anybody else', async () => {
    const at = await stage()
    await trust(at, browser())
    const [device] = await trusted(at)
    const eve = await addPerson(at.signet.house, 'eve@example.com')
    expect(await at.signet.house.trustedDevices.revoke(eve, device?.id ?? '', operator)).toBe(false)
    expect(await trusted(at)).toHaveLength(1)
  })

  it('stays after signing out here, and ends where one signs out everywhere else', async () => {
    const at = await stage()
    const [here, elsewhere] = [browser(), browser()]
    await trust(at, here)
    await trust(at, elsewhere)
    await elsewhere.submit(
      await elsewhere.get(`${at.signet.issuer}/logout`),
      {},
      { name: 'logout', value: 'yes' },
    )
    expect(asksForCode((await comesBack(at.party, returning(elsewhere))).page)).toBe(false)
    await here.press(await here.get(`${at.signet.issuer}/account/sessions`), '/account/sessions/others/end')
    expect(asksForCode((await comesBack(at.party, returning(elsewhere))).page)).toBe(true)
    expect(asksForCode((await comesBack(at.party, returning(here))).page)).toBe(false)
  })

  it.each([
    ['acr_values', { acr_values: acrOf('two-factor') }],
    ['prompt=login', { prompt: 'login' }],
    ['max_age', { max_age: '60' }],
  ])('S18: %s asks for the second factor all the same', async (_name, parameters) => {
    const at = await stage()
    const visitor = browser()
    await trust(at, visitor)
    at.later(5 * minute)
    const { page } = await comesBack(at.party, returning(visitor), parameters)
    expect(asksForCode(page)).toBe(true)
    // It is trusted already: nothing makes that longer.
    expect(page.document.querySelector('input[name="trust"]')).toBeNull()
  })

  it('S18: S30: changes nothing in the portal without the second factor', async () => {
    const at = await stage()
    const visitor = browser()
    await trust(at, visitor)
    const back = returning(visitor)
    const home = await prove(back, await back.get(`${at.signet.issuer}/account`))
    expect(home.url.pathname).toBe('/account')
    const asked = await prove(back, await back.get(`${at.signet.issuer}/account/security/password`))
    expect(asksForCode(asked)).toBe(true)
  })

  it('is given by two factors alone: a box that is ticked beside one, or where nobody offered it, gives nothing', async () => {
    const at = await stage()
    const solo = await addPerson(at.signet.house, 'solo@example.com')
    const visitor = browser()
    const asked = await visitor.submit(await visitor.get((await at.party.begin()).url), {
      identifier: 'solo@example.com',
    })
    const form = asked.document.querySelector('form[action$="/prove/password"]')
    form?.insertAdjacentHTML('beforeend', '<input name="trust" value="on">')
    await visitor.submit(asked, { password, trust: 'on' })
    expect(await at.signet.house.trustedDevices.list(solo)).toEqual([])

    // Said with the first proof, and not with the second.
    const other = browser()
    const first = await other.submit(await other.get((await at.party.begin()).url), { identifier: mail })
    first.document
      .querySelector('form[action$="/prove/password"]')
      ?.insertAdjacentHTML('beforeend', '<input name="trust" value="on">')
    const second = await other.submit(first, { password, trust: 'on' })
    await other.submit(second, { code: at.code() })
    expect(await trusted(at)).toEqual([])
    expect(await at.signet.sent(mail)).toEqual([])
  })

  it('is given once by a form that is sent twice at the same moment', async () => {
    const at = await stage()
    const visitor = browser()
    const asked = await prove(visitor, await visitor.get((await at.party.begin()).url))
    const code = at.code()
    await Promise.all([1, 2].map(() => visitor.submit(asked, { code, trust: 'on' })))
    expect(await trusted(at)).toHaveLength(1)
    expect(asksForCode((await comesBack(at.party, returning(visitor))).page)).toBe(false)
  })

  it('is offered nowhere when it is turned off, and what was given counts for nothing', async () => {
    const sameKey = { SIGNET_MASTER_KEY: randomBytes(32).toString('base64url') }
    const at = await stage(sameKey)
    const visitor = browser()
    await trust(at, visitor)
    const strict = await open({
      storage: at.storage,
      clock: at.now,
      env: { ...sameKey, SIGNET_FACTORS__TRUSTED_DEVICE__ENABLED: 'false' },
    })
    const party = await register(strict)
    const back = returning(visitor)
    const { page } = await comesBack(party, back)
    expect(asksForCode(page)).toBe(true)
    expect(page.document.querySelector('input[name="trust"]')).toBeNull()
    await back.submit(page, { code: at.code() })
    expect(words(await back.get(`${strict.issuer}/account/security`))).not.toContain('Trusted devices')
  })

  it('is forbidden by a rule: neither offered, nor taken from whoever asks all the same, nor good for anything', async () => {
    const sameKey = { SIGNET_MASTER_KEY: randomBytes(32).toString('base64url') }
    const at = await stage(sameKey)
    const visitor = browser()
    await trust(at, visitor)
    const rules = [{ name: 'nowhere', when: { groups: ['staff'] }, trusted_device: false }]
    await at.signet.house.identities.update(at.ana, { groups: ['staff'] }, operator)
    const env = { ...sameKey, SIGNET_POLICY__RULES: JSON.stringify(rules) }
    const strict = await open({ storage: at.storage, clock: at.now, env })
    const party = await register(strict)
    const back = returning(visitor)
    expect(asksForCode((await comesBack(party, back)).page)).toBe(true)
    const other = browser()
    const { page } = await comesBack(party, other)
    expect(page.document.querySelector('input[name="trust"]')).toBeNull()
    page.document
      .querySelector('form[action$="/prove/totp"]')
      ?.insertAdjacentHTML('beforeend', '<input name="trust" value="on">')
    await other.submit(page, { code: at.code(), trust: 'on' })
    expect(await trusted(at)).toHaveLength(1)
  })
})
