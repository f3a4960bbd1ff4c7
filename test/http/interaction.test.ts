import { describe, expect, it } from 'vitest'
import { words } from '../support/visitor.ts'
import { allow, callback, errorOf, open, password, signIn, visitor } from './interaction-flow.ts'

describe('signing in', () => {
  it('leads from who, over proof and consent, back to the application', async () => {
    const { url } = await open()
    const ana = visitor()
    const identify = await ana.get(url())
    expect(words(identify)).toContain('Sign in to Orchard <b>')
    expect(identify.document.querySelector('[autocomplete=username]')?.getAttribute('name')).toBe(
      'identifier',
    )
    const prove = await ana.submit(identify, { identifier: 'ana@example.com' })
    expect(prove.document.querySelector('[autocomplete=current-password]')?.getAttribute('name')).toBe(
      'password',
    )
    expect(words(prove)).toContain('ana@example.com')
    const consent = await ana.submit(prove, { password })
    expect(words(consent)).toContain('You will be sent to localhost:9')
    const back = await ana.submit(consent, {}, allow)
    expect(back.url.href.startsWith(callback)).toBe(true)
    expect(back.url.searchParams.get('code')).not.toBeNull()
  })

  it('shows the page again after a mistake: status 4xx, the identifier kept, the password not', async () => {
    const { url } = await open()
    const ana = visitor()
    const malformed = await ana.submit(await ana.get(url()), { identifier: 'ana@@' })
    expect([
      malformed.status,
      malformed.document.querySelector('[name=identifier]')?.getAttribute('value'),
    ]).toEqual([422, 'ana@@'])
    const prove = await ana.submit(malformed, { identifier: 'ana@example.com' })
    const wrong = await ana.submit(prove, { password: 'not the right one at all' })
    expect(wrong.status).toBe(422)
    expect(words(wrong)).toContain('That did not match')
    expect(wrong.body).not.toContain('not the right one at all')
    expect(words(await ana.submit(wrong, { password }))).toContain('wants to know')
  })

  it('a tab that is opened again at the address of an answer is where the sign-in is', async () => {
    const { url } = await open()
    const ana = visitor()
    const malformed = await ana.submit(await ana.get(url()), { identifier: 'ana@@' })
    const identify = await ana.get(malformed.url)
    expect(identify.status).toBe(200)
    const prove = await ana.submit(identify, { identifier: 'ana@example.com' })
    const wrong = await ana.submit(prove, { password: 'not the right one at all' })
    const again = await ana.get(wrong.url)
    expect(again.status).toBe(200)
    expect(words(await ana.submit(again, { password }))).toContain('wants to know')
  })

  it('S32: says the same about somebody who does not exist', async () => {
    const { url } = await open()
    const shown = async (identifier: string) => {
      const who = visitor()
      const prove = await who.submit(await who.get(url()), { identifier })
      const wrong = await who.submit(prove, { password: 'not the right one at all' })
      return [prove, wrong].map((page) => [page.status, words(page).replaceAll(identifier, 'X')])
    }
    expect(await shown('bob@example.com')).toEqual(await shown('ana@example.com'))
  })

  it('S26: after too many tries says when to try again, on the same page, with 429 and Retry-After', async () => {
    const { url } = await open()
    const ana = visitor()
    let page = await ana.submit(await ana.get(url()), { identifier: 'ana@example.com' })
    for (let attempt = 0; attempt < 4; attempt += 1) page = await ana.submit(page, { password: 'wrong' })
    expect(page.status).toBe(429)
    expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(words(page)).toContain('try again in')
    expect(page.document.querySelector('[name=password]')).not.toBeNull()
  })

  it('fills in the hint of the application, and still asks', async () => {
    const { url } = await open()
    const page = await visitor().get(url({ login_hint: 'ana@example.com' }))
    expect(page.document.querySelector('[name=identifier]')?.getAttribute('value')).toBe('ana@example.com')
  })

  it('lets one use a different account, or go back to the application', async () => {
    const { url } = await open()
    const ana = visitor()
    const prove = await ana.submit(await ana.get(url()), { identifier: 'wrong@example.com' })
    const restart = prove.document.querySelector('form#restart')
    expect(restart?.getAttribute('action')).toMatch(/\/restart$/)
    const body = new URLSearchParams({
      csrf: restart?.querySelector('[name=csrf]')?.getAttribute('value') ?? '',
    })
    await ana.send(new URL(restart?.getAttribute('action') ?? '', prove.url), { method: 'POST', body })
    const identify = await ana.get(prove.url)
    expect(identify.document.querySelector('[name=identifier]')?.getAttribute('value') ?? '').toBe('')
    const cancel = await ana.send(`${identify.url}/cancel`, { method: 'POST', body })
    const back = await ana.get(new URL(cancel.headers.get('location') ?? '', identify.url))
    expect([back.url.href.startsWith(callback), errorOf(back)]).toEqual([true, 'access_denied'])
  })

  it('speaks the language that the application asks for, until the person chooses another', async () => {
    const { url } = await open()
    const ana = visitor()
    const german = await ana.get(url({ ui_locales: 'fr de en' }))
    expect(german.document.querySelector('html')?.getAttribute('lang')).toBe('de')
    const switched = await ana.get(`${german.url}?lang=en`)
    expect([switched.url.href, switched.document.querySelector('html')?.getAttribute('lang')]).toEqual([
      german.url.href,
      'en',
    ])
    const elsewhere = await ana.get(url({ ui_locales: 'de' }))
    expect(elsewhere.document.querySelector('html')?.getAttribute('lang')).toBe('de')
    expect((await ana.get(url())).document.querySelector('html')?.getAttribute('lang')).toBe('en')
  })
})

