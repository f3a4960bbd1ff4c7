/** Faults that other providers had in their pages, links and sessions, tried on this one. Those that belong to one part are tested there. */
import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { addPerson, password, prove } from '../support/person.ts'
import { browser, connect, register } from '../support/relying-party.ts'
import { useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor } from '../support/visitor.ts'

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

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
})
