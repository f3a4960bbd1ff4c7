import { describe, expect, it } from 'vitest'
import { acrOf } from '../../../src/domain/assurance.ts'
import { eachStore } from '../../support/stores.ts'
import { createVisitor, type Visitor } from '../../support/visitor.ts'
import { type App, startScene } from '../support/app.ts'
import type { Play } from '../support/player.ts'
import {
  authorize,
  exchange,
  follow,
  jsonOf,
  person,
  query,
  requestOf,
  type Shown,
  tokensFor,
} from '../support/relying-party.ts'

async function start(
  app: App,
  browser: Visitor,
  client: Parameters<typeof requestOf>[0],
  change = {},
): Promise<string> {
  const { params } = requestOf(client, change)
  const response = await browser.send(`${app.origin}/authorize?${query(params)}`)
  return response.headers.get('location') ?? ''
}

function act(app: App, browser: Visitor, at: string, play: Play): Promise<Response> {
  return browser.send(app.origin + at, { method: 'POST', body: JSON.stringify(play) })
}

const whoami = async (app: App, browser: Visitor) =>
  jsonOf<Record<string, unknown>>(await browser.send(`${app.origin}/whoami`))

describe('interactions', () => {
  eachStore((_, open) => {
    it('belong to the browser that began them', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      const at = await start(app, browser, client)
      expect((await browser.send(app.origin + at)).status).toBe(200)
      const thief = createVisitor()
      expect(await jsonOf(await thief.send(app.origin + at))).toEqual({ page: 'lost' })
      expect((await act(app, thief, at, { login: { identityId: ana.id } })).status).toBe(400)
      await act(app, browser, at, { login: { identityId: ana.id } })
      const resumed = await thief.send(app.origin + at.replace('/interaction/', '/authorize/'))
      expect(await jsonOf(resumed)).toMatchObject({ page: 'error', error: 'interaction-lost', status: 400 })
      expect(await whoami(app, thief)).toEqual({})
    })

    it('are lost when they were answered, never were, or belong to a client that was disabled', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      const at = await start(app, browser, client)
      await follow(app, browser, app.origin + at.replace('/interaction/', '/authorize/'), person(ana.id))
      const finished = createVisitor()
      const other = await start(app, finished, client)
      const done = await act(app, finished, other, { refuse: { error: 'access_denied' } })
      await finished.send(done.headers.get('location') ?? '')
      expect(await jsonOf(await finished.send(app.origin + other))).toEqual({ page: 'lost' })
      const again = await finished.send(done.headers.get('location') ?? '')
      expect(await jsonOf(again)).toMatchObject({ page: 'error', error: 'interaction-lost' })
      const third = createVisitor()
      const waiting = await start(app, third, client)
      await app.changeClient(client.id, { state: 'disabled' })
      expect(await jsonOf(await third.send(app.origin + waiting))).toEqual({ page: 'lost' })
    })

    it.each([2, 8, 32])(
      'F3: of %i clicks at the same moment one leads to a code, however they interleave',
      async (racers) => {
        const { app, client, ana } = await startScene(open)
        const browser = createVisitor()
        const at = await start(app, browser, client)
        await act(app, browser, at, { login: { identityId: ana.id } })
        const login = await browser.send(app.origin + at.replace('/interaction/', '/authorize/'))
        const consent = login.headers.get('location') ?? ''
        const click = async () => {
          const done = await act(app, browser, consent, { consent: { scopes: ['openid'] } })
          if (done.status !== 303) return undefined
          const back = await browser.send(done.headers.get('location') ?? '')
          return URL.parse(back.headers.get('location') ?? '')?.searchParams.get('code')
        }
        const codes = await Promise.all(Array.from({ length: racers }, click))
        expect(codes.filter((code) => typeof code === 'string')).toHaveLength(1)
      },
    )

    it('in two tabs of one browser do not meet', async () => {
      const { app, client, ana } = await startScene(open)
      const other = await app.addClient({ metadata: { client_name: 'Other' } })
      const browser = createVisitor()
      const [one, two] = [
        await start(app, browser, client, { state: 'one' }),
        await start(app, browser, other, { state: 'two' }),
      ]
      const first = await act(app, browser, one, { login: { identityId: ana.id } })
      const ended = await follow(app, browser, first.headers.get('location') ?? '', person(ana.id))
      expect([ended.params.get('state'), ended.params.has('code')]).toEqual(['one', true])
      const shown = await jsonOf<Shown & { client: { id: string } }>(await browser.send(app.origin + two))
      expect(shown.client.id).toBe(other.id)
      const second = await act(app, browser, two, { login: { identityId: ana.id } })
      const also = await follow(app, browser, second.headers.get('location') ?? '', person(ana.id))
      expect([also.params.get('state'), also.params.has('code')]).toEqual(['two', true])
      const [session] = await app.oidc.sessions.list(ana.id)
      expect([...(session?.clientIds ?? [])].sort()).toEqual([client.id, other.id].sort())
    })

    it('can be answered twice by a double click without harm', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      const at = await start(app, browser, client)
      const [one, two] = await Promise.all(
        [1, 2].map(() => act(app, browser, at, { login: { identityId: ana.id } })),
      )
      expect([one?.status, two?.status]).toEqual([303, 303])
      const ended = await follow(app, browser, one?.headers.get('location') ?? '', person(ana.id))
      expect(ended.params.has('code')).toBe(true)
    })

    it('that sign somebody else in end the old session, without a form of the library', async () => {
      const { app, client, ana } = await startScene(open)
      const ben = await app.addIdentity({ identifiers: [] })
      const browser = createVisitor()
      const tokens = await tokensFor(app, client, ana.id, {}, browser)
      const before = await whoami(app, browser)
      const switched = await authorize(app, browser, client, {
        params: { prompt: 'login' },
        as: person(ben.id),
      })
      expect(switched.params.has('code')).toBe(true)
      const after = await whoami(app, browser)
      expect(after.identityId).toBe(ben.id)
      expect(after.uid).not.toBe(before.uid)
      expect(await app.oidc.sessions.list(ana.id)).toEqual([])
      const userinfo = await fetch(`${app.origin}/userinfo`, {
        headers: { authorization: `Bearer ${tokens.access_token}` },
      })
      expect(userinfo.status).toBe(401)
    })

    it('that wait while another tab signs somebody else in still end with the one who answered', async () => {
      const { app, client, ana } = await startScene(open)
      const ben = await app.addIdentity({ identifiers: [] })
      const browser = createVisitor()
      const at = await start(app, browser, client)
      const answered = await act(app, browser, at, { login: { identityId: ana.id } })
      await authorize(app, browser, client, { as: person(ben.id), params: { prompt: 'login' } })
      const ended = await follow(app, browser, answered.headers.get('location') ?? '', person(ana.id))
      expect(ended.params.has('code')).toBe(true)
      expect((await whoami(app, browser)).identityId).toBe(ana.id)
      expect(await app.oidc.sessions.list(ben.id)).toEqual([])
    })

    it('do not sign in again whoever signed out while the consent page was open', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      const at = await start(app, browser, client)
      const login = await act(app, browser, at, { login: { identityId: ana.id } })
      const resumed = await browser.send(login.headers.get('location') ?? '')
      const consentPage = resumed.headers.get('location') ?? ''
      const [session] = await app.oidc.sessions.list(ana.id)
      await app.oidc.sessions.end(ana.id, session?.uid ?? '')
      expect(await jsonOf(await browser.send(app.origin + consentPage))).toEqual({ page: 'lost' })
      const direct = await browser.send(app.origin + consentPage.replace('/interaction/', '/authorize/'))
      expect((await jsonOf(direct)).error).toBe('interaction-lost')
      expect(await whoami(app, browser)).toEqual({})
    })

    it('carried along do not undo a step-up in another tab', async () => {
      const { app, client, ana } = await startScene(open)
      const own = await app.addClient({ firstParty: true })
      const browser = createVisitor()
      const at = await start(app, browser, client)
      const earlier = Date.now() - 60_000
      const login = await act(app, browser, at, {
        login: { identityId: ana.id, authTime: earlier, credentials: ['key'] },
      })
      const consentPage =
        (await browser.send(login.headers.get('location') ?? '')).headers.get('location') ?? ''
      await authorize(app, browser, own, {
        as: person(ana.id, { level: 'two-factor', credentials: ['password', 'app'] }),
        params: { prompt: 'login' },
      })
      const consented = await act(app, browser, consentPage, { consent: { scopes: ['openid'] } })
      await follow(app, browser, consented.headers.get('location') ?? '')
      const now = await whoami(app, browser)
      expect(now.acr).toBe(acrOf('two-factor'))
      // Nor do they say with what the newer one was proved: rules that count some factors only look at that.
      expect(now.credentials).toEqual(['password', 'app'])
    })

    it('remember a person only when they ask for it', async () => {
      const { app, client, ana } = await startScene(open)
      const cookieOf = async (remember: boolean) => {
        const browser = createVisitor()
        const at = await start(app, browser, client)
        const login = await act(app, browser, at, { login: { identityId: ana.id, remember } })
        const resumed = await browser.send(login.headers.get('location') ?? '')
        return resumed.headers.getSetCookie().find((line) => line.startsWith('signet-session=')) ?? ''
      }
      expect((await cookieOf(false)).toLowerCase()).not.toContain('expires')
      const expires = /expires=([^;]+)/i.exec(await cookieOf(true))?.[1] ?? ''
      expect(new Date(expires).getTime()).toBeGreaterThan(Date.now() + 29 * 86_400_000)
    })

    it('serve our own portal, which needs a session and no tokens (response_type=none)', async () => {
      const { app, ana } = await startScene(open)
      const account = {
        id: 'signet-account',
        metadata: { redirect_uris: [`${app.issuer}/account/callback`] },
      }
      const browser = createVisitor()
      const params = { response_type: 'none', code_challenge: '', code_challenge_method: '' }
      const go = (change = {}) =>
        authorize(app, browser, account as never, { params: { ...params, ...change }, as: person(ana.id) })
      const answered = await go()
      expect(answered.pages.map((page) => page.prompt)).toEqual(['login'])
      expect(answered.location?.href).toBe(
        `${app.issuer}/account/callback?state=st&iss=${encodeURIComponent(app.issuer)}`,
      )
      expect((await go({ prompt: 'none' })).params.has('error')).toBe(false)
      const stepUp = await go({ acr_values: acrOf('two-factor'), max_age: '300' })
      expect(stepUp.pages.map((page) => page.requirement)).toEqual([
        { level: 'two-factor', essential: false, stepUp: true },
      ])
      expect(await whoami(app, browser)).toMatchObject({ identityId: ana.id, level: 'single-factor' })
    })

    it('two applications opened at once in one browser both get in', async () => {
      const { app, client, ana } = await startScene(open)
      const other = await app.addClient({ firstParty: true })
      const browser = createVisitor()
      await tokensFor(app, client, ana.id, {}, browser)
      const answers = await Promise.all(
        [client, other, client, other].map((one) =>
          authorize(app, browser, one, { params: { prompt: 'none' } }),
        ),
      )
      for (const [index, answered] of answers.entries()) {
        const { status, body } = await exchange(
          app,
          [client, other, client, other][index] as typeof client,
          answered,
        )
        expect(status, JSON.stringify(body)).toBe(200)
      }
    })
  })
})