describe('consent', () => {
  it('allows what stays ticked, once, and asks only for what is new the next time', async () => {
    const { signet, url, identityId } = await open()
    const ana = visitor()
    const consent = await signIn(ana, url())
    consent.document.querySelector('[name="scope.email"]')?.removeAttribute('checked')
    const back = await ana.submit(consent, {}, allow)
    expect(back.url.searchParams.get('code')).not.toBeNull()
    const record = await signet.house.consents.get(
      identityId,
      String(new URL(url()).searchParams.get('client_id')),
    )
    expect([record?.scopes.toSorted(), record?.refused]).toEqual([['openid', 'profile'], ['email']])
    expect((await ana.get(url())).url.searchParams.get('code')).not.toBeNull()
    const more = await ana.get(url({ scope: 'openid profile email phone' }))
    expect(words(more)).toContain('Your phone number')
    expect(words(more)).not.toContain('Your name and profile')
  })

  it('S36: takes nothing from the form that was not asked for', async () => {
    const { signet, url, identityId } = await open()
    const ana = visitor()
    const consent = await signIn(ana, url({ scope: 'openid' }))
    const body = new URLSearchParams({
      csrf: consent.document.querySelector('[name=csrf]')?.getAttribute('value') ?? '',
      decision: 'allow',
      'scope.address': 'on',
    })
    await ana.send(`${consent.url}/consent`, { method: 'POST', body })
    const record = await signet.house.consents.get(
      identityId,
      String(new URL(url()).searchParams.get('client_id')),
    )
    expect(record?.scopes).toEqual(['openid'])
  })

  it('denied leads back with access_denied, and nothing is remembered', async () => {
    const { signet, url, identityId } = await open()
    const ana = visitor()
    const back = await ana.submit(await signIn(ana, url()), {}, { name: 'decision', value: 'deny' })
    expect(errorOf(back)).toBe('access_denied')
    expect(
      await signet.house.consents.get(identityId, String(new URL(url()).searchParams.get('client_id'))),
    ).toBeUndefined()
  })

  it('"not you?" signs in as somebody else, inside the same request', async () => {
    const { url } = await open()
    const ana = visitor()
    const consent = await signIn(ana, url())
    const body = new URLSearchParams({
      csrf: consent.document.querySelector('#restart [name=csrf]')?.getAttribute('value') ?? '',
    })
    await ana.send(`${consent.url}/restart`, { method: 'POST', body })
    const identify = await ana.get(consent.url)
    expect(identify.document.querySelector('[autocomplete=username]')).not.toBeNull()
  })
})

describe('account chooser', () => {
  it('goes on with the account that is signed in, or signs in with another', async () => {
    const { url } = await open()
    const ana = visitor()
    await ana.submit(await signIn(ana, url()), {}, allow)
    const chooser = await ana.get(url({ prompt: 'select_account' }))
    expect(words(chooser)).toContain('Ana')
    const other = await ana.submit(chooser, {}, { name: 'account', value: 'other' })
    expect(other.document.querySelector('[autocomplete=username]')).not.toBeNull()
    const again = await ana.get(url({ prompt: 'select_account' }))
    const back = await ana.submit(again, {}, { name: 'account', value: 'continue' })
    expect(back.url.searchParams.get('code')).not.toBeNull()
  })
})
