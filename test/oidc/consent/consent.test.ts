import { describe, expect, it } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { createVisitor } from '../../support/visitor.ts'
import { startScene } from '../support/app.ts'
import {
  authorize,
  everything,
  exchange,
  type Person,
  person,
  post,
  type Shown,
} from '../support/relying-party.ts'
import { api } from '../support/settings.ts'

/** Signs in and unticks some of what is asked. */
function unticking(identityId: string, ...unticked: string[]): Person {
  return (page) => {
    if (page.prompt !== 'consent') return person(identityId)(page)
    const all = everything(page)
    const kept = (name: string) => !unticked.includes(name)
    return {
      consent: {
        scopes: all.scopes.filter(kept),
        claims: all.claims?.filter(kept) ?? [],
        resources: Object.fromEntries(
          Object.entries(all.resources ?? {}).map(([name, scopes]) => [name, scopes.filter(kept)]),
        ),
      },
    }
  }
}

const names = (page: Shown | undefined) => page?.asked.scopes.map((scope) => scope.name)

describe('consent', () => {
  eachStore((_, open) => {
    it('asks once, then only for what is new', async () => {
      const { app, client, ana } = await startScene(open)
      const as = person(ana.id)
      const first = await authorize(app, createVisitor(), client, { as, params: { scope: 'openid profile' } })
      expect(first.pages.map((page) => page.prompt)).toEqual(['login', 'consent'])
      expect(first.pages[1]?.asked.scopes).toEqual([
        { name: 'openid', optional: false, granted: false },
        { name: 'profile', optional: true, granted: false },
      ])
      const elsewhere = createVisitor()
      const again = await authorize(app, elsewhere, client, { as, params: { scope: 'openid profile' } })
      expect(again.pages.map((page) => page.prompt)).toEqual(['login'])
      const more = await authorize(app, elsewhere, client, { as, params: { scope: 'openid profile email' } })
      expect(more.pages.map(names)).toEqual([['email']])
      const { body } = await exchange(app, client, more)
      expect(body.scope).toBe('openid profile email')
    })

    it('gives only what was ticked, and does not ask for the rest again until the client insists', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      const params = {
        scope: 'openid profile email',
        claims: '{"userinfo":{"email":null,"phone_number":null}}',
      }
      const as = unticking(ana.id, 'email', 'phone_number')
      const first = await authorize(app, browser, client, { as, params })
      expect(first.pages[1]?.asked.claims).toEqual(['phone_number'])
      const { body } = await exchange(app, client, first)
      expect(body.scope).toBe('openid profile')
      const userinfo = await fetch(`${app.origin}/userinfo`, {
        headers: { authorization: `Bearer ${body.access_token}` },
      })
      const told = await userinfo.json()
      expect(told).toHaveProperty('name')
      expect(told).not.toHaveProperty('email')
      expect(told).not.toHaveProperty('phone_number')
      const again = await authorize(app, browser, client, { params })
      expect(again.pages).toEqual([])
      const insists = await authorize(app, browser, client, {
        as: person(ana.id),
        params: { ...params, prompt: 'consent' },
      })
      expect(insists.pages.map(names)).toEqual([['openid', 'profile', 'email']])
      expect(insists.pages[0]?.asked.scopes.map((scope) => scope.granted)).toEqual([true, true, false])
      expect((await exchange(app, client, insists)).body.scope).toBe('openid profile email')
    })

    it('takes back what is unticked later, from tokens already out too', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      const params = { scope: 'openid email' }
      const { body } = await exchange(
        app,
        client,
        await authorize(app, browser, client, { as: person(ana.id), params }),
      )
      await authorize(app, browser, client, {
        as: unticking(ana.id, 'email'),
        params: { ...params, prompt: 'consent' },
      })
      const userinfo = await fetch(`${app.origin}/userinfo`, {
        headers: { authorization: `Bearer ${body.access_token}` },
      })
      expect(await userinfo.json()).toEqual({ sub: ana.id })
    })

    it('never lets an answer reach beyond what was asked', async () => {
      const { app, client, ana } = await startScene(open)
      const greedy: Person = (page) =>
        page.prompt === 'consent'
          ? {
              consent: {
                scopes: ['openid', 'email', 'groups'],
                claims: ['birthdate'],
                resources: { [api]: ['write'] },
              },
            }
          : person(ana.id)(page)
      const answered = await authorize(app, createVisitor(), client, {
        as: greedy,
        params: { scope: 'openid email' },
      })
      expect((await exchange(app, client, answered)).body.scope.split(' ').sort()).toEqual([
        'email',
        'openid',
      ])
      const [record] = await app.store.consents.findBy('identityId', ana.id)
      expect(record).toMatchObject({ scopes: ['email', 'openid'], claims: [], resources: {} })
    })

    it('asks for the scopes of a resource, which can be unticked as well', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      const params = { scope: 'openid read write', resource: api }
      const answered = await authorize(app, browser, client, { as: unticking(ana.id, 'write'), params })
      expect(answered.pages[1]?.asked.resources).toEqual([
        { indicator: api, name: 'The API', scopes: ['read', 'write'] },
      ])
      const { body } = await exchange(app, client, answered, { resource: api })
      expect(body.scope).toBe('read')
      expect((await authorize(app, browser, client, { params })).pages).toEqual([])
      const again = await authorize(app, browser, client, {
        as: person(ana.id),
        params: { ...params, prompt: 'consent' },
      })
      expect((await exchange(app, client, again, { resource: api })).body.scope).toBe('read write')
    })

    it('sends access_denied when the person cancels, and remembers that they did', async () => {
      const { app, client, ana } = await startScene(open)
      const as: Person = (page) =>
        page.prompt === 'consent' ? { refuse: { error: 'access_denied' } } : person(ana.id)(page)
      const browser = createVisitor()
      const answered = await authorize(app, browser, client, { as })
      expect(answered.params.get('error')).toBe('access_denied')
      expect(await app.audited('consent.refused')).toMatchObject([
        { identityId: ana.id, clientId: client.id },
      ])
      expect(await app.audited('consent.granted')).toEqual([])
      expect((await authorize(app, browser, client, { as })).pages.map((page) => page.prompt)).toEqual([
        'consent',
      ])
    })

    it('is skipped by first-party clients, even for offline access', async () => {
      const { app, ana } = await startScene(open)
      const own = await app.addClient({ firstParty: true })
      const params = { scope: 'openid email offline_access read', resource: api, prompt: 'consent' }
      const answered = await authorize(app, createVisitor(), own, { as: person(ana.id), params })
      expect(answered.pages.map((page) => page.prompt)).toEqual(['login'])
      const { body } = await exchange(app, own, answered)
      expect(body.scope.split(' ').sort()).toEqual(['email', 'offline_access', 'openid'])
      expect(await app.store.consents.findBy('identityId', ana.id)).toEqual([])
    })

    it('ends every token between the two when it is withdrawn, and is asked for again', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      const params = { scope: 'openid offline_access', prompt: 'consent' }
      const { body } = await exchange(
        app,
        client,
        await authorize(app, browser, client, { as: person(ana.id), params }),
      )
      await app.store.consents.removeBy('identityId', ana.id)
      await app.oidc.sessions.endGrants(ana.id, client.id)
      const refreshed = await post(app, '/token', client, {
        grant_type: 'refresh_token',
        refresh_token: body.refresh_token,
      })
      expect(refreshed.body.error).toBe('invalid_grant')
      const again = await authorize(app, browser, client, { as: person(ana.id) })
      expect(again.pages.map((page) => page.prompt)).toEqual(['consent'])
    })

    it('shows a native client that anybody could be to the person each time', async () => {
      const { app, ana } = await startScene(open)
      const metadata = {
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        redirect_uris: ['com.example.app:/callback', 'https://app.example.com/callback'],
      } as const
      const client = await app.addClient({ metadata })
      const browser = createVisitor()
      await authorize(app, browser, client, { as: person(ana.id) })
      const silent = await authorize(app, browser, client, { params: { prompt: 'none' } })
      expect(silent.params.get('error')).toBe('interaction_required')
      const shown = await authorize(app, browser, client, { as: person(ana.id) })
      expect(shown.pages.map((page) => page.prompt)).toEqual(['consent'])
      const claimed = { redirect_uri: 'https://app.example.com/callback', prompt: 'none' }
      expect((await authorize(app, browser, client, { params: claimed })).params.has('code')).toBe(true)
    })
  })
})
