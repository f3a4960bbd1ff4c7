/** A session that was opened for one application, and the rules for another one. */
import { expect, it } from 'vitest'
import { codeOf } from '../factors/authenticator.ts'
import { addPerson, prove } from '../support/person.ts'
import { callback } from '../support/relying-party.ts'
import { useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, words } from '../support/visitor.ts'

const clients = ['notes', 'books'].map((id) => ({ id, first_party: true, redirect_uris: [callback] }))
const rules = [{ name: 'books', when: { clients: ['books'] }, level: 'two-factor', fresh_within: '10m' }]
const minute = 60_000

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  async function scene() {
    let now = Date.now()
    const env = { SIGNET_CLIENTS: JSON.stringify(clients), SIGNET_POLICY__RULES: JSON.stringify(rules) }
    const signet = await open({ clock: () => now, env })
    await addPerson(signet.house)
    const visitor = createVisitor({ stopAt: callback })
    const ask = (client_id: string, more: Record<string, string> = {}) =>
      visitor.get(`${signet.issuer}/authorize?${new URLSearchParams({ ...request, client_id, ...more })}`)
    await prove(visitor, await visitor.get(`${signet.issuer}/account`))
    const form = await visitor.get(`${signet.issuer}/account/security/totp`)
    const key = keyOn(form)
    return {
      ask,
      visitor,
      async addAuthenticator() {
        await visitor.submit(form, { code: codeOf(key, now) })
        now += minute
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

  it('S18: leads whoever has no second factor to one, and nobody in circles', async () => {
    const { ask, visitor } = await scene()
    const asked = await prove(visitor, await ask('books'))
    expect(asked.url.pathname).toMatch(/^\/interaction\//)
    expect(errorIn(await ask('books', { prompt: 'none' }))).toBe('login_required')
    expect(isIn(await ask('notes', { prompt: 'none' }))).toBe(true)
    expect(words(await ask('books'))).toContain('books')
  })
})

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
