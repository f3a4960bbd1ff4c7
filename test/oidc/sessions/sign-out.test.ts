import { expect, it } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { ask, authorize, browser, exchange, refresh, signedIn, userinfo } from '../support/application.ts'
import { useNodes } from '../support/nodes.ts'

eachStore((_, open) => {
  const nodes = useNodes(open)

  async function onlySession(node: Awaited<ReturnType<typeof nodes<1>>>[0], identityId = 'ana') {
    const [session, ...others] = await node.registry.list(identityId)
    if (session === undefined || others.length > 0) throw new Error(`${others.length + 1} sessions`)
    return session
  }

  it('S29: a sign-out during an in-flight prompt=none stays signed out', async () => {
    const [one, two] = await nodes(2)
    const { visitor } = await signedIn(one.issuer)
    const gate = two.hold('it')
    const inFlight = ask(visitor, two.issuer, { prompt: 'none', client_id: 'other' }, { 'x-hold-read': 'it' })
    await gate.reached
    const session = await onlySession(one)
    expect(await one.registry.end('ana', session.uid)).toBe(true)
    gate.release()
    const { code, cookies } = await inFlight
    // Neither its code nor its cookie is of any use.
    expect(cookies.filter((line) => line.startsWith('signet-session'))).toEqual([])
    if (code !== '') expect((await exchange(one.issuer, code, 'other')).status).toBe(400)
    expect(await ask(visitor, one.issuer, { prompt: 'none' })).toMatchObject({ error: 'login_required' })
    expect(await one.registry.list('ana')).toEqual([])
  })

  it('S20: signing out at the end-session endpoint ends the session and what is bound to it, also in flight', async () => {
    const [one, two] = await nodes(2)
    const { visitor, tokens } = await signedIn(one.issuer)
    const form = await (await visitor.send(new URL('/session/end', one.issuer))).text()
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(form)?.[1] ?? ''
    const gate = two.hold('it')
    const inFlight = ask(visitor, two.issuer, { prompt: 'none' }, { 'x-hold-read': 'it' })
    await gate.reached
    await visitor.send(new URL('/session/end/confirm', one.issuer), {
      method: 'POST',
      body: new URLSearchParams({ xsrf, logout: 'yes' }),
    })
    gate.release()
    const { code } = await inFlight
    if (code !== '') expect((await exchange(one.issuer, code)).status).toBe(400)
    expect(await userinfo(one.issuer, tokens.access_token)).toBe(401)
    expect((await refresh(one.issuer, tokens.refresh_token)).status).toBe(400)
    expect(await ask(visitor, one.issuer, { prompt: 'none' })).toMatchObject({ error: 'login_required' })
    expect(await one.registry.list('ana')).toEqual([])
  })

  it('ends only the session of the identity that asks, once', async () => {
    const [node] = await nodes(1)
    await signedIn(node.issuer)
    const { uid } = await onlySession(node)
    expect(await node.registry.end('ben', uid)).toBe(false)
    expect(await node.registry.end('ana', uid)).toBe(true)
    expect(await node.registry.end('ana', uid)).toBe(false)
    expect(node.ended).toEqual([
      { uid, identityId: 'ana', clients: [{ clientId: 'app', sid: expect.stringMatching(/^.{43}$/) }] },
    ])
  })

  it('lets offline access outlive a sign-out, but not "sign out everywhere"', async () => {
    const [node] = await nodes(1)
    const { issuer, registry } = node
    const { visitor } = await signedIn(issuer)
    const { code } = await ask(visitor, issuer, { prompt: 'none' }, { 'x-offline': 'yes' })
    const tokens = await exchange(issuer, code)
    await registry.end('ana', (await onlySession(node)).uid)
    const next = await refresh(issuer, tokens.refresh_token)
    expect(next.status).toBe(200)
    expect(await registry.endAll('ana')).toBe(0)
    expect((await refresh(issuer, next.refresh_token)).status).toBe(400)
    expect(await userinfo(issuer, next.access_token)).toBe(401)
  })

  it('S39: ends every session and token of an identity, and nobody else’s', async () => {
    const [node] = await nodes(1)
    const { issuer, registry } = node
    const [first, second, other] = await Promise.all([
      signedIn(issuer),
      signedIn(issuer, { client_id: 'other' }),
      signedIn(issuer, {}, { accountId: 'ben' }),
    ])
    expect(await registry.endAll('ana')).toBe(2)
    expect(await userinfo(issuer, first.tokens.access_token)).toBe(401)
    expect((await refresh(issuer, second.tokens.refresh_token, 'other')).status).toBe(400)
    expect(await ask(first.visitor, issuer, { prompt: 'none' })).toMatchObject({ error: 'login_required' })
    expect(await userinfo(issuer, other.tokens.access_token)).toBe(200)
    expect(node.ended).toHaveLength(2)
  })

  it('S39: ends more sessions than one page of them holds', async () => {
    const [{ registry, sessions }] = await nodes(1)
    const loginTs = Math.floor(Date.now() / 1000) - 5
    const begin = (count: number) =>
      sessions.write({ uid: `uid ${count}`, jti: `id ${count}`, accountId: 'ana', loginTs, transient: true })
    for (let count = 0; count < 1_020; count += 60)
      await Promise.all(Array.from({ length: 60 }, (_one, index) => begin(count + index)))
    expect(await registry.endAll('ana', { except: 'uid 7' })).toBe(1_019)
    expect((await registry.list('ana')).map(({ uid }) => uid)).toEqual(['uid 7'])
    expect(await sessions.byId('id 1019')).toBeUndefined()
  })

  it('keeps the session that asks for it and its tokens', async () => {
    const [{ issuer, registry, sessions }] = await nodes(1)
    const kept = await signedIn(issuer)
    const other = await signedIn(issuer)
    const all = await registry.list('ana')
    const id = decodeURIComponent(kept.visitor.cookies.get('127.0.0.1 / signet-session') ?? '')
    const uid = (await sessions.byId(id))?.payload.uid ?? ''
    expect(all.map((session) => session.uid)).toContain(uid)
    expect(await registry.endAll('ana', { except: uid })).toBe(1)
    expect(await userinfo(issuer, kept.tokens.access_token)).toBe(200)
    expect((await refresh(issuer, kept.tokens.refresh_token)).status).toBe(200)
    expect(await userinfo(issuer, other.tokens.access_token)).toBe(401)
  })

  it('S39: "sign out everywhere" ends what a request in flight is about to get, offline access too', async () => {
    const [one, two] = await nodes(2)
    const { visitor } = await signedIn(one.issuer)
    const gate = two.hold('it')
    const inFlight = ask(visitor, two.issuer, { prompt: 'none' }, { 'x-hold-read': 'it', 'x-offline': 'yes' })
    await gate.reached
    await one.registry.endAll('ana')
    gate.release()
    const { code } = await inFlight
    if (code !== '') expect((await exchange(one.issuer, code)).status).toBe(400)
    expect(await one.registry.list('ana')).toEqual([])
  })

  it('S39: a sign-in that was proved before "sign out everywhere" becomes no session after it', async () => {
    const [{ issuer, registry }] = await nodes(1)
    const ts = Math.floor(Date.now() / 1000) - 5
    await registry.endAll('ana')
    const visitor = browser({ accountId: 'ana', ts })
    const { code } = await authorize(visitor, issuer)
    if (code !== '') expect((await exchange(issuer, code)).status).toBe(400)
    expect(await registry.list('ana')).toEqual([])
    const again = await authorize(browser(), issuer)
    expect((await exchange(issuer, again.code)).status).toBe(200)
  })

  it('ends what there is between an identity and a client', async () => {
    const [{ issuer, registry }] = await nodes(1)
    const { visitor, tokens } = await signedIn(issuer)
    const other = await exchange(
      issuer,
      (await authorize(visitor, issuer, { client_id: 'other' })).code,
      'other',
    )
    await registry.endGrants('ana', 'app')
    expect(await userinfo(issuer, tokens.access_token)).toBe(401)
    expect((await refresh(issuer, tokens.refresh_token)).status).toBe(400)
    expect(await userinfo(issuer, other.access_token)).toBe(200)
    expect((await registry.list('ana'))[0]?.clientIds).toEqual(['other'])
  })

  it('S39: ends every token of a client', async () => {
    const [{ issuer, registry }] = await nodes(1)
    const { tokens } = await signedIn(issuer)
    const other = await signedIn(issuer, { client_id: 'other' })
    await registry.endClient('app')
    expect(await userinfo(issuer, tokens.access_token)).toBe(401)
    expect((await refresh(issuer, tokens.refresh_token)).status).toBe(400)
    expect(await userinfo(issuer, other.tokens.access_token)).toBe(200)
  })

  it('S39: a Grant that was ended is not revived by a request that was extending it', async () => {
    const [{ issuer, provider, registry }] = await nodes(1)
    const { grant } = await grantOf(issuer, provider)
    await registry.endGrants('ana', 'app')
    grant.addOIDCScope('email')
    await grant.save()
    expect(await provider.Grant.find(grant.jti)).toBeUndefined()
  })

  it('two requests that extend a Grant at once both get what they added', async () => {
    const [{ issuer, provider }] = await nodes(1)
    const { grant, again } = await grantOf(issuer, provider)
    grant.addOIDCScope('email')
    again.addOIDCScope('profile')
    again.addOIDCClaims(['nickname'])
    await Promise.all([grant.save(), again.save()])
    const stored = await provider.Grant.find(grant.jti)
    expect(stored?.getOIDCScope().split(' ').toSorted()).toEqual(['email', 'openid', 'profile'])
    expect(stored?.getOIDCClaims()).toEqual(['nickname'])
  })

  type Provider = Awaited<ReturnType<typeof nodes<1>>>[0]['provider']

  async function grantOf(issuer: string, provider: Provider) {
    const { code } = await authorize(browser(), issuer)
    const { grantId = '' } = (await provider.AuthorizationCode.find(code)) ?? {}
    const [grant, again] = await Promise.all([provider.Grant.find(grantId), provider.Grant.find(grantId)])
    if (grant === undefined || again === undefined) throw new Error('no Grant')
    return { grant, again }
  }
})
