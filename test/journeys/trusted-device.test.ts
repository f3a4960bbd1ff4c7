/** People who trust a device: it is not asked for the second factor, and it stays one factor. */
import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { acrOf } from '../../src/domain/assurance.ts'
import { codeOf } from '../factors/authenticator.ts'
import { addPerson, allow, password, prove } from '../support/person.ts'
import { leaks, rawStore } from '../support/raw-store.ts'
import { browser, type RelyingParty, register } from '../support/relying-party.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, type Values, type Visitor, words } from '../support/visitor.ts'

const minute = 60_000
const day = 24 * 60 * minute
const key = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const mail = 'ana@example.com'
const list = '/account/security/trusted-devices'
const operator = { kind: 'operator', id: 'test' } as const

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  /** A Signet with a clock that is moved by hand, Ana with a password and an authenticator app, and an application. */
  async function stage(env: Readonly<Record<string, string>> = {}) {
    let now = Date.now()
    const storage = await fresh()
    const signet = await open({ storage, clock: () => now, env })
    const ana = await person(signet)
    const party = await register(signet)
    const later = (ms: number) => {
      now += ms
    }
    /** The code of the authenticator app; never the same one twice. */
    const code = () => {
      later(minute)
      return codeOf(key, now)
    }
    return { signet, storage, ana, party, later, code, now: () => now }
  }

  type Stage = Awaited<ReturnType<typeof stage>>

  async function person({ house }: Signet, email = mail): Promise<string> {
    const id = await addPerson(house, email)
    const added = await house.enrolments.adopt(id, 'totp', { totp_secret: key })
    expect(added.status).toBe('enrolled')
    return id
  }

  /** Signs in with both factors and ticks the box. */
  async function trust(at: Stage, visitor: Visitor, email = mail, values: Values = { trust: 'on' }) {
    const asked = await prove(visitor, await visitor.get((await at.party.begin()).url), email)
    expect(asksForCode(asked)).toBe(true)
    return visitor.submit(asked, { code: at.code(), ...values })
  }

  /** A new browser session in the same browser: what is kept for longer stays. */
  function returning(visitor: Visitor): Visitor {
    const again = browser()
    for (const [name, value] of visitor.cookies)
      if (name.endsWith('signet-device')) again.cookies.set(name, value)
    return again
  }

  async function comesBack(party: RelyingParty, visitor: Visitor, parameters = {}, email = mail) {
    const flow = await party.begin(parameters)
    return { flow, page: await prove(visitor, await visitor.get(flow.url), email) }
  }

  const trusted = ({ signet, ana }: Stage) => signet.house.trustedDevices.list(ana)

  it('S44: is asked for the password still and for no second factor, and what is reported stays one factor', async () => {
    const at = await stage()
    const visitor = browser()
    const asked = await prove(visitor, await visitor.get((await at.party.begin()).url))
    const box = asked.document.querySelector('input[name="trust"]')
    expect(box?.getAttribute('type')).toBe('checkbox')
    expect(box?.hasAttribute('checked')).toBe(false)
    expect(words(asked)).toContain('Trust this device for 30 days')
    const slip = await visitor.submit(asked, { code: '000000', trust: 'on' })
    expect(slip.document.querySelector('input[name="trust"]')?.hasAttribute('checked')).toBe(true)
    await visitor.submit(slip, { code: at.code(), trust: 'on' })

    const back = returning(visitor)
    const flow = await at.party.begin()
    const first = await back.submit(await back.get(flow.url), { identifier: mail })
    expect(first.document.querySelector('input[autocomplete="current-password"]')).not.toBeNull()
    expect(first.document.querySelector('input[name="trust"]')).toBeNull()
    const consent = await back.submit(first, { password })
    expect(asksForCode(consent)).toBe(false)
    const { url } = await back.submit(consent, {}, allow)
    const claims = (await at.party.finish(flow, url)).claims()
    expect(claims).toMatchObject({ acr: acrOf('single-factor'), amr: ['pwd'] })

    const told = (await at.signet.sent(mail)).filter(({ subject }) => subject.includes('trusted'))
    expect(told).toHaveLength(1)
    expect(told[0]?.text).toContain('30 days')
    const entries = (await at.signet.house.audit.list({ identityId: at.ana, limit: 50 })).items
    expect(entries.filter(({ action }) => action === 'device.trusted')).toHaveLength(1)
  })

  it('only where it was said: another browser is asked, and so is another person in this one', async () => {
    const at = await stage()
    await person(at.signet, 'ben@example.com')
    const visitor = browser()
    await trust(at, visitor)
    expect(asksForCode((await comesBack(at.party, browser())).page)).toBe(true)
    const ben = returning(visitor)
    expect(asksForCode((await comesBack(at.party, ben, {}, 'ben@example.com')).page)).toBe(true)
    expect(asksForCode((await comesBack(at.party, returning(visitor))).page)).toBe(false)
  })

  it('has a secret of its own from then on: a copy of the older one is worth nothing, and the store has neither', async () => {
    const at = await stage()
    await person(at.signet, 'ben@example.com')
    const visitor = browser()
    await trust(at, visitor, 'ben@example.com')
    const before = deviceOf(visitor)
    const copied = returning(visitor)
    const bens = returning(visitor)
    await trust(at, bens)
    expect(deviceOf(bens)).toMatch(/^[\w-]{43}$/)
    expect(deviceOf(bens)).not.toBe(before)
    expect(asksForCode((await comesBack(at.party, copied)).page)).toBe(true)
    // Who trusted it before under the older secret is carried over to the new one, and away from the old one.
    const thief = browser()
    for (const [name, value] of visitor.cookies)
      if (name.endsWith('signet-device')) thief.cookies.set(name, value)
    expect(asksForCode((await comesBack(at.party, thief, {}, 'ben@example.com')).page)).toBe(true)
    expect(asksForCode((await comesBack(at.party, returning(bens), {}, 'ben@example.com')).page)).toBe(false)
    expect(leaks(await rawStore(at.storage), [before, deviceOf(bens)])).toEqual([])
  })

  it('ends on its day, however often it was used', async () => {
    const at = await stage()
    const visitor = browser()
    await trust(at, visitor)
    for (let round = 0; round < 2; round += 1) {
      at.later(14 * day)
      const back = returning(visitor)
      expect(asksForCode((await comesBack(at.party, back)).page)).toBe(false)
      expect(deviceOf(back)).toBe(deviceOf(visitor))
    }
    at.later(2 * day)
    const late = await comesBack(at.party, returning(visitor))
    expect(asksForCode(late.page)).toBe(true)
    expect(late.page.document.querySelector('input[name="trust"]')).not.toBeNull()
  })

  it.each<readonly [string, (at: Stage) => Promise<unknown>]>([
    [
      'a change of the password',
      ({ signet, ana }) => enrol(signet, ana, 'a different orchard for the winter'),
    ],
    ['a new factor, even one that is gone again', addAndRemove],
    ['the removal of a factor', removeCodes],
    ['a link to get back in', recover],
    ['a suspension that was lifted', suspendAndRestore],
  ])('is void after %s', async (_name, change) => {
    const at = await stage()
    const codes = await at.signet.house.enrolments.begin(at.ana, 'backup-code', visit)
    await at.signet.house.enrolments.finish(at.ana, 'backup-code', { ticket: codes.ticket ?? '' }, visit)
    const visitor = browser()
    await trust(at, visitor)
    expect(await trusted(at)).toHaveLength(1)
    await change(at)
    expect(await trusted(at)).toEqual([])
    const back = returning(visitor)
    const page = await back.submit(await back.get((await at.party.begin()).url), { identifier: mail })
    const typed = [password, 'a different orchard for the winter']
    const answers = []
    for (const one of typed) answers.push(await back.submit(page, { password: one }))
    expect(answers.some(asksForCode)).toBe(true)
  })

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

  it('says so in German too', async () => {
    const at = await stage()
    const visitor = browser({ headers: { 'accept-language': 'de' } })
    const asked = await prove(visitor, await visitor.get((await at.party.begin()).url))
    expect(words(asked)).toContain('Diesem Gerät 30 Tage lang vertrauen')
  })
})

