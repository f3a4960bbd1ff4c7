import { describe, expect, it } from 'vitest'
import { words } from '../support/visitor.ts'
import { allow, errorOf, open, password, signIn, visitor } from './interaction-flow.ts'

describe('the same form, page or link twice', () => {
  it('a form posted twice at once leads to one sign-in, and neither answer is an error', async () => {
    const { url } = await open()
    const ana = visitor()
    const prove = await ana.submit(await ana.get(url()), { identifier: 'ana@example.com' })
    const body = () =>
      new URLSearchParams({
        csrf: prove.document.querySelector('[name=csrf]')?.getAttribute('value') ?? '',
        password,
      })
    const answers = await Promise.all(
      [1, 2, 3].map(() => ana.send(`${prove.url}/prove/password`, { method: 'POST', body: body() })),
    )
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 303])
    // Whichever answer the browser follows, it arrives.
    const consent = await ana.get(prove.url)
    expect(words(consent)).toContain('wants to know')
  })

  it('the back button after the end leads to a page that explains, with a way to start again', async () => {
    const { url } = await open()
    const ana = visitor()
    const prove = await ana.submit(await ana.get(url()), { identifier: 'ana@example.com' })
    await ana.submit(await ana.submit(prove, { password }), {}, allow)
    const gone = await ana.get(prove.url)
    expect(gone.status).toBe(400)
    expect(words(gone)).toContain('no longer open')
    expect(gone.document.querySelector('a.button')?.getAttribute('href')).toBe('https://orchard.example/')
    const posted = await ana.submit({ ...prove }, { password })
    expect(posted.status).toBe(400)
  })

  it('two tabs sign in beside each other', async () => {
    const { url } = await open()
    const ana = visitor()
    const [first, second] = [await ana.get(url()), await ana.get(url({ state: 'other' }))]
    expect(first.url.href).not.toBe(second.url.href)
    const consent = await ana.submit(await ana.submit(second, { identifier: 'ana@example.com' }), {
      password,
    })
    const back = await ana.submit(consent, {}, allow)
    expect(back.url.searchParams.get('state')).toBe('other')
    const late = await ana.submit(await ana.submit(first, { identifier: 'ana@example.com' }), { password })
    expect(late.url.searchParams.get('state')).toBe('s')
  })

  it('a lost cookie leads to the page that explains, and the interaction opens in no other browser', async () => {
    const { url } = await open()
    const [ana, eve] = [visitor(), visitor()]
    const identify = await ana.get(url())
    expect((await eve.get(identify.url)).status).toBe(400)
    ana.cookies.clear()
    expect((await ana.get(identify.url)).status).toBe(400)
  })
})

describe('keep me signed in', () => {
  it('is off unless ticked', async () => {
    const { signet, url, identityId } = await open()
    const lives = async (values: Record<string, string>) => {
      const ana = visitor()
      await signIn(ana, url(), values)
      return [...ana.cookies.keys()].some((key) => key.endsWith('signet-session'))
    }
    expect(await lives({})).toBe(true)
    expect(await lives({ remember: 'on' })).toBe(true)
    const rows = await signet.house.store.sessions.page({ limit: 100 })
    const spans = rows.items
      .filter((row) => row.identityId === identityId)
      .map((row) => Math.round((row.absoluteEnd - row.startedAt) / 86_400_000))
    expect(spans.toSorted((a, b) => a - b)).toEqual([1, 30])
  })
})

describe('signing out', () => {
  it('S20: asks first; whoever stays is told so, and whoever leaves is out', async () => {
    const { signet, url } = await open()
    const ana = visitor()
    await ana.submit(await signIn(ana, url()), {}, allow)
    const asked = await ana.get(`${signet.issuer}/logout`)
    const stayed = await ana.submit(asked, {}, { name: 'logout', value: 'no' })
    expect(stayed.url.href).toBe(`${signet.issuer}/account`)
    const clientId = String(new URL(url()).searchParams.get('client_id'))
    const askedByClient = await ana.get(`${signet.issuer}/logout?client_id=${clientId}`)
    expect(words(askedByClient)).toContain('Orchard <b> asks to sign you out')
    expect(words(await ana.submit(askedByClient, {}, { name: 'logout', value: 'no' }))).toContain(
      'still signed in',
    )
    expect((await ana.get(url({ prompt: 'none' }))).url.searchParams.get('code')).not.toBeNull()
    const out = await ana.submit(
      await ana.get(`${signet.issuer}/logout`),
      {},
      { name: 'logout', value: 'yes' },
    )
    expect(words(out)).toContain('You are signed out')
    expect(errorOf(await ana.get(url({ prompt: 'none' })))).toBe('login_required')
  })
})
