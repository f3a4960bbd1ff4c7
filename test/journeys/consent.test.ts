/** What a person lets an application know, and what the application gets. */
import { expect, it } from 'vitest'
import { addPerson, allow, deny, goThrough, prove } from '../support/person.ts'
import { browser, callback, register } from '../support/relying-party.ts'
import { useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { words } from '../support/visitor.ts'

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  it('denied: the application gets access_denied with its state, no code, and has to ask again', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const party = await register(signet)
    const visitor = browser()
    const flow = await party.begin()
    const consent = await prove(visitor, await visitor.get(flow.url))
    const back = await visitor.submit(consent, {}, deny)
    const answer = Object.fromEntries(back.url.searchParams)
    expect(back.url.href.startsWith(callback)).toBe(true)
    expect(answer).toMatchObject({ error: 'access_denied', state: flow.state, iss: signet.issuer })
    expect(answer.code).toBeUndefined()
    await expect(party.finish(flow, back.url)).rejects.toMatchObject({ error: 'access_denied' })
    const again = await visitor.get((await party.begin()).url)
    expect(words(again)).toContain('wants to know')
  })

  it('asks only for what is new, and never twice', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const party = await register(signet)
    const visitor = browser()
    await goThrough(visitor, party, { parameters: { scope: 'openid email' } })
    const silent = await visitor.get((await party.begin({ scope: 'openid email' })).url)
    expect(silent.url.href.startsWith(callback)).toBe(true)
    const more = await visitor.get((await party.begin({ scope: 'openid email phone' })).url)
    const asked = more.document
      .querySelectorAll('input[type="checkbox"]')
      .map((box) => box.getAttribute('name'))
    expect(asked).toEqual(['scope.phone'])
    await visitor.submit(more, {}, allow)
    const after = await visitor.get((await party.begin({ scope: 'openid email phone' })).url)
    expect(after.url.href.startsWith(callback)).toBe(true)
  })

  it('what was unticked is not given: neither in the tokens nor at userinfo', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const party = await register(signet)
    const visitor = browser()
    const flow = await party.begin({ scope: 'openid profile email' })
    const consent = await prove(visitor, await visitor.get(flow.url))
    const page = await visitor.submit(consent, { 'scope.email': undefined }, allow)
    const tokens = await party.finish(flow, page.url)
    expect(tokens.scope?.split(' ').sort()).toEqual(['openid', 'profile'])
    const told = await (await party.userinfo(tokens)).json()
    expect(told).toMatchObject({ name: 'Ana Ruiz' })
    expect(told).not.toHaveProperty('email')
    if (tokens.refresh_token !== undefined) {
      const refreshed = await party.refresh(tokens.refresh_token)
      expect(refreshed.scope?.split(' ')).not.toContain('email')
    }
  })

  it('a first-party application is not asked about, another one always is', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const [own, foreign] = [await register(signet, { firstParty: true }), await register(signet)]
    const visitor = browser()
    const page = await prove(visitor, await visitor.get((await own.begin()).url))
    expect(page.url.href.startsWith(callback)).toBe(true)
    const asked = await visitor.get((await foreign.begin()).url)
    expect(words(asked)).toContain('wants to know')
  })

  it('says where the browser will go, and warns of an application that nobody vouched for', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const party = await register(signet, { unverified: true })
    const visitor = browser()
    const consent = await prove(visitor, await visitor.get((await party.begin()).url))
    expect(words(consent)).toContain('rp.example.com')
    expect(consent.document.querySelector('.notice-warn')).not.toBeNull()
  })

  it('S19: no interaction for prompt=none: login_required, then consent_required, then a code', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const party = await register(signet)
    const visitor = browser()
    const silently = async () =>
      (await visitor.get((await party.begin({ prompt: 'none' })).url)).url.searchParams
    expect((await silently()).get('error')).toBe('login_required')
    const consent = await prove(visitor, await visitor.get((await party.begin()).url))
    expect((await silently()).get('error')).toBe('consent_required')
    await visitor.submit(consent, {}, allow)
    expect((await silently()).get('code')).toBeTruthy()
  })

  it('S19: prompt=login and max_age ask for a new proof, and auth_time says when it was given', async () => {
    // The protocol library keeps real time: the first sign-in lies a minute back.
    let now = Date.now() - 60_000
    const signet = await open({ clock: () => now })
    await addPerson(signet.house)
    const party = await register(signet)
    const visitor = browser()
    await goThrough(visitor, party)
    now = Date.now()
    const asked = async (parameters: Record<string, string>) => {
      const page = await visitor.get((await party.begin(parameters)).url)
      return page.document.querySelector('input[name="identifier"]') !== null
    }
    expect(await asked({ max_age: '300' })).toBe(false)
    expect(await asked({ max_age: '30' })).toBe(true)
    expect(await asked({ max_age: '0' })).toBe(true)
    expect(await asked({ prompt: 'login' })).toBe(true)
    const { flow, page } = await goThrough(visitor, party, { parameters: { max_age: '30' } })
    const claims = (await party.finish(flow, page.url)).claims()
    expect(Math.abs(Number(claims?.auth_time) * 1000 - now)).toBeLessThan(60_000)
  })
})
