/** Faults that other products had, tried on this one. Those that belong to one part are tested there. */
import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { exchangeOf, race, token } from '../races/arena.ts'
import { addPerson, allow, goThrough, password, prove, tokensFor } from '../support/person.ts'
import { browser, callback, connect, register } from '../support/relying-party.ts'
import { useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor, words } from '../support/visitor.ts'

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
      expect((await token(url, nobody, body)).status).toBe(400)
      expect((await token(url, wrong, body)).status).toBe(401)
      expect(await token(url, other, { ...body, client_id: other.id })).toMatchObject({
        error: 'invalid_grant',
      })
    }
    // A stranger who has the token but not the secret does not end the family of its owner either.
    expect((await party.refresh(tokens.refresh_token)).access_token).toBeTruthy()
  })

  it('S7 S33: no page with a token in its address leads away, whatever the address says', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const visitor = createVisitor()
    await visitor.submit(await visitor.get(`${signet.issuer}/recovery`), { identifier: 'ana@example.com' })
    const { links } = await signet.mail('ana@example.com')
    const evil = 'https://evil.example/'
    const names = [
      'redirect_uri',
      'redirect',
      'return',
      'return_to',
      'returnTo',
      'next',
      'url',
      'continue',
      'state',
      'target',
      'lang',
      'ui_locales',
    ]
    for (const name of names) {
      const link = new URL(links[0] ?? '')
      link.searchParams.set(name, evil)
      const page = await visitor.get(link)
      expect(page.url.origin, name).toBe(signet.issuer)
      expect(page.body, name).not.toContain(evil)
      const done = await visitor.submit(page, { password: 'short' })
      expect(done.url.origin, name).toBe(signet.issuer)
    }
    for (const path of [
      '/account',
      '/account/callback',
      '/admin/callback',
      '/logout',
      '/logout/success',
      '/recovery',
      '/recovery/done',
      '/setup',
      '/',
    ])
      for (const name of [...names, 'post_logout_redirect_uri']) {
        const response = await createVisitor().send(
          `${signet.issuer}${path}?${new URLSearchParams({ [name]: evil })}`,
        )
        await response.body?.cancel()
        const location = response.headers.get('location')
        const leads = location === null ? signet.issuer : new URL(location, signet.issuer).origin
        expect(leads, `${path}?${name}`).toBe(signet.issuer)
      }
  })

  it('S37: nothing that stands in a request is markup on a page, on sign-out and error pages above all', async () => {
    const signet = await open()
    const party = await register(signet)
    const markup = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
    const { url } = await party.begin()
    const addresses = [...url.searchParams.keys()].map((name) => {
      const altered = new URL(url)
      altered.searchParams.set(name, markup)
      return altered.href
    })
    const further = [
      `/logout?${new URLSearchParams({ post_logout_redirect_uri: markup, state: markup, client_id: markup, id_token_hint: markup })}`,
      `/logout?post_logout_redirect_uri=javascript:alert(1)&client_id=${party.id}`,
      `/recovery/link?token=${encodeURIComponent(markup)}`,
      `/invitation?token=${encodeURIComponent(markup)}`,
      `/interaction/${encodeURIComponent(markup)}`,
      `/account/callback?${new URLSearchParams({ error: markup, error_description: markup, state: markup, iss: markup })}`,
      `/account?lang=${encodeURIComponent(markup)}`,
      `/nowhere/${encodeURIComponent(markup)}`,
    ].map((path) => signet.issuer + path)
    for (const address of [...addresses, ...further]) {
      const visitor = browser({ headers: { 'accept-language': markup, 'user-agent': markup } })
      const page = await visitor.get(address)
      expect(page.body, address).not.toContain('<script>alert')
      expect(page.body, address).not.toContain('<img src=x')
      expect(page.body, address).not.toMatch(/(href|action|src)="\s*javascript:/i)
    }
    const visitor = browser()
    const recovery = await visitor.get(`${signet.issuer}/recovery`)
    for (const page of [
      await visitor.submit(await visitor.get(url), { identifier: markup }),
      await visitor.submit(recovery, { identifier: markup }),
    ])
      expect(page.body).not.toContain('<script>alert')
  })

  it('S28: guesses of a registration code at once buy no more tries than one after the other', async () => {
    const signet = await open()
    const party = await register(signet)
    const visitor = browser()
    const identify = await visitor.get((await party.begin()).url)
    const form = await visitor.get(`${identify.url.href}/register`)
    const page = await visitor.submit(form, { email: 'noa@example.com', name: 'Noa' })
    const [code = ''] = (await signet.mail('noa@example.com')).codes
    const guesses = Array.from({ length: 40 }, (_, index) => String(100_000 + index)).filter(
      (guess) => guess !== code,
    )
    const answers = await race(guesses.length, (racer) => visitor.submit(page, { code: guesses[racer] }))
    expect(answers.filter(({ status }) => status === 422).length).toBeLessThan(5)
    expect((await visitor.submit(page, { code })).status).toBe(410)
    expect(await signet.house.identities.findByIdentifier('email', 'noa@example.com')).toBeUndefined()
  })

  it('S26: guesses of a password at once buy no more tries than one after the other', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const visitor = createVisitor()
    const page = await visitor.submit(await visitor.get(`${signet.issuer}/account`), {
      identifier: 'ana@example.com',
    })
    const answers = await race(40, (racer) =>
      visitor.submit(page, { password: `orchard number ${racer} in autumn` }),
    )
    expect(answers.filter(({ status }) => status === 422).length).toBeLessThanOrEqual(5)
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThanOrEqual(35)
    expect((await visitor.submit(page, { password })).status).toBe(429)
  })

  it('S44: a crafted step skips nothing: neither the proof, nor consent, nor whose turn it is', async () => {
    const signet = await open()
    const ana = await addPerson(signet.house)
    const party = await register(signet)
    const visitor = browser()
    const identify = await visitor.get((await party.begin()).url)
    const proof = await visitor.submit(identify, { identifier: 'ana@example.com' })
    const base = `/interaction/${proof.url.pathname.split('/')[2]}`
    const before = (await signet.house.enrolments.list(ana))[0]?.createdAt
    for (const [path, values] of [
      ['/enrol/password', { password: 'an orchard of the attacker’s own' }],
      ['/consent', { decision: 'allow', 'scope.email': 'on' }],
      ['/account', { account: 'continue' }],
      ['/prove/registration', {}],
      ['/prove/__proto__', { password }],
      ['/prove/constructor', { password }],
      ['/choose', { factor: 'registration' }],
      ['/choose', { factor: '__proto__' }],
      ['/register/code', { code: '000000' }],
    ] as const) {
      const answer = await crafted(visitor, proof, base + path, values)
      expect(answer.status, path).toBeLessThan(500)
      expect(answer.url.href.startsWith(callback), path).toBe(false)
    }
    expect((await signet.house.enrolments.list(ana))[0]?.createdAt).toBe(before)
    expect(
      (await visitor.get(`${signet.issuer}/account`)).document.querySelector('input[name="identifier"]'),
    ).not.toBeNull()
    const { page } = await goThrough(browser(), party)
    expect(page.url.searchParams.get('code')).toBeTruthy()
  })

  it('an altered invitation opens nothing, and an invitation is no recovery link', async () => {
    const signet = await open()
    const created = await signet.house.identities.create(
      {
        identifiers: [{ kind: 'email', written: 'ivy@example.com' }],
        claims: { name: 'Ivy' },
        state: 'invited',
      },
      { kind: 'operator', id: 'test' },
    )
    if (created.status !== 'created') throw new Error(created.status)
    const { link } = await signet.house.links.invite(
      created.identity.id,
      { kind: 'operator', id: 'test' },
      { language: 'en' },
    )
    const given = new URL(link).searchParams.get('token') ?? ''
    const swapped = given.at(0) === 'A' ? `B${given.slice(1)}` : `A${given.slice(1)}`
    for (const altered of [
      swapped,
      given.slice(0, -1),
      `${given}A`,
      given.toUpperCase(),
      '',
      ' ',
      created.identity.id,
    ])
      expect(
        (await createVisitor().get(`${signet.issuer}/invitation?token=${altered}`)).status,
        altered,
      ).toBe(410)
    expect((await createVisitor().get(`${signet.issuer}/recovery/link?token=${given}`)).status).toBe(410)
    const visitor = createVisitor()
    const form = await visitor.get(link)
    const posted = await visitor.submit(form, { password, token: swapped })
    expect(posted.status).toBe(410)
    expect((await visitor.submit(form, { password })).url.pathname).toBe('/invitation/done')
  })

  it('S29: a session that was ended is not alive again after a restart', async () => {
    const setting = {
      storage: await fresh(),
      env: { SIGNET_MASTER_KEY: randomBytes(32).toString('base64url') },
    }
    const signet = await open(setting)
    await addPerson(signet.house)
    const visitor = createVisitor()
    await prove(visitor, await visitor.get(`${signet.issuer}/account`))
    const kept = new Map(visitor.cookies)
    await visitor.submit(await visitor.get(`${signet.issuer}/logout`), {}, { name: 'logout', value: 'yes' })
    await signet.stop()
    const restarted = await open(setting)
    const thief = createVisitor()
    for (const [key, value] of kept) thief.cookies.set(key, value)
    expect(
      (await thief.get(`${restarted.issuer}/account`)).document.querySelector('input[name="identifier"]'),
    ).not.toBeNull()
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

  it('nothing has a default password or a default secret', async () => {
    const [one, two] = [
      await open({ env: { SIGNET_DEMO__ENABLED: 'true' } }),
      await open({ env: { SIGNET_DEMO__ENABLED: 'true' } }),
    ]
    expect(one.house.demoSecret).not.toBe(two.house.demoSecret)
    expect(one.house.demoSecret.length).toBeGreaterThanOrEqual(43)
    const sam = await one.house.identities.findByIdentifier('email', 'sam@example.com')
    expect(sam?.state).toBe('invited')
    expect(await one.house.enrolments.list(sam?.id ?? '')).toEqual([])
    expect(await one.house.store.identities.count()).toBe(1)
    const stranger = await connect(one.issuer, 'signet-demo', two.house.demoSecret)
    await expect(stranger.refresh('anything')).rejects.toMatchObject({ status: 401 })
  })

  it('S41: a body that is small only while it is packed is refused, and nobody unpacks it', async () => {
    const signet = await open()
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024, 'a'))
    for (const path of [
      '/token',
      '/introspect',
      '/revoke',
      '/authorize',
      '/userinfo',
      '/recovery',
      '/setup',
    ]) {
      const response = await fetch(`${signet.issuer}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': 'gzip' },
        body: bomb,
        redirect: 'manual',
      })
      await response.body?.cancel()
      expect(response.status, path).toBeGreaterThanOrEqual(400)
      expect(response.status, path).toBeLessThan(500)
    }
    expect((await fetch(`${signet.issuer}/health/ready`)).status).toBe(200)
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

  it('S32: an unknown person and a wrong password get the same answers: status, headers, size, and the same again when throttled', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const shapes: object[][] = []
    for (const email of ['ana@example.com', 'bob@example.com']) {
      const visitor = createVisitor()
      const steps: object[] = []
      let page = await visitor.get(`${signet.issuer}/account`)
      page = await visitor.submit(page, { identifier: email })
      steps.push(shapeOf(page, email))
      for (const typed of [
        'not the right one at all',
        '',
        'x'.repeat(1024),
        'wrong again',
        'and again',
        'and again',
        'and again',
      ]) {
        page = await visitor.submit(page, { password: typed })
        steps.push(shapeOf(page, email))
      }
      shapes.push(steps)
    }
    expect(shapes[0]).toEqual(shapes[1])
  })
})

/** The same browser sends a form that the page does not have. */
async function crafted(
  visitor: Visitor,
  page: Page,
  path: string,
  values: Readonly<Record<string, string>>,
): Promise<Page> {
  const csrf = page.document.querySelector('input[name="csrf"]')?.getAttribute('value') ?? ''
  const url = new URL(path, page.url)
  const response = await visitor.send(url, {
    method: 'POST',
    body: new URLSearchParams({ csrf, ...values }),
    headers: { origin: page.url.origin },
  })
  const location = response.headers.get('location')
  if (location !== null) return visitor.get(new URL(location, url))
  return {
    url,
    status: response.status,
    headers: response.headers,
    body: await response.text(),
    document: page.document,
  }
}

function shapeOf(page: Page, email: string): object {
  const headers = [...page.headers.keys()].filter((name) => name !== 'date').sort()
  return {
    status: page.status,
    headers,
    size: page.body.replaceAll(email, '').length,
    words: words(page)
      .replaceAll(email, '')
      .replace(/Trace id.*/, '')
      .replaceAll(/\d+ seconds?/g, 'N seconds'),
  }
}