const visit = { address: '127.0.0.1', language: 'en', userAgent: 'test' }

async function enrol({ house }: Signet, id: string, typed: string): Promise<void> {
  const changed = await house.enrolments.finish(id, 'password', { password: typed }, visit)
  expect(changed.status).toBe('enrolled')
}

async function addAndRemove({ signet: { house }, ana }: { signet: Signet; ana: string }): Promise<void> {
  const added = await house.enrolments.adopt(ana, 'totp', { totp_secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' })
  if (added.status !== 'enrolled') throw new Error(added.reason)
  await house.enrolments.remove(ana, added.credential.id, operator)
}

async function removeCodes({ signet: { house }, ana }: { signet: Signet; ana: string }): Promise<void> {
  const own = await house.enrolments.list(ana)
  const codes = own.find(({ factor }) => factor === 'backup-code')
  const removed = await house.enrolments.remove(ana, codes?.id ?? '', operator)
  expect(removed.status).toBe('removed')
}

async function recover({ signet }: { signet: Signet }): Promise<void> {
  const before = await signet.mail(mail)
  await signet.house.links.request(mail, { language: 'en', address: '127.0.0.1' })
  const sent = await signet.mail(mail, before.id)
  const visitor = createVisitor()
  const done = await visitor.submit(await visitor.get(sent.links[0] ?? ''), {
    password: 'a different orchard for the winter',
  })
  expect(done.status).toBe(200)
}

async function suspendAndRestore({ signet: { house }, ana }: { signet: Signet; ana: string }): Promise<void> {
  await house.identities.suspend(ana, operator)
  expect((await house.identities.restore(ana, operator)).status).toBe('done')
}

function asksForCode(page: Page): boolean {
  return page.document.querySelector('input[name="code"][autocomplete="one-time-code"]') !== null
}

function deviceOf(visitor: Visitor): string {
  return [...visitor.cookies].find(([name]) => name.endsWith('signet-device'))?.[1] ?? ''
}

function revocations(page: Page): string[] {
  return page.document
    .querySelectorAll('form')
    .map((form) => form.getAttribute('action') ?? '')
    .filter((action) => /trusted-devices\/[^/]+\/revoke$/.test(action))
}
