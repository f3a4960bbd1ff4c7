/** A session that was opened for one application, and the rules for another one. */
import { expect, it } from 'vitest'
import { codeOf } from '../factors/authenticator.ts'
import { addPerson, prove } from '../support/person.ts'
import { callback } from '../support/relying-party.ts'
import { useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, words } from '../support/visitor.ts'

const clients = ['notes', 'books', 'vault'].map((id) => ({
  id,
  first_party: true,
  redirect_uris: [callback],
}))
const rules = [
  { name: 'books', when: { clients: ['books'] }, level: 'two-factor', fresh_within: '10m' },
  { name: 'vault', when: { clients: ['vault'] }, level: 'two-factor', trusted_device: false },
]
const minute = 60_000

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  async function scene(more: Record<string, string> = {}) {
    let now = Date.now()
    const declared = { SIGNET_CLIENTS: JSON.stringify(clients), SIGNET_POLICY__RULES: JSON.stringify(rules) }
    const env = { ...declared, ...more }
    const signet = await open({ clock: () => now, env })
    await addPerson(signet.house, undefined, { roles: ['administrator'] })
    const visitor = createVisitor({ stopAt: callback })
    const ask = (client_id: string, more: Record<string, string> = {}) =>
      visitor.get(`${signet.issuer}/authorize?${new URLSearchParams({ ...request, client_id, ...more })}`)
    await prove(visitor, await visitor.get(`${signet.issuer}/account`))
    let key = ''
    return {
      ask,
      visitor,
      see: (path: string) => visitor.get(`${signet.issuer}${path}`),
      async addAuthenticator() {
        const form = await visitor.get(`${signet.issuer}/account/security/totp`)
        key = keyOn(form)
        await visitor.submit(form, { code: codeOf(key, now) })
        now += minute
      },
      async signOut() {
        const page = await visitor.get(`${signet.issuer}/logout`)
        await visitor.submit(page, {}, { name: 'logout', value: 'yes' })
      },
      code: () => codeOf(key, now),
      later: (minutes: number) => {
        now += minutes * minute
      },
    }
  }

  it('S18: is good for the one, and asked for a second factor by the other, once', async () => {
    const { ask, visitor, addAuthenticator, code, later } = await scene()
    await addAuthenticator()
    expect(isIn(await ask('notes'))).toBe(true)
    expect(errorIn(await ask('books', { prompt: 'none' }))).toBe('login_required')
    const second = await prove(visitor, await ask('books'))
    expect(isIn(await visitor.submit(second, { code: code() }))).toBe(true)
    expect(isIn(await ask('books', { prompt: 'none' }))).toBe(true)
    later(11)
    // As strong as before, and too old for the rule.
    expect(errorIn(await ask('books', { prompt: 'none' }))).toBe('login_required')
    expect(isIn(await ask('notes', { prompt: 'none' }))).toBe(true)
  })

  it('S18: is excused by a trusted device, where the rule lets it', async () => {
    const { ask, visitor, addAuthenticator, code, later, signOut } = await scene()
    await addAuthenticator()
    const second = await prove(visitor, await ask('books'))
    expect(isIn(await visitor.submit(second, { code: code(), trust: 'yes' }))).toBe(true)
    await signOut()
    later(1)
    expect(isIn(await prove(visitor, await ask('notes')))).toBe(true)
    expect(isIn(await ask('books', { prompt: 'none' }))).toBe(true)
    expect(errorIn(await ask('vault', { prompt: 'none' }))).toBe('login_required')
    // Asked for by name, it is proved.
    const named = { prompt: 'none', claims: essential }
    expect(errorIn(await ask('books', named))).toBe('login_required')
    expect(errorIn(await ask('books', { prompt: 'none', max_age: '3600' }))).toBe('login_required')
    later(11)
    expect(errorIn(await ask('books', { prompt: 'none' }))).toBe('login_required')
  })

  it('S18: ends with the refusal of the process for whoever cannot reach it, and nobody goes in circles', async () => {
    const { ask, visitor } = await scene(passwordOnly)
    expect(isIn(await ask('notes', { prompt: 'none' }))).toBe(true)
    const stopped = await prove(visitor, await ask('books'))
    expect(stopped.url.pathname).toMatch(/^\/interaction\//)
    expect(words(stopped)).toContain('stronger proof than your account is set up for')
    const back = await visitor.press(stopped, `${stopped.url.pathname}/cancel`)
    expect(errorIn(back)).toBe('unmet_authentication_requirements')
    expect(isIn(await ask('notes', { prompt: 'none' }))).toBe(true)
  })

  it('S18: does not go past a rule that gives time: the time begins with a sign-in for its client', async () => {
    const patient = { name: 'books', when: { clients: ['books'] }, level: 'two-factor', enrol_within: '7d' }
    const { ask, visitor } = await scene({
      ...passwordOnly,
      SIGNET_FACTORS__TOTP__ENABLED: 'true',
      SIGNET_POLICY__RULES: JSON.stringify([patient]),
    })
    expect(isIn(await ask('notes', { prompt: 'none' }))).toBe(true)
    expect(errorIn(await ask('books', { prompt: 'none' }))).toBe('login_required')
    const offered = await prove(visitor, await ask('books'))
    expect(words(offered)).toContain('Remind me later')
    expect(isIn(await visitor.press(offered, `${offered.url.pathname}/postpone`))).toBe(true)
    expect(isIn(await ask('books', { prompt: 'none' }))).toBe(true)
  })

  it('S18: does not go past a rule for our own pages, which are applications like any other', async () => {
    const console = { name: 'console', when: { clients: ['signet-console'] }, level: 'two-factor' }
    const { ask, visitor, see, addAuthenticator, code, later } = await scene({
      SIGNET_POLICY__RULES: JSON.stringify([console]),
    })
    const people = await see('/admin/people')
    expect(people.url.pathname).toMatch(/^\/interaction\//)
    expect(words(people)).not.toContain('ana@example.com')
    expect((await see('/account')).url.pathname).toBe('/account')
    await addAuthenticator()
    expect((await see('/admin/people')).url.pathname).toMatch(/^\/interaction\//)
    const second = await prove(visitor, await see('/admin/people'))
    expect((await visitor.submit(second, { code: code() })).url.pathname).toBe('/admin/people')
    later(1)
    expect((await see('/admin')).status).toBe(200)
    expect(isIn(await ask('notes', { prompt: 'none' }))).toBe(true)
  })
})

const essential = JSON.stringify({
  id_token: { acr: { essential: true, value: 'urn:signet:acr:two-factor' } },
})
const others = [
  'TOTP',
  'MAGIC_LINK',
  'EMAIL_CODE',
  'SMS_CODE',
  'PASSKEY',
  'PUSH',
  'SECURITY_KEY',
  'BACKUP_CODE',
  'TRUSTED_DEVICE',
]
const passwordOnly = Object.fromEntries(others.map((name) => [`SIGNET_FACTORS__${name}__ENABLED`, 'false']))

const request = {
  response_type: 'code',
  redirect_uri: callback,
  scope: 'openid',
  state: 'st',
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
}

function isIn({ url }: Page): boolean {
  return url.href.startsWith(callback) && url.searchParams.has('code')
}

function errorIn({ url }: Page): string | null {
  return url.searchParams.get('error')
}

function keyOn(page: Page): string {
  const spans = page.document.querySelectorAll('code.secret span')
  return spans.map(({ textContent }) => textContent).join('')
}
