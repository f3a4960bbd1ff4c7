/** The newcomer's story, as in the README: invitation → demo application → consent → refresh, API, sign-out. */
import { afterEach, expect, it } from 'vitest'
import { type Signet, startSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor, words } from '../support/visitor.ts'

const password = 'plenty of orchards in autumn'

eachStore((_, __, fresh) => {
  let signet: Signet | undefined
  afterEach(async () => {
    await signet?.stop()
    signet = undefined
  })

  it('lets the seeded person accept the invitation, sign in to the demo application, and use everything there', async () => {
    signet = await startSignet({ storage: await fresh() })
    const visitor = createVisitor()
    await acceptInvitation(signet, visitor)

    const demo = await visitor.get(signet.started.demo ?? '')
    const identify = await visitor.submit(demo)
    expect(identify.document.querySelector('input[autocomplete="username"]')?.getAttribute('value')).toBe(
      'sam@example.com',
    )
    const prove = await visitor.submit(identify, { identifier: 'sam@example.com' })
    const consent = await visitor.submit(prove, { password })
    expect(words(consent)).toContain('Orchard')
    const home = await visitor.submit(consent, {}, { name: 'decision', value: 'allow' })

    expect(home.url.origin).toBe(signet.started.demo)
    expect(words(home)).toContain('Welcome, Sam Sample')
    expect(words(home)).toContain('sam@example.com')

    const refreshed = await visitor.press(home, '/refresh')
    expect(words(refreshed)).toContain('Refreshed')
    const called = await visitor.press(refreshed, '/call-api')
    expect(words(called)).toContain('The API answered 200')

    const allowed = await visitor.get(`${signet.issuer}/account/applications/signet-demo`)
    expect(words(allowed)).toContain('On your behalf, at Orchard API')

    const asked = await visitor.press(called, '/sign-out')
    const out =
      asked.url.origin === signet.issuer
        ? await visitor.submit(asked, {}, { name: 'logout', value: 'yes' })
        : asked
    expect(out.url.origin).toBe(signet.started.demo)
    const again = await visitor.submit(await visitor.get(signet.started.demo ?? ''))
    expect(again.document.querySelector('input[autocomplete="username"]')).not.toBeNull()
  })

  it('does not ask for consent again for what was allowed', async () => {
    signet = await startSignet({ storage: await fresh() })
    const first = createVisitor()
    await acceptInvitation(signet, first)
    await signInToDemo(signet, first)
    const second = createVisitor()
    const prove = await second.submit(await second.submit(await second.get(signet.started.demo ?? '')), {
      identifier: 'sam@example.com',
    })
    const home = await second.submit(prove, { password })
    expect(home.url.origin).toBe(signet.started.demo)
  })
})

async function acceptInvitation(signet: Signet, visitor: Visitor): Promise<void> {
  const { links } = await signet.mail('sam@example.com')
  const page = await visitor.get(links[0] ?? '')
  const done = await visitor.submit(page, { password })
  expect(done.status).toBe(200)
}

async function signInToDemo(signet: Signet, visitor: Visitor): Promise<Page> {
  const identify = await visitor.submit(await visitor.get(signet.started.demo ?? ''))
  const prove = await visitor.submit(identify, { identifier: 'sam@example.com' })
  const consent = await visitor.submit(prove, { password })
  return visitor.submit(consent, {}, { name: 'decision', value: 'allow' })
}
