/** Somebody who never had a password: the link by mail is all they have, also where the policy asks for more; and what S25 asks of a password as other ways come and go. */
import { expect, it } from 'vitest'
import { codeOf } from '../factors/authenticator.ts'
import { addPerson, prove } from '../support/person.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor, words } from '../support/visitor.ts'

const [ana, minute, day] = ['ana@example.com', 60_000, 86_400_000]
const operator = { kind: 'operator', id: 'test' } as const
const seed = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const short = 'kaputt84x'

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  async function addAna({ house }: Signet): Promise<string> {
    const draft = {
      identifiers: [{ kind: 'email', written: ana, verified: true }],
      state: 'active',
    } as const
    const created = await house.identities.create(draft, operator)
    if (created.status !== 'created') throw new Error(created.status)
    return created.identity.id
  }

  /** In the browser that waits; `after` is the last message before. */
  async function byLink(signet: Signet, visitor: Visitor, after = ''): Promise<Page> {
    const identify = await visitor.get(`${signet.issuer}/account`)
    const ways = await visitor.submit(identify, { identifier: ana })
    await visitor.submit(ways, {}, { name: 'factor', value: 'magic-link' })
    const { links } = await signet.mail(ana, after)
    return visitor.press(await visitor.get(links[0] ?? ''), '/answer')
  }

  it('S33: the link alone opens the account, which has no password to lose, and can be given one', async () => {
    const signet = await open()
    const id = await addAna(signet)
    const visitor = createVisitor()
    expect((await byLink(signet, visitor)).url.pathname).toBe('/account')
    const form = await visitor.get(`${signet.issuer}/account/security/password`)
    const added = await visitor.submit(form, { password: 'plenty of orchards in autumn' })
    expect(added.url.pathname).toBe('/account/security')
    expect((await signet.house.enrolments.list(id)).map(({ factor }) => factor)).toEqual(['password'])
  })

  it('S44: where two factors are demanded within a week, the link still does until then, and then something else is added first', async () => {
    let now = Date.now()
    const rule = { name: 'all', when: {}, level: 'two-factor', enrol_within: '7d' }
    const signet = await open({
      clock: () => now,
      env: { SIGNET_POLICY__RULES: JSON.stringify([rule]) },
    })
    await addAna(signet)
    const visitor = createVisitor()
    const asked = await byLink(signet, visitor)
    expect(words(asked)).toContain('Remind me later')
    const later = await visitor.press(asked, `${asked.url.pathname}/postpone`)
    expect(later.url.pathname).toBe('/account')
    now += 8 * day
    const [{ id: last } = { id: '' }] = (await signet.house.inbox?.messages({ to: ana })) ?? []
    const due = createVisitor()
    const must = await byLink(signet, due, last)
    expect(must.url.pathname).toMatch(/^\/interaction\//)
    expect(words(must)).not.toContain('Remind me later')
    expect(words(must)).toContain('needs more proof than your account is set up for')
    const beside = await due.get(`${signet.issuer}/account`)
    expect(beside.document.querySelector('input[name="identifier"]')).not.toBeNull()
  })

  it('S25: the length that a password must have follows as a second factor comes and goes', async () => {
    let now = Date.now()
    const signet = await open({ clock: () => now })
    const id = await addPerson(signet.house, ana)
    const visitor = createVisitor()
    await prove(visitor, await visitor.get(`${signet.issuer}/account`), ana)
    const at = (path: string) => `${signet.issuer}/account/security/${path}`
    const change = async (password: string) => visitor.submit(await visitor.get(at('password')), { password })
    const alone = await change(short)
    expect([alone.status, words(alone).includes('15')]).toEqual([422, true])

    await signet.house.enrolments.adopt(id, 'totp', { totp_secret: seed })
    // The session of one factor changes nothing from now on.
    const second = await prove(visitor, await visitor.get(at('password')), ana)
    await visitor.submit(second, { code: codeOf(seed, now) })
    expect((await change('kaputt8')).status).toBe(422)
    expect((await change(short)).url.pathname).toBe('/account/security')
    const [app] = (await signet.house.enrolments.list(id)).filter(({ factor }) => factor === 'totp')
    const page = await visitor.get(at(`totp/${app?.id}`))
    const kept = await visitor.press(page, `${page.url.pathname}/remove`)
    expect([kept.status, words(kept).includes('works only together with this one')]).toEqual([422, true])

    // An administrator takes the app away: the short one is good for choosing a longer one, and for nothing else.
    await signet.house.enrolments.remove(id, app?.id ?? '', operator, { force: true })
    now += 5 * minute
    const reset = createVisitor()
    const longer = await prove(reset, await reset.get(`${signet.issuer}/account`), ana, short)
    expect(longer.url.pathname).toMatch(/^\/interaction\//)
    const tooShort = await reset.submit(longer, { password: 'kaputt84x 14ch' })
    expect([tooShort.status, words(tooShort).includes('15')]).toEqual([422, true])
    const done = await reset.submit(tooShort, { password: 'kaputt84x, and an orchard' })
    expect(done.url.pathname).toBe('/account')
  })
})
