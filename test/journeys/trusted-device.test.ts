import { expect, it } from 'vitest'
import { acrOf } from '../../src/domain/assurance.ts'
import { allow, password, prove } from '../support/person.ts'
import { leaks, rawStore } from '../support/raw-store.ts'
import { browser } from '../support/relying-party.ts'
import { eachStore } from '../support/stores.ts'
import { words } from '../support/visitor.ts'
import {
  addAndRemove,
  asksForCode,
  day,
  deviceOf,
  enrol,
  mail,
  recover,
  removeCodes,
  type Stage,
  suspendAndRestore,
  trusting,
  visit,
} from './trusting.ts'

eachStore((_, __, fresh) => {
  const { stage, person, trust, returning, comesBack, trusted } = trusting(fresh)

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

  it('says so in German too', async () => {
    const at = await stage()
    const visitor = browser({ headers: { 'accept-language': 'de' } })
    const asked = await prove(visitor, await visitor.get((await at.party.begin()).url))
    expect(words(asked)).toContain('Diesem Gerät 30 Tage lang vertrauen')
  })
})
