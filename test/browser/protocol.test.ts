/** What browsers do on their own around the protocol: check policies along redirects, keep or send cookies, go back, open tabs, click twice. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCertificate } from '../messaging/certificate.ts'
import { addPerson, password } from '../support/person.ts'
import { register } from '../support/relying-party.ts'
import { authorization, decision, signIn, submit } from './forms.ts'
import { landing, type Site, serve } from './party.ts'
import { heading, press, textOf, useStage, words } from './stage.ts'

describe('a browser', () => {
  const stage = useStage()
  const sites: Site[] = []
  beforeAll(async () => {
    await addPerson(stage.signet.house)
  })
  afterAll(() => Promise.all(sites.map((site) => site.close())))

  async function site(...parameters: Parameters<typeof serve>): Promise<Site> {
    const served = await serve(...parameters)
    sites.push(served)
    return served
  }

  /** An application at an origin; answers how it asks for a sign-in. */
  async function application(
    origin: string,
    name = 'Orchard Club',
  ): Promise<(more?: Record<string, string>) => string> {
    const { id } = await register(stage.signet, {
      metadata: {
        client_name: name,
        redirect_uris: [`${origin}/callback`],
        post_logout_redirect_uris: [`${origin}/signed-out`],
      },
    })
    return (more = {}) =>
      authorization(stage.signet, {
        client_id: id,
        redirect_uri: `${origin}/callback`,
        scope: 'openid',
        ...more,
      })
  }

  for (const scheme of ['http', 'https'] as const) {
    it(`follows an application over ${scheme} whose callback and sign-out lead on to another origin`, async () => {
      const certificate = scheme === 'https' ? createCertificate() : undefined
      const onward = await site(landing, certificate)
      const origin = await site((request, response) => {
        response.writeHead(303, { location: `${onward.origin}/arrived${request.url}` }).end()
      }, certificate)
      const page = await stage.person({ ignoreHTTPSErrors: true })
      const ask = await application(origin.origin, `Leads on over ${scheme}`)
      await signIn(page, ask(), 'ana@example.com')
      await press(page, 'Allow')
      expect(page.url()).toMatch(`${onward.origin}/arrived/callback?code=`)

      await page.context().clearCookies()
      await signIn(page, ask({ prompt: 'login' }), 'ana@example.com')
      expect(page.url()).toMatch(`${onward.origin}/arrived/callback?code=`)

      const client_id = new URL(ask()).searchParams.get('client_id') ?? ''
      const asked = { client_id, post_logout_redirect_uri: `${origin.origin}/signed-out` }
      await page.goto(`${stage.signet.issuer}/logout?${new URLSearchParams(asked)}`)
      await press(page, 'Sign out')
      expect(page.url()).toBe(`${onward.origin}/arrived/signed-out`)
    })
  }

  it('posts an authorization and a sign-out from another site and finds its session there', async () => {
    const back = await site(landing)
    const ask = await application(back.origin)
    const foreign = await site(posting(`${stage.signet.issuer}`), undefined, '127.0.0.1')
    const page = await stage.person()
    await signIn(page, ask(), 'ana@example.com')
    await submit(page, {}, decision('allow'))

    const parameters = new URL(ask({ prompt: 'none' })).search
    await page.goto(`${foreign.origin}/authorize${parameters}`)
    await press(page, 'Post')
    expect(page.url()).toMatch(`${back.origin}/callback?code=`)

    await page.goto(`${foreign.origin}/logout`)
    await press(page, 'Post')
    expect(await heading(page)).toBe('Sign out?')
    await press(page, 'Sign out')
    expect(await heading(page)).toBe('You are signed out')
  })

  it('hands a form_post answer on by itself, and by a button where there is no script', async () => {
    const back = await site(landing)
    const ask = await application(back.origin)
    for (const javaScriptEnabled of [true, false]) {
      const page = await stage.person({ javaScriptEnabled })
      await page.goto(ask({ response_mode: 'form_post' }))
      await page.locator('input[name="identifier"]').fill('ana@example.com')
      await press(page, 'Continue')
      await page.locator('input[name="password"]').fill(password)
      await press(page, 'Continue')
      // Allowed once, it is not asked again: the second time the page with the answer is the next one.
      await page.getByRole('button', { name: javaScriptEnabled ? 'Allow' : 'Continue' }).click()
      await page.waitForURL(`${back.origin}/callback`)
      expect(await textOf(page.locator('#method'))).toBe('POST')
      expect(await page.getByRole('listitem').allTextContents()).toEqual(
        expect.arrayContaining(['code', 'iss']),
      )
    }
  })

  it('signs in to two applications in two tabs at once', async () => {
    const back = await site(landing)
    const [one, other] = [await application(back.origin, 'First'), await application(back.origin, 'Second')]
    const first = await stage.person()
    const second = await first.context().newPage()
    await first.goto(one({ state: 'one' }))
    await second.goto(other({ state: 'two' }))
    for (const page of [first, second]) await submit(page, { identifier: 'ana@example.com' })
    for (const page of [first, second]) await submit(page, { password })
    for (const page of [first, second]) await submit(page, {}, decision('allow'))
    expect(first.url()).toMatch(/callback\?code=.*state=one/)
    expect(second.url()).toMatch(/callback\?code=.*state=two/)
  })

  it('goes back after a sign-in to a page that says it is over, and from there to the application', async () => {
    const demo = stage.signet.started.demo ?? ''
    const page = await stage.person()
    await page.goto(demo)
    await press(page, 'Sign in with Signet')
    await submit(page, { identifier: 'ana@example.com' })
    await submit(page, { password })
    await submit(page, {}, decision('allow'))
    expect(await words(page)).toContain('Welcome, Ana Ruiz')
    await page.goBack()
    expect(await heading(page)).toBe('This sign-in is no longer open')
    await page.getByRole('link', { name: 'Start again at Orchard' }).click()
    expect(await words(page)).toContain('Ana Ruiz')
  })

  it('goes back from the password to the identifier and signs in as somebody else', async () => {
    await addPerson(stage.signet.house, 'kim@example.com')
    const page = await stage.person()
    await page.goto(`${stage.signet.issuer}/account`)
    await submit(page, { identifier: 'ana@example.com' })
    await page.goBack()
    await page.goForward()
    await press(page, 'Change')
    await submit(page, { identifier: 'kim@example.com' })
    await submit(page, { password })
    expect(await words(page)).toContain('kim@example.com')
  })

  it.each([true, false])('clicks twice on Allow and lands once (script: %s)', async (javaScriptEnabled) => {
    const back = await site(landing)
    const ask = await application(back.origin)
    const page = await stage.person({ javaScriptEnabled })
    await page.goto(ask())
    await page.locator('input[name="identifier"]').fill('ana@example.com')
    await press(page, 'Continue')
    await page.locator('input[name="password"]').fill(password)
    await press(page, 'Continue')
    await page.getByRole('button', { name: 'Allow' }).dblclick()
    await page.waitForURL(/\/callback\?code=/)
    expect(await heading(page)).toBe('/callback')
  })

  it('keeps cookies that no script can read and no other site can use', async () => {
    const page = await stage.person()
    await signIn(page, `${stage.signet.issuer}/account`, 'ana@example.com')
    const cookies = (await page.context().cookies()).filter(({ name }) => name.startsWith('signet-'))
    expect(cookies.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['signet-session', 'signet-browser', 'signet-device']),
    )
    for (const { name, httpOnly, sameSite } of cookies) {
      expect({ name, httpOnly, sameSite }).toEqual({ name, httpOnly: true, sameSite: 'Lax' })
    }
    expect(await page.evaluate('document.cookie')).toBe('')
    // A session ends with the browser, unless the person asked to stay signed in.
    expect(cookies.find(({ name }) => name === 'signet-session')?.expires).toBe(-1)
  })

  it('stays signed in after it was closed, if the person asked for that', async () => {
    const page = await stage.person()
    await page.goto(`${stage.signet.issuer}/account`)
    await submit(page, { identifier: 'ana@example.com' })
    await page.getByLabel('Keep me signed in').check()
    await submit(page, { password })
    const cookies = await page.context().cookies()
    const kept = cookies.filter(({ expires }) => expires > 0)
    expect(kept.map(({ name }) => name)).toContain('signet-session')
    const later = await stage.person({ storageState: { cookies: kept, origins: [] } })
    await later.goto(`${stage.signet.issuer}/account`)
    expect(await heading(later)).toBe('Ana Ruiz')
  })

  it('is framed by nobody', async () => {
    const framing = await site((_, response) => {
      response.setHeader('content-type', 'text/html')
      response.end(`<title>Trap</title><iframe src="${stage.signet.issuer}/recovery"></iframe>`)
    })
    const page: Page = await stage.person()
    const refused = page.waitForEvent('console', (message) => message.text().includes('frame-ancestors'))
    await page.goto(framing.origin)
    expect((await refused).type()).toBe('error')
    stage.forgive(/frame-ancestors/)
  })
})

/** A page of another site with a form that posts its own query to the same path at `issuer`. */
function posting(issuer: string): Parameters<typeof serve>[0] {
  return (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', issuer)
    const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;')
    const fields = [...searchParams].map(
      ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`,
    )
    response.setHeader('content-type', 'text/html')
    response.end(
      `<title>Post</title><link rel="icon" href="data:,"><form method="post" action="${issuer}${pathname}">${fields.join('')}<button>Post</button></form>`,
    )
  }
}
