/** Faults that other providers had in what applications get, tried on this one. Those that belong to one part are tested there. */
import { expect, it } from 'vitest'
import { exchangeOf, token } from '../races/arena.ts'
import { addPerson, allow, goThrough, prove, tokensFor } from '../support/person.ts'
import { browser, register } from '../support/relying-party.ts'
import { useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'

const offline = { scope: 'openid profile email offline_access', prompt: 'consent' }

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  it('S8: a refresh token and a code are worth nothing without their client’s authentication', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const party = await register(signet)
    const visitor = browser()
    const tokens = await tokensFor(visitor, party, { parameters: offline })
    const { flow, page } = await goThrough(visitor, party)
    const code = page.url.searchParams.get('code') ?? ''
    const other = await register(signet, { public: true })
    const wrong = { ...party, secret: 'x'.repeat(43) }
    const url = `${signet.issuer}/token`
    for (const body of [
      { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' },
      exchangeOf(flow, code),
    ]) {
      const nobody = { id: party.id, secret: undefined }
      expect((await token(url, nobody, { ...body, client_id: party.id })).status).toBe(401)
      expect((await token(url, nobody, body)).status).toBe(401)
      expect((await token(url, wrong, body)).status).toBe(401)
      expect(await token(url, other, { ...body, client_id: other.id })).toMatchObject({
        error: 'invalid_grant',
      })
    }
    // A stranger who has the token but not the secret does not end the family of its owner either.
    expect((await party.refresh(tokens.refresh_token)).access_token).toBeTruthy()
  })

  it('a scope that is taken from an application is gone from the next token on', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const party = await register(signet)
    const tokens = await tokensFor(browser(), party, { parameters: offline })
    const by = { kind: 'operator', id: 'test' } as const
    await signet.house.clients.update(party.id, { metadata: { scope: 'openid offline_access' } }, by)
    const refreshed = await party.refresh(tokens.refresh_token).catch((error: { error: string }) => error)
    if ('access_token' in refreshed) {
      const told = await (await party.userinfo(refreshed)).json()
      expect(told).not.toHaveProperty('email')
      expect(told).not.toHaveProperty('name')
      expect(refreshed.scope?.split(' ') ?? []).not.toContain('email')
    } else expect(['invalid_scope', 'invalid_grant']).toContain(refreshed.error)
  })

  it('a refresh asks for less, never for more than was allowed', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const party = await register(signet)
    const visitor = browser()
    const flow = await party.begin(offline)
    const consent = await prove(visitor, await visitor.get(flow.url))
    const page = await visitor.submit(consent, { 'scope.email': undefined }, allow)
    const tokens = await party.finish(flow, page.url)
    await expect(party.refresh(tokens.refresh_token, { scope: 'openid email' })).rejects.toMatchObject({
      error: 'invalid_scope',
    })
    const less = await party.refresh(tokens.refresh_token, { scope: 'openid' })
    expect(await (await party.userinfo(less)).json()).not.toHaveProperty('name')
  })

  it('answers for one scope are never answers for another: userinfo is kept by nobody', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const party = await register(signet, { firstParty: true })
    const visitor = browser()
    const [wide, narrow] = [
      await tokensFor(visitor, party, { parameters: { scope: 'openid email' } }),
      await tokensFor(visitor, party, { parameters: { scope: 'openid' } }),
    ]
    for (const [tokens, knows] of [
      [wide, true],
      [narrow, false],
      [wide, true],
    ] as const) {
      const response = await party.userinfo(tokens)
      expect(response.headers.get('cache-control')).toContain('no-store')
      expect('email' in ((await response.json()) as object)).toBe(knows)
    }
  })

  it('S4: there is no way to swap one token for another, nor a grant that nobody offers', async () => {
    const signet = await open()
    const party = await register(signet)
    for (const grant of [
      'urn:ietf:params:oauth:grant-type:token-exchange',
      'urn:ietf:params:oauth:grant-type:jwt-bearer',
      'urn:ietf:params:oauth:grant-type:device_code',
      'password',
      'implicit',
      '__proto__',
    ])
      expect(
        await token(`${signet.issuer}/token`, party, { grant_type: grant, subject_token: 'x' }),
        grant,
      ).toMatchObject({
        error: 'unsupported_grant_type',
      })
  })

  it('S1: no hint, state or token without a signature is believed', async () => {
    const signet = await open()
    const ana = await addPerson(signet.house)
    const party = await register(signet, { firstParty: true })
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = {
      iss: signet.issuer,
      sub: ana,
      aud: party.id,
      exp: Math.floor(Date.now() / 1000) + 60,
      iat: 1,
    }
    const unsigned = `${encode({ alg: 'none' })}.${encode(claims)}.`
    const visitor = browser()
    await goThrough(visitor, party)
    const hinted = await visitor.get((await party.begin({ id_token_hint: unsigned })).url)
    expect(hinted.url.searchParams.get('code')).toBeNull()
    const out = await visitor.get(
      `${signet.issuer}/logout?${new URLSearchParams({ id_token_hint: unsigned })}`,
    )
    expect(out.status).toBe(400)
    expect((await visitor.get(`${signet.issuer}/account`)).url.pathname).toBe('/account')
    expect((await party.userinfo({ access_token: unsigned })).status).toBe(401)
  })
})
