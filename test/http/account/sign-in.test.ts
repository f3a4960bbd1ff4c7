/** How the portal, an ordinary client of ourselves, gets its session. */
import { expect, it } from 'vitest'
import { addPerson, prove } from '../../support/person.ts'
import { createVisitor, type Visitor, words } from '../../support/visitor.ts'
import { openSignet } from '../support/server.ts'

it('sends a stranger through the authorization endpoint and back to the page they wanted, with its query', async () => {
  const signet = await openSignet()
  await addPerson(signet.house)
  const visitor = createVisitor()
  const asked = await visitor.get(`${signet.issuer}/account/activity?after=nothing`)
  const back = await prove(visitor, asked)
  expect(`${back.url.pathname}${back.url.search}`).toBe('/account/activity?after=nothing')
})

it('has a page for whoever cancels, from which they can try again', async () => {
  const signet = await openSignet()
  const visitor = createVisitor()
  const asked = await visitor.get(`${signet.issuer}/account/security`)
  const left = await visitor.press(asked, `${asked.url.pathname}/cancel`)
  expect(left.url.pathname).toBe('/account/callback')
  expect(left.status).toBe(403)
  expect(words(left)).toContain('You did not sign in')
  const again = left.document.querySelector('main a')?.getAttribute('href')
  expect(again).toBe('/account/security')
})

it('S5: S7: believes no answer that is forged, another browser’s, or another issuer’s, and never redirects in a circle', async () => {
  const signet = await openSignet()
  await addPerson(signet.house)
  const [ana, eve] = [createVisitor(), createVisitor()]
  await prove(ana, await ana.get(`${signet.issuer}/account`))
  const state = await stateOf(eve, signet.issuer)
  const own = await stateOf(createVisitor(), signet.issuer)
  const { issuer } = signet
  const wrong = [
    '',
    `?iss=${issuer}`,
    `?iss=${issuer}&state=x.y`,
    // Eve's own answer, slipped to Ana's browser.
    `?iss=${issuer}&state=${state}`,
    `?iss=https://evil.example&state=${own}`,
    `?iss=${issuer}&state=${own}&error=server_error`,
    `?iss=${issuer}&state=${own}&error=access_denied&error_description=<b>hello`,
  ]
  for (const query of wrong) {
    const page = await ana.get(`${issuer}/account/callback${query}`)
    expect(page.url.pathname, query).toBe('/account/callback')
    expect([400, 403], query).toContain(page.status)
    expect(page.body, query).not.toContain('<b>hello')
    expect(page.document.querySelector('main a')?.getAttribute('href'), query).toBe('/account')
  }
  // Signed out, with a good state: a page, not another round.
  const page = await eve.get(`${issuer}/account/callback?iss=${issuer}&state=${state}`)
  expect(page.status).toBe(400)
})

it('leads whoever opens the address of the server itself to their account', async () => {
  const signet = await openSignet()
  const answer = await createVisitor().send(`${signet.issuer}/`)
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/account'])
})

it('gives a password manager its permanent address', async () => {
  const signet = await openSignet()
  const answer = await createVisitor().send(`${signet.issuer}/.well-known/change-password`)
  expect(answer.status).toBe(302)
  expect(answer.headers.get('location')).toBe('/account/security/password')
})

/** The state of the request that a guarded page makes in this browser. */
async function stateOf(visitor: Visitor, issuer: string): Promise<string> {
  const answer = await visitor.send(`${issuer}/account`)
  return new URL(answer.headers.get('location') ?? '', issuer).searchParams.get('state') ?? ''
}
