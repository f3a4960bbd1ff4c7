/** What browsers and people do in the middle of a sign-in: each gets a page to act on, and nothing is lost or spent twice. */
import { expect, it } from 'vitest'
import { addPerson, allow, goThrough, password, prove } from '../support/person.ts'
import { browser, callback, register } from '../support/relying-party.ts'
import { useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { type Page, words } from '../support/visitor.ts'

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  async function opened(clock?: () => number) {
    const signet = await open(clock === undefined ? {} : { clock })
    await addPerson(signet.house)
    return { signet, party: await register(signet) }
  }

  it('two tabs of two applications, answered in turns, each get their own answer', async () => {
    const { signet, party } = await opened()
    const other = await register(signet, { metadata: { client_name: 'Bakery' } })
    const visitor = browser()
    const [first, second] = [await party.begin(), await other.begin()]
    const one = await visitor.get(first.url)
    const two = await visitor.get(second.url)
    const oneAsks = await visitor.submit(one, { identifier: 'ana@example.com' })
    const twoAsks = await visitor.submit(two, { identifier: 'ana@example.com' })
    const twoConsents = await visitor.submit(twoAsks, { password })
    const oneConsents = await visitor.submit(oneAsks, { password })
    expect(words(oneConsents)).toContain('Orchard')
    expect(words(twoConsents)).toContain('Bakery')
    const oneBack = await visitor.submit(oneConsents, {}, allow)
    const twoBack = await visitor.submit(twoConsents, {}, allow)
    expect((await party.finish(first, oneBack.url)).claims()?.aud).toBe(party.id)
    expect((await other.finish(second, twoBack.url)).claims()?.aud).toBe(other.id)
  })

  it('the back button: an earlier form can be sent again, and the sign-in still ends well', async () => {
    const { party } = await opened()
    const visitor = browser()
    const flow = await party.begin()
    const identify = await visitor.get(flow.url)
    const prove = await visitor.submit(identify, { identifier: 'wrong@example.com' })
    expect(words(prove)).toContain('wrong@example.com')
    const again = await visitor.submit(identify, { identifier: 'ana@example.com' })
    const consent = await visitor.submit(again, { password })
    const back = await visitor.submit(consent, {}, allow)
    expect((await party.finish(flow, back.url)).claims()?.sub).toBeTruthy()
  })

  it('after the end the back button and a form sent again get a page that explains, and no second code', async () => {
    const { signet, party } = await opened()
    const visitor = browser()
    const flow = await party.begin()
    const identify = await visitor.get(flow.url)
    const proof = await visitor.submit(identify, { identifier: 'ana@example.com' })
    const consent = await visitor.submit(proof, { password })
    const back = await visitor.submit(consent, {}, allow)
    await party.finish(flow, back.url)
    for (const [page, values, button] of [
      [identify, { identifier: 'ana@example.com' }, undefined],
      [proof, { password }, undefined],
      [consent, {}, allow],
    ] as const) {
      const late = await visitor.submit(page, values, button)
      expectExplained(late, signet.issuer)
    }
    expectExplained(await visitor.get(identify.url), signet.issuer)
  })

  it('a double click on any form leads to exactly one answer; whoever comes too late is told, and can go on', async () => {
    const { signet, party } = await opened()
    const visitor = browser()
    const flow = await party.begin()
    const twice = (...form: Parameters<typeof visitor.submit>) =>
      Promise.all([visitor.submit(...form), visitor.submit(...form)])
    const [proof, alsoProof] = await twice(await visitor.get(flow.url), { identifier: 'ana@example.com' })
    expect([proof.status, alsoProof.status]).toEqual([200, 200])
    const consents = await twice(proof, { password })
    const consent = consents.find((page) => page.document.querySelector('button[name="decision"]') !== null)
    if (consent === undefined) throw new Error('neither click led to the consent page')
    for (const page of consents) if (page.status !== 200) expectExplained(page, signet.issuer)
    const ends = await twice(consent, {}, allow)
    const answered = ends.filter((end) => end.url.searchParams.has('code'))
    expect(new Set(answered.map((end) => end.url.searchParams.get('code'))).size).toBe(1)
    for (const end of ends) if (!answered.includes(end)) expectExplained(end, signet.issuer)
    expect((await party.finish(flow, answered[0]?.url ?? flow.url)).claims()?.sub).toBeTruthy()
  })

  it('a lost cookie: the page says that the sign-in is over and offers to start again', async () => {
    const { signet, party } = await opened()
    const visitor = browser()
    const identify = await visitor.get((await party.begin()).url)
    visitor.cookies.clear()
    expectExplained(await visitor.get(identify.url), signet.issuer)
    const posted = await visitor.submit(identify, { identifier: 'ana@example.com' })
    expect(posted.status).toBe(403)
  })

  it('S36: an interaction opened in another browser shows nothing and takes nothing', async () => {
    const { signet, party } = await opened()
    const [ana, eve] = [browser(), browser()]
    const flow = await party.begin()
    const consent = await prove(ana, await ana.get(flow.url))
    expect(consent.document.querySelector('button[name="decision"]')).not.toBeNull()
    expectExplained(await eve.get(consent.url), signet.issuer)
    const posted = await eve.submit(consent, {}, allow)
    expect(posted.status).toBe(403)
    expect(posted.url.href.startsWith(callback)).toBe(false)
    const back = await ana.submit(consent, {}, allow)
    expect(back.url.searchParams.get('code')).toBeTruthy()
  })

  it('S29: knowing the id of somebody’s interaction is not enough to take it over', async () => {
    const { signet, party } = await opened()
    const [ana, eve] = [browser(), browser()]
    const flow = await party.begin()
    const proof = await ana.submit(await ana.get(flow.url), { identifier: 'ana@example.com' })
    const uid = proof.url.pathname.split('/')[2] ?? ''
    await eve.get((await party.begin()).url)
    for (const key of [...eve.cookies.keys()]) if (key.endsWith('signet-interaction')) eve.cookies.delete(key)
    eve.cookies.set(`localhost /interaction/${uid} signet-interaction`, uid)
    const seen = await eve.get(proof.url)
    expect(seen.body).not.toContain('ana@example.com')
    await ana.submit(proof, { password })
    const stolen = await eve.get(`${signet.issuer}/interaction/${uid}`)
    expect(stolen.body).not.toContain('ana@example.com')
    expect(
      (await eve.get(`${signet.issuer}/account`)).document.querySelector('input[name="identifier"]'),
    ).not.toBeNull()
  })

  it('an expired interaction gets the page that explains; the application’s next attempt works', async () => {
    let now = Date.now()
    const { signet, party } = await opened(() => now)
    const visitor = browser()
    const identify = await visitor.get((await party.begin()).url)
    now += 61 * 60_000
    expectExplained(await visitor.get(identify.url), signet.issuer)
    expectExplained(await visitor.submit(identify, { identifier: 'ana@example.com' }), signet.issuer)
    const { page } = await goThrough(visitor, party)
    expect(page.url.searchParams.get('code')).toBeTruthy()
  })

  it('S29: a session planted before the sign-in is worth nothing after it', async () => {
    const { signet, party } = await opened()
    const attacker = browser()
    await attacker.get((await party.begin()).url)
    const victim = browser()
    for (const [key, value] of attacker.cookies) victim.cookies.set(key, value)
    await goThrough(victim, party)
    expect((await victim.get(`${signet.issuer}/account`)).url.pathname).toBe('/account')
    const seen = await attacker.get(`${signet.issuer}/account`)
    expect(seen.document.querySelector('input[name="identifier"]')).not.toBeNull()
  })

  it('a request that can go to no application gets a page that says what is wrong, and no redirect', async () => {
    const { signet, party } = await opened()
    const wrong = {
      'an unknown client': { client_id: 'nobody' },
      'another redirect URI': { redirect_uri: 'https://evil.example/callback' },
      'no redirect URI': { redirect_uri: '' },
      'a NUL in the client': { client_id: `${party.id}\0` },
    }
    for (const [what, parameters] of Object.entries(wrong)) {
      const page = await browser().get((await party.begin(parameters)).url)
      expect(page.url.origin, what).toBe(signet.issuer)
      expect(page.status, what).toBe(400)
      expect(page.headers.get('x-trace-id'), what).toBeTruthy()
      expect(page.body, what).toContain(page.headers.get('x-trace-id') ?? '-')
    }
    const noPkce = await browser().get(
      (await party.begin({ code_challenge: '', code_challenge_method: '' })).url,
    )
    expect(noPkce.url.searchParams.get('error')).toBe('invalid_request')
  })
})

/** A page of ours, with a way on and a trace id; never a bare error and never the application. */
function expectExplained(page: Page, issuer: string): void {
  expect(page.url.origin).toBe(issuer)
  expect(page.status).toBeGreaterThanOrEqual(400)
  expect(page.status).toBeLessThan(500)
  expect(words(page)).toContain('sign-in')
  expect(page.document.querySelector('a.button, main a[href]')).not.toBeNull()
  expect(page.body).toContain(page.headers.get('x-trace-id') ?? '-')
}
