/** What people see of the applications that they allowed something, and taking it back in part. */
import { expect, it } from 'vitest'
import { addPerson, allow, prove, tokensFor } from '../support/person.ts'
import { browser, type RelyingParty, register } from '../support/relying-party.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { type Page, type Visitor, words } from '../support/visitor.ts'

const offline = { scope: 'openid profile email offline_access', prompt: 'consent' }

const pathOf = ({ id }: RelyingParty) => `/account/applications/${id}`

async function withdraw(visitor: Visitor, page: Page, name: string): Promise<Page> {
  return visitor.submit(page, {}, { name: 'withdraw', value: name })
}

async function deadTokens(party: RelyingParty, tokens: { access_token: string; refresh_token?: string }) {
  expect(await party.isActive(tokens.access_token)).toBe(false)
  expect((await party.userinfo(tokens)).status).toBe(401)
  if (tokens.refresh_token === undefined) return
  expect(await party.isActive(tokens.refresh_token)).toBe(false)
  await expect(party.refresh(tokens.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' })
}

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)
  const at = (signet: Signet, visitor: Visitor, path: string) => visitor.get(`${signet.issuer}${path}`)

  it('S39: a part that is withdrawn takes every token with it that carries it, at once, and is asked for again', async () => {
    const signet = await open()
    const ana = await addPerson(signet.house)
    const [party, other] = [
      await register(signet),
      await register(signet, { metadata: { client_name: 'Bakery' } }),
    ]
    const visitor = browser()
    const tokens = await tokensFor(visitor, party, { parameters: offline })
    const kept = await tokensFor(visitor, other, { parameters: offline })
    const page = await at(signet, visitor, pathOf(party))
    for (const said of [
      'Your e-mail address',
      'Stay connected when you are away',
      'Can act while you are away',
    ])
      expect(words(page)).toContain(said)
    expect(page.document.querySelector('button[name="withdraw"][value="openid"]')).toBeNull()

    const less = await withdraw(visitor, page, 'email')
    expect(less.url.pathname + less.url.search).toBe(`${pathOf(party)}?done=narrowed`)
    expect(less.document.querySelector('button[name="withdraw"][value="email"]')).toBeNull()
    await deadTokens(party, tokens)
    expect((await other.userinfo(kept)).status).toBe(200)
    expect((await signet.house.consents.get(ana, party.id))?.scopes).not.toContain('email')

    // Twice: nothing more happens, and the page says so.
    expect((await withdraw(visitor, page, 'email')).url.search).toBe('?done=gone')

    const narrower = await party.begin({ scope: 'openid profile' })
    const silent = await party.finish(narrower, (await visitor.get(narrower.url)).url)
    expect(await (await party.userinfo(silent)).json()).not.toHaveProperty('email')
    const again = await visitor.get((await party.begin(offline)).url)
    expect(words(again)).toContain('Your e-mail address')
    await visitor.submit(again, {}, allow)
  })

  it('S39: what an application does while somebody is away ends alone', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const party = await register(signet)
    const visitor = browser()
    const tokens = await tokensFor(visitor, party, { parameters: offline })
    const less = await withdraw(visitor, await at(signet, visitor, pathOf(party)), 'offline_access')
    expect(words(less)).not.toContain('Can act while you are away')
    await deadTokens(party, tokens)
    expect(words(less)).toContain('Your e-mail address')
  })

  it('S39: a request that was under way while everything was withdrawn gets nothing, and asks', async () => {
    const signet = await open()
    const ana = await addPerson(signet.house)
    const party = await register(signet)
    await tokensFor(browser(), party)
    const artifacts = signet.house.store.artifacts as { put: typeof signet.house.store.artifacts.put }
    const put = artifacts.put
    let withdrawn = 0
    // Between the look at what was allowed and the writing of what is made from it.
    artifacts.put = async (draft) => {
      const isGrant = draft.id.startsWith('Grant:') && (await signet.house.consents.list(ana)).length > 0
      if (isGrant) {
        withdrawn += 1
        await signet.house.consents.withdraw(ana, party.id, { kind: 'identity', id: ana })
      }
      return put.call(artifacts, draft)
    }
    const visitor = browser()
    const { url } = await party.begin()
    const page = await prove(visitor, await visitor.get(url))
    artifacts.put = put
    expect(withdrawn).toBe(1)
    expect(page.document.querySelector('button[name="decision"]')).not.toBeNull()
    expect(await signet.house.oidc.sessions.held(ana)).not.toContainEqual(
      expect.objectContaining({ clientId: party.id }),
    )
  })

  it('says what an application was given last, and when; our own are shown as such and can be ended too', async () => {
    let now = Date.now()
    const signet = await open({ clock: () => now })
    await addPerson(signet.house)
    const [party, own] = [
      await register(signet),
      await register(signet, { firstParty: true, metadata: { client_name: 'Our Mail' } }),
    ]
    const visitor = browser()
    const tokens = await tokensFor(visitor, party, { parameters: { scope: 'openid profile email' } })
    const ours = await tokensFor(visitor, own, { parameters: { scope: 'openid email' } })
    const given = async () => {
      const page = await at(signet, visitor, pathOf(party))
      return page.document.querySelector('section[aria-labelledby="given"] time')?.getAttribute('datetime')
    }
    expect(await given()).toBe(new Date(now).toISOString())
    const first = now
    now += 30_000
    await party.userinfo(tokens)
    // Once a minute is enough.
    expect(await given()).toBe(new Date(first).toISOString())
    now += 40_000
    await party.userinfo(tokens)
    expect(await given()).toBe(new Date(now).toISOString())

    const list = await at(signet, visitor, '/account/applications')
    expect(words(list)).toContain('Our Mail Part of this service')
    expect(words(list)).not.toContain('Signet account')
    const left = await visitor.press(list, `${pathOf(own)}/withdraw`)
    expect(words(left)).not.toContain('Our Mail')
    await deadTokens(own, ours)
    expect((await party.userinfo(tokens)).status).toBe(200)
  })

  it('S38: another person’s are unknown, and nothing of theirs is taken back', async () => {
    const signet = await open()
    const ana = await addPerson(signet.house)
    await addPerson(signet.house, 'eve@example.com')
    const [party, hers] = [
      await register(signet),
      await register(signet, { metadata: { client_name: 'Bakery' } }),
    ]
    const visitor = browser()
    const tokens = await tokensFor(visitor, party, { parameters: offline })
    const eve = browser()
    await tokensFor(eve, hers, { email: 'eve@example.com', parameters: offline })
    expect((await at(signet, eve, pathOf(party))).status).toBe(404)
    const page = await at(signet, eve, pathOf(hers))
    for (const form of page.document.querySelectorAll('main form'))
      form.setAttribute('action', `${pathOf(party)}/narrow`)
    expect((await withdraw(eve, page, 'email')).url.search).toBe('?done=gone')
    expect((await signet.house.consents.get(ana, party.id))?.scopes).toContain('email')
    expect((await party.userinfo(tokens)).status).toBe(200)
  })

  it('says nothing of what was never allowed', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const visitor = browser()
    await prove(visitor, await at(signet, visitor, '/account'))
    expect(words(await at(signet, visitor, '/account/applications'))).toContain('No application has asked')
  })
})
