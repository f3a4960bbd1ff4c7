import { describe, expect, it } from 'vitest'
import { acrOf } from '../../../src/domain/assurance.ts'
import { eachStore } from '../../support/stores.ts'
import { createVisitor } from '../../support/visitor.ts'
import { startScene } from '../support/app.ts'
import {
  authorize,
  exchange,
  jsonOf,
  type Person,
  person,
  type Tokens,
  tokensFor,
} from '../support/relying-party.ts'

function claimsOf(tokens: Tokens): Record<string, unknown> {
  return JSON.parse(Buffer.from(tokens.id_token.split('.')[1] ?? '', 'base64url').toString())
}

function essential(...levels: string[]): { claims: string } {
  return { claims: JSON.stringify({ id_token: { acr: { essential: true, values: levels } } }) }
}

const twoFactor = acrOf('two-factor')

describe('prompts', () => {
  eachStore((_, open) => {
    it('S19: prompt=none never shows a page: it answers at once, or says what is missing', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      const none = { params: { prompt: 'none' } }
      const nobody = await authorize(app, browser, client, none)
      expect(nobody.params.get('error')).toBe('login_required')
      await authorize(app, browser, client, { as: person(ana.id) })
      const silent = await authorize(app, browser, client, none)
      expect([silent.pages, silent.params.has('code')]).toEqual([[], true])
      const more = await authorize(app, browser, client, {
        params: { prompt: 'none', scope: 'openid email' },
      })
      expect(more.params.get('error')).toBe('consent_required')
      const together = await authorize(app, browser, client, { params: { prompt: 'none login' } })
      expect(together.params.get('error')).toBe('invalid_request')
    })

    it('S19: prompt=login asks for a new sign-in, and the ID token tells when that was', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      const anHourAgo = Date.now() - 3_600_000
      await authorize(app, browser, client, { as: person(ana.id, { authTime: anHourAgo }) })
      const before = await jsonOf(await browser.send(`${app.origin}/whoami`))
      const again = await authorize(app, browser, client, { params: { prompt: 'login' }, as: person(ana.id) })
      expect(again.pages.map((page) => page.prompt)).toEqual(['login'])
      const claims = claimsOf((await exchange(app, client, again)).body)
      expect(Number(claims.auth_time)).toBeGreaterThan(anHourAgo / 1000 + 3_000)
      const after = await jsonOf(await browser.send(`${app.origin}/whoami`))
      expect(after.uid).toBe(before.uid)
    })

    it('S29: a sign-in and a step-up change the session id in the cookie, and the old one is worth nothing', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      const cookie = () => [...browser.cookies].find(([key]) => key.endsWith('signet-session'))?.[1] ?? ''
      await authorize(app, browser, client, { as: person(ana.id) })
      const first = cookie()
      await authorize(app, browser, client, {
        params: { prompt: 'login' },
        as: person(ana.id, { level: 'two-factor' }),
      })
      expect(cookie()).not.toBe(first)
      const old = await fetch(`${app.origin}/whoami`, { headers: { cookie: `signet-session=${first}` } })
      expect(await old.json()).toEqual({})
    })

    it('S19: max_age asks for a new sign-in when the last one is too long ago, and 0 always', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      const at = (params: Record<string, string>, as?: Person) =>
        authorize(app, browser, client, { params, ...(as ? { as } : {}) })
      await at({}, person(ana.id, { authTime: Date.now() - 60_000 }))
      expect((await at({ max_age: '3600', prompt: 'none' })).params.has('code')).toBe(true)
      expect((await at({ max_age: '30', prompt: 'none' })).params.get('error')).toBe('login_required')
      expect((await at({ max_age: '0', prompt: 'none' })).params.get('error')).toBe('login_required')
      expect((await at({ max_age: '30' }, person(ana.id))).pages.map((page) => page.prompt)).toEqual([
        'login',
      ])
      expect((await at({ max_age: '0' }, person(ana.id))).pages.map((page) => page.prompt)).toEqual(['login'])
      expect((await at({ max_age: '-1' })).params.get('error')).toBe('invalid_request')
      expect(claimsOf((await exchange(app, client, await at({ max_age: '3600' }))).body)).toHaveProperty(
        'auth_time',
      )
    })

    it('S19: prompt=consent asks again, and needs a signed-in person', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      await authorize(app, browser, client, { as: person(ana.id) })
      const again = await authorize(app, browser, client, {
        params: { prompt: 'consent' },
        as: person(ana.id),
      })
      expect(again.pages.map((page) => page.prompt)).toEqual(['consent'])
      expect(again.pages[0]?.asked.scopes).toEqual([{ name: 'openid', optional: false, granted: true }])
      const both = await authorize(app, browser, client, {
        params: { prompt: 'login consent' },
        as: person(ana.id),
      })
      expect(both.pages.map((page) => page.prompt)).toEqual(['login', 'consent'])
    })

    it('S19: prompt=select_account lets the person go on or sign in as somebody else', async () => {
      const { app, client, ana } = await startScene(open)
      const ben = await app.addIdentity({ identifiers: [] })
      const browser = createVisitor()
      const select = { prompt: 'select_account' }
      const first = await authorize(app, browser, client, { params: select, as: person(ana.id) })
      expect(first.pages.map((page) => page.prompt)).toEqual(['login', 'consent'])
      const kept = await authorize(app, browser, client, { params: select, as: person(ana.id) })
      expect(kept.pages.map((page) => page.prompt)).toEqual(['select_account'])
      expect(kept.pages[0]?.session?.identityId).toBe(ana.id)
      expect(claimsOf((await exchange(app, client, kept)).body).sub).toBe(ana.id)
      const as: Person = (page) =>
        page.prompt === 'select_account' ? { login: { identityId: ben.id } } : person(ben.id)(page)
      const other = await authorize(app, browser, client, { params: select, as })
      expect(claimsOf((await exchange(app, client, other)).body).sub).toBe(ben.id)
    })

    it('S19: an id_token_hint names who must be signed in; anybody else is no answer', async () => {
      const { app, client, ana } = await startScene(open)
      const ben = await app.addIdentity({ identifiers: [] })
      const browser = createVisitor()
      const { id_token } = await tokensFor(app, client, ana.id, {}, browser)
      const hint = { id_token_hint: id_token }
      expect(
        (await authorize(app, browser, client, { params: { ...hint, prompt: 'none' } })).params.has('code'),
      ).toBe(true)
      const elsewhere = createVisitor()
      await tokensFor(app, client, ben.id, {}, elsewhere)
      const silent = await authorize(app, elsewhere, client, { params: { ...hint, prompt: 'none' } })
      expect(silent.params.get('error')).toBe('login_required')
      const asked = await authorize(app, elsewhere, client, { params: hint, as: person(ben.id) })
      expect(asked.pages.map((page) => page.requirement.identityId)).toEqual([ana.id])
      expect(asked.params.get('error')).toBe('login_required')
      const right = await authorize(app, elsewhere, client, { params: hint, as: person(ana.id) })
      expect(claimsOf((await exchange(app, client, right)).body).sub).toBe(ana.id)
    })

    it('S19: the sub claim may be insisted on in the same way', async () => {
      const { app, client, ana } = await startScene(open)
      const ben = await app.addIdentity({ identifiers: [] })
      const claims = JSON.stringify({ id_token: { sub: { value: ana.id } } })
      const wrong = await authorize(app, createVisitor(), client, { params: { claims }, as: person(ben.id) })
      expect(wrong.pages[0]?.requirement.identityId).toBe(ana.id)
      expect(wrong.params.get('error')).toBe('login_required')
    })

    it('S19: a pairwise hint is understood while the person is signed in', async () => {
      const { app, ana } = await startScene(open)
      const client = await app.addClient({ metadata: { subject_type: 'pairwise' } })
      const browser = createVisitor()
      const { id_token } = await tokensFor(app, client, ana.id, {}, browser)
      const params = { id_token_hint: id_token }
      expect(
        (await authorize(app, browser, client, { params: { ...params, prompt: 'none' } })).params.has('code'),
      ).toBe(true)
      const again = await authorize(app, browser, client, {
        params: { ...params, prompt: 'login' },
        as: person(ana.id),
      })
      expect(again.pages[0]?.requirement.identityId).toBe(ana.id)
    })

    it('S18: acr_values is a wish: it is asked for once, and reported as it turned out', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      await authorize(app, browser, client, { as: person(ana.id) })
      const wish = { acr_values: `urn:unknown ${twoFactor}` }
      const silent = await authorize(app, browser, client, { params: { ...wish, prompt: 'none' } })
      expect(claimsOf((await exchange(app, client, silent)).body).acr).toBe(acrOf('single-factor'))
      const weak = await authorize(app, browser, client, { params: wish, as: person(ana.id) })
      expect(weak.pages.map((page) => page.requirement)).toEqual([
        { level: 'two-factor', essential: false, stepUp: true },
      ])
      expect(claimsOf((await exchange(app, client, weak)).body).acr).toBe(acrOf('single-factor'))
      const strong = await authorize(app, browser, client, {
        params: wish,
        as: person(ana.id, { level: 'two-factor' }),
      })
      expect(claimsOf((await exchange(app, client, strong)).body)).toMatchObject({
        acr: twoFactor,
        amr: ['mfa', 'otp', 'pwd'],
      })
      const now = await authorize(app, browser, client, { params: wish })
      expect(now.pages).toEqual([])
    })

    it('S18: an essential acr fails the request when it is not reached', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      const must = essential(twoFactor, acrOf('phishing-resistant'))
      const weak = await authorize(app, browser, client, { params: must, as: person(ana.id) })
      expect(weak.pages.map((page) => page.requirement)).toEqual([
        { level: 'two-factor', essential: true, stepUp: true },
      ])
      expect(weak.params.get('error')).toBe('unmet_authentication_requirements')
      const silent = await authorize(app, browser, client, { params: { ...must, prompt: 'none' } })
      expect(silent.params.get('error')).toBe('login_required')
      const impossible = await authorize(app, browser, client, { params: essential('urn:unknown') })
      expect([impossible.pages, impossible.params.get('error')]).toEqual([
        [],
        'unmet_authentication_requirements',
      ])
    })

    it('S18: a stronger session answers an essential acr with the very value that was asked for', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      await authorize(app, browser, client, { as: person(ana.id, { level: 'phishing-resistant' }) })
      const answered = await authorize(app, browser, client, { params: essential(twoFactor) })
      expect(answered.pages).toEqual([])
      expect(claimsOf((await exchange(app, client, answered)).body).acr).toBe(twoFactor)
    })

    it('hands hints and languages to the page', async () => {
      const { app, client } = await startScene(open)
      const { pages } = await authorize(app, createVisitor(), client, {
        params: { login_hint: 'ana@example.com', ui_locales: 'de-AT en' },
        as: () => ({ refuse: { error: 'access_denied' } }),
      })
      expect(pages[0]).toMatchObject({
        requirement: { level: 'none', essential: false, hint: 'ana@example.com' },
        languages: ['de-AT', 'en'],
        sendsTo: 'rp.example.com',
      })
    })

    it('lets only members of the allowed groups in', async () => {
      const { app, ana } = await startScene(open)
      const ben = await app.addIdentity({ groups: ['guests'] })
      const client = await app.addClient({ allowedGroups: ['staff'] })
      const browser = createVisitor()
      const refused = await authorize(app, browser, client, { as: person(ben.id) })
      expect(refused.params.get('error')).toBe('access_denied')
      const silent = await authorize(app, browser, client, { params: { prompt: 'none' } })
      expect(silent.params.get('error')).toBe('access_denied')
      const other = await authorize(app, browser, client, { params: { prompt: 'login' }, as: person(ana.id) })
      expect(other.params.has('code')).toBe(true)
    })
  })
})
