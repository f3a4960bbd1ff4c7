/** Every form in which a client can ask how, and how recently, a person signed in. */
import { describe, expect, it } from 'vitest'
import { acrOf, type Level } from '../../../src/domain/assurance.ts'
import { eachStore } from '../../support/stores.ts'
import { createVisitor } from '../../support/visitor.ts'
import { startScene } from '../support/app.ts'
import { authorize, exchange, type Params, type Person, person } from '../support/relying-party.ts'
import { acrClaim, claimsOf } from './claims.ts'

const single = acrOf('single-factor')
const two = acrOf('two-factor')
const resistant = acrOf('phishing-resistant')
const none = { prompt: 'none' }

describe('what an authorization request asks of the sign-in', () => {
  eachStore((_, open) => {
    /** A browser that is signed in at `level`, and what a request in it comes to. */
    async function signedIn(level: Level = 'single-factor', authTime = Date.now()) {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      await authorize(app, browser, client, { as: person(ana.id, { level, authTime }) })
      const ask = async (params: Params, as?: Person) => {
        const answered = await authorize(app, browser, client, {
          params,
          ...(as === undefined ? {} : { as }),
        })
        const error = answered.params.get('error')
        const claims = error === null ? claimsOf((await exchange(app, client, answered)).body) : {}
        return { error, pages: answered.pages, acr: claims.acr, authTime: Number(claims.auth_time) }
      }
      return { ana, ask }
    }

    it('S18: an acr claim with a value is a wish, as in acr_values: it asks once and never fails', async () => {
      const { ana, ask } = await signedIn()
      for (const wish of [{ value: two }, { values: [two] }, { essential: false, value: two }]) {
        const asked = await ask(acrClaim(wish), person(ana.id))
        expect(asked.pages.map((page) => page.requirement)).toEqual([
          { level: 'two-factor', essential: false, stepUp: true },
        ])
        expect([asked.error, asked.acr]).toEqual([null, single])
        expect(await ask({ ...acrClaim(wish), ...none })).toMatchObject({ error: null, acr: single })
      }
    })

    it('S18: an essential acr claim with one value fails where that is not reached', async () => {
      const { ana, ask } = await signedIn()
      const must = acrClaim({ essential: true, value: two })
      expect((await ask({ ...must, ...none })).error).toBe('login_required')
      expect((await ask(must, person(ana.id))).error).toBe('unmet_authentication_requirements')
      expect(await ask(must, person(ana.id, { level: 'two-factor' }))).toMatchObject({
        error: null,
        acr: two,
      })
    })

    it('S18: an essential acr claim with several values is content with the least of them', async () => {
      const { ana, ask } = await signedIn()
      const must = acrClaim({ essential: true, values: [resistant, 'urn:unknown', two] })
      const asked = await ask(must, person(ana.id, { level: 'two-factor' }))
      expect(asked.pages.map((page) => page.requirement.level)).toEqual(['two-factor'])
      expect([asked.error, asked.acr]).toEqual([null, two])
    })

    it('an acr claim without values asks for nothing: the ID token says it anyway', async () => {
      const { ask } = await signedIn()
      for (const request of [null, {}, { essential: true }, { essential: true, values: [] }]) {
        expect(await ask({ ...acrClaim(request), ...none })).toMatchObject({ error: null, acr: single })
      }
    })

    it('S18: values that nobody knows here are a wish that cannot come true, or an essential one that fails', async () => {
      const { ask } = await signedIn()
      for (const params of [{ acr_values: 'urn:unknown' }, acrClaim({ values: ['urn:unknown'] })]) {
        const asked = await ask(params)
        expect([asked.pages, asked.error, asked.acr]).toEqual([[], null, single])
      }
      for (const request of [{ value: 'urn:unknown' }, { values: ['urn:unknown', 'urn:other'] }]) {
        const asked = await ask(acrClaim({ essential: true, ...request }))
        expect([asked.pages, asked.error]).toEqual([[], 'unmet_authentication_requirements'])
      }
    })

    it('S18: acr_values are taken in their order, and any of them will do', async () => {
      const { ana, ask } = await signedIn()
      const wanted = await ask({ acr_values: `${resistant} ${two}` }, person(ana.id, { level: 'two-factor' }))
      expect(wanted.pages.map((page) => page.requirement.level)).toEqual(['phishing-resistant'])
      expect(wanted.acr).toBe(two)
      const other = await ask({ acr_values: `${single} ${two}` })
      expect([other.pages, other.acr]).toEqual([[], two])
      const both = await ask({ acr_values: `${single}  ${single}`, ...none })
      expect(both.acr).toBe(single)
    })

    it('S18: of both places the claim counts', async () => {
      const { ana, ask } = await signedIn()
      const params = { ...acrClaim({ essential: true, value: two }), acr_values: resistant }
      const asked = await ask(params, person(ana.id, { level: 'hardware-bound' }))
      expect(asked.pages.map((page) => page.requirement.level)).toEqual(['two-factor'])
      expect(asked.acr).toBe(two)
    })

    it('S18: an acr claim that cannot be read is refused, and not taken for none', async () => {
      const { ask } = await signedIn()
      const faulty = [
        { values: two },
        { values: [1] },
        { value: [two] },
        { value: null },
        { essential: 'true' },
      ]
      for (const request of faulty) {
        expect((await ask(acrClaim({ essential: true, ...request }))).error).toBe('invalid_request')
      }
    })

    it('S19: max_age=0 asks again even within the second of the last sign-in, and once', async () => {
      const { ana, ask } = await signedIn()
      expect((await ask({ max_age: '0', ...none })).error).toBe('login_required')
      const asked = await ask({ max_age: '0' }, person(ana.id))
      expect(asked.pages.map((page) => [page.prompt, page.requirement.stepUp])).toEqual([['login', true]])
      expect(asked.error).toBeNull()
    })

    it('S19: with max_age the ID token tells when the person signed in', async () => {
      const earlier = Date.now() - 100_000
      const { ana, ask } = await signedIn('single-factor', earlier)
      expect((await ask({ max_age: '200', ...none })).authTime).toBe(Math.floor(earlier / 1000))
      expect((await ask({ max_age: '50', ...none })).error).toBe('login_required')
      const again = await ask({ max_age: '50' }, person(ana.id))
      expect(again.authTime).toBeGreaterThan(earlier / 1000 + 90)
    })

    it('S19: a sign-in that a clock, set back since, puts into the future is of no age, and the next one replaces it', async () => {
      const { ana, ask } = await signedIn('single-factor', Date.now() + 3_600_000)
      expect((await ask({ max_age: '86400', ...none })).error).toBe('login_required')
      const again = await ask({ max_age: '60' }, person(ana.id))
      expect(again.error).toBeNull()
      expect(again.authTime).toBeLessThan(Date.now() / 1000 + 60)
      expect((await ask({ max_age: '60', ...none })).error).toBeNull()
    })

    it('S19: prompt=login is a step-up of its own', async () => {
      const { ana, ask } = await signedIn()
      const asked = await ask({ prompt: 'login' }, person(ana.id))
      expect(asked.pages.map((page) => page.requirement)).toEqual([
        { level: 'none', essential: false, stepUp: true },
      ])
      expect((await ask({ prompt: 'consent' }, person(ana.id))).pages[0]?.requirement.stepUp).toBeUndefined()
    })
  })
})
