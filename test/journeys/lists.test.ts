/** The long lists of the portal: sessions by page, the activity by what it is about, and what needs attention. */
import { expect, it } from 'vitest'
import { addPerson, prove, tokensFor } from '../support/person.ts'
import { browser, register } from '../support/relying-party.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor, words } from '../support/visitor.ts'

const offline = { scope: 'openid email offline_access', prompt: 'consent' }
const day = 24 * 60 * 60_000

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)
  const at = (signet: Signet, visitor: Visitor, path: string) =>
    visitor.get(`${signet.issuer}/account${path}`)
  const rows = (page: Page) => page.document.querySelectorAll('main .rows > li')

  async function signedIn(signet: Signet): Promise<Visitor> {
    const visitor = createVisitor()
    await prove(visitor, await at(signet, visitor, ''))
    return visitor
  }

  function link(page: Page, text: string): string | undefined {
    return page.document
      .querySelectorAll('main a')
      .find((one) => one.textContent.trim() === text)
      ?.getAttribute('href')
  }

  it('S39: a session that is ended takes its tokens with it at once, offline ones too, and no other’s', async () => {
    const signet = await open()
    const ana = await addPerson(signet.house)
    const party = await register(signet)
    const [elsewhere, third] = [browser(), browser()]
    const tokens = await tokensFor(elsewhere, party, { parameters: offline })
    const kept = await tokensFor(third, party, { parameters: { scope: 'openid email' } })
    const here = await signedIn(signet)
    const page = await at(signet, here, '/sessions')
    expect(words(page)).toContain('Proved with: Password')
    expect(words(page)).toContain('Used for: Orchard')
    const sessions = await signet.house.oidc.sessions.list(ana)
    const oldest = [...sessions].sort((one, other) => one.startedAt - other.startedAt)[0]
    await here.press(page, `/account/sessions/${oldest?.uid}/end`)
    expect(await party.isActive(tokens.access_token)).toBe(false)
    expect(await party.isActive(tokens.refresh_token)).toBe(false)
    expect((await party.userinfo(tokens)).status).toBe(401)
    await expect(party.refresh(tokens.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' })
    expect((await party.userinfo(kept)).status).toBe(200)
  })

  it('shows many sessions by page, this one first', async () => {
    const signet = await open()
    await addPerson(signet.house)
    for (let count = 0; count < 27; count += 1) await signedIn(signet)
    const here = await signedIn(signet)
    const first = await at(signet, here, '/sessions')
    expect(rows(first)).toHaveLength(25)
    expect(words(first)).toContain('Page 1 of 2')
    expect(rows(first)[0]?.textContent).toContain('this one')
    const second = await here.get(new URL(link(first, 'Seen earlier') ?? '', signet.issuer))
    expect(rows(second)).toHaveLength(3)
    expect(link(second, 'Seen earlier')).toBeUndefined()
    expect(link(second, 'Seen later')).toBe('/account/sessions?page=1')
    for (const page of ['0', '-1', '99', 'x', '1e9']) {
      const odd = await at(signet, here, `/sessions?page=${page}`)
      expect([odd.status, rows(odd).length > 0]).toEqual([200, true])
    }
  })

  it('shows the activity by topic, by what failed and by period, and each page is full', async () => {
    let now = Date.now() - 40 * day
    const signet = await open({ clock: () => now })
    const ana = await addPerson(signet.house)
    const by = { kind: 'identity', id: ana } as const
    for (let round = 0; round < 30; round += 1) {
      await signet.house.identities.update(ana, { claims: { nickname: `n${round}` } }, by)
      const issued = { action: 'token.issued', result: 'success', actor: by, identityId: ana } as const
      await signet.house.audit.record(issued)
    }
    now = Date.now()
    const here = createVisitor()
    const wrong = await at(signet, here, '')
    await prove(here, wrong, 'ana@example.com', 'nothing of the kind, surely')
    await prove(here, await at(signet, here, ''))

    const all = await at(signet, here, '/activity')
    expect(rows(all)).toHaveLength(25)
    const account = await at(signet, here, '/activity?topic=account')
    expect(rows(account)).toHaveLength(25)
    expect(words(account)).not.toContain('Signed in to')
    const older = await here.get(new URL(link(account, 'Older') ?? '', signet.issuer))
    expect(older.url.searchParams.get('topic')).toBe('account')
    expect(rows(older).length).toBeGreaterThan(5)
    expect(link(older, 'Newest')).toBe('/account/activity?topic=account')

    const failed = await at(signet, here, '/activity?failed=yes')
    expect(rows(failed).map((row) => row.querySelector('span')?.textContent ?? '')).toHaveLength(1)
    expect(words(failed)).toContain('A sign-in failed')
    const recent = await at(signet, here, '/activity?period=month')
    expect(words(recent)).not.toContain('Your profile was changed')
    expect(words(recent)).toContain('Signed in to')
    expect(words(await at(signet, here, '/activity?topic=recovery'))).toContain('Nothing like that happened')
    // What is no choice of ours is none.
    expect(rows(await at(signet, here, '/activity?topic=<script>&period=constructor'))).toHaveLength(25)
  })

  it('says first what needs attention, and when somebody signed in before', async () => {
    const signet = await open()
    const written = 'ana@example.com'
    await addPerson(signet.house, written, { identifiers: [{ kind: 'email', written, verified: false }] })
    const first = words(await at(signet, await signedIn(signet), ''))
    expect(first).toContain('Needs your attention')
    expect(first).toContain('ana@example.com is not confirmed yet')
    expect(first).toContain('You have set up one way to sign in only')
    expect(first).toContain('There was no other sign-in before this one')
    expect(words(await at(signet, await signedIn(signet), ''))).toContain('Last sign-in before this one')
  })
})
