/** The demo application calls an API that asks for two factors of the last minutes (RFC 9470). */
import { expect, it } from 'vitest'
import { codeOf } from '../factors/authenticator.ts'
import { addPerson, allow, password, prove } from '../support/person.ts'
import { useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor, words } from '../support/visitor.ts'

const second = 1000
const twoFactors = 'urn:signet:acr:two-factor'

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  /** Ana, signed in at the demo application with her password. */
  async function atTheDemo(clock = Date.now, env: Record<string, string> = {}) {
    const signet = await open({ clock, env: { SIGNET_DEMO__ENABLED: 'true', ...env } })
    await addPerson(signet.house)
    const visitor = createVisitor()
    const start = await visitor.get(signet.started.demo ?? '')
    const home = await visitor.submit(await prove(visitor, await visitor.submit(start)), {}, allow)
    return { signet, visitor, home }
  }

  it('S18: asks for one proof more, and then the API answers', async () => {
    const { signet, visitor, home } = await atTheDemo()
    const asked = await visitor.press(home, '/call-api-for-more')
    expect(asked.url.origin).toBe(signet.issuer)
    // Who it is was said already.
    const link = await visitor.submit(asked, { password })
    const code = await visitor.submit(link, {}, { name: 'factor', value: 'email-code' })
    const [sent = ''] = (await signet.mail('ana@example.com')).codes
    const called = await visitor.submit(code, { code: sent })
    expect(called.url.href).toBe(`${signet.started.demo}/`)
    expect(words(called)).toContain('The API answered 200.')
    expect(words(called)).toContain(twoFactors)
    expect(words(await visitor.press(called, '/call-api'))).toContain('The API answered 200.')
  })

  it('S18: has whoever can prove no more add a second way, and then the API answers', async () => {
    const withoutMail = {
      SIGNET_FACTORS__MAGIC_LINK__ENABLED: 'false',
      SIGNET_FACTORS__EMAIL_CODE__ENABLED: 'false',
    }
    const { signet, visitor, home } = await atTheDemo(Date.now, withoutMail)
    const asked = await visitor.press(home, '/call-api-for-more')
    let enrol = await visitor.submit(asked, { password })
    if (enrol.document.querySelector('code.secret') === null)
      enrol = await visitor.submit(enrol, {}, { name: 'factor', value: 'totp' })
    const called = await visitor.submit(enrol, { code: codeOf(keyOn(enrol), Date.now()) })
    expect(called.url.href).toBe(`${signet.started.demo}/`)
    expect(words(called)).toContain('The API answered 200.')
  })

  it('S18: asks whoever has both factors again when that was too long ago, and not while it is recent', async () => {
    // The API has the real clock.
    let now = Date.now() - 400 * second
    const { signet, visitor } = await atTheDemo(() => now)
    const key = await addAuthenticator(visitor, signet.issuer, now)
    now += 60 * second
    const browser = createVisitor()
    const start = await browser.get(signet.started.demo ?? '')
    const both = await prove(browser, await browser.submit(start))
    const home = await browser.submit(both, { code: codeOf(key, now) })
    expect(words(home)).toContain(twoFactors)

    now = Date.now()
    const asked = await browser.press(home, '/call-api-for-more')
    expect(asked.url.origin).toBe(signet.issuer)
    const called = await browser.submit(await browser.submit(asked, { password }), { code: codeOf(key, now) })
    expect(words(called)).toContain('The API answered 200.')
    expect(words(await browser.press(called, '/call-api-for-more'))).toContain('The API answered 200.')
  })

  it('S18: cancelled, the person stays signed in and the API was not called', async () => {
    const { visitor, home } = await atTheDemo()
    const asked = await visitor.press(home, '/call-api-for-more')
    const cancel = asked.document
      .querySelectorAll('form')
      .map((form) => form.getAttribute('action') ?? '')
      .find((action) => action.endsWith('/cancel'))
    const back = await visitor.press(asked, cancel ?? '')
    expect(words(back)).toContain('The API was not called')
    expect(words(await visitor.press(back, '/call-api'))).toContain('The API answered 200.')
  })
})

async function addAuthenticator(visitor: Visitor, issuer: string, now: number): Promise<string> {
  const form = await visitor.get(`${issuer}/account/security/totp`)
  const key = keyOn(form)
  await visitor.submit(form, { code: codeOf(key, now) })
  return key
}

function keyOn(page: Page): string {
  const spans = page.document.querySelectorAll('code.secret span')
  const key = spans.map(({ textContent }) => textContent).join('')
  if (key === '') throw new Error(`${page.url} shows no key: ${words(page)}`)
  return key
}
