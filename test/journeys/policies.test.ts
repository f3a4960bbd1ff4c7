/** Rules of an administrator, and the people they are for. */
import { expect, it } from 'vitest'
import type { Rule } from '../../src/domain/demand.ts'
import { codeOf } from '../factors/authenticator.ts'
import { addPerson, prove } from '../support/person.ts'
import { browser } from '../support/relying-party.ts'
import { useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor, words } from '../support/visitor.ts'

const minute = 60_000
const day = 24 * 60 * minute
const operator = { kind: 'operator', id: 'test' } as const
const authenticator = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  /** A Signet with a clock that is moved by hand; Ana is one of the staff, Ben is not. */
  async function scene(env: Readonly<Record<string, string>> = {}, rules: readonly Rule[] = []) {
    let now = Date.now()
    // Where a mailed code would do, nobody is asked to enrol anything.
    const noMail = {
      SIGNET_FACTORS__EMAIL_CODE__ENABLED: 'false',
      SIGNET_FACTORS__MAGIC_LINK__ENABLED: 'false',
    }
    const signet = await open({ clock: () => now, env: { ...noMail, ...env } })
    const ana = await addPerson(signet.house, 'ana@example.com', { groups: ['staff'] })
    const ben = await addPerson(signet.house, 'ben@example.com')
    for (const rule of rules) await signet.house.policies.set(rule, operator)
    return {
      signet,
      ana,
      ben,
      later(ms: number) {
        now += ms
      },
      code: (key: string) => codeOf(key, now),
      signIn: async (email = 'ana@example.com', visitor = createVisitor()) => {
        const page = await prove(visitor, await visitor.get(`${signet.issuer}/account`), email)
        return { visitor, page }
      },
    }
  }

  const soon: Rule = {
    name: 'staff',
    when: { groups: ['staff'] },
    level: 'two-factor',
    enrol_within: 7 * day,
  }

  it('a member of the group adds a second way at the sign-in, and is asked for it from then on', async () => {
    const { enrol_within: _none, ...now } = soon
    const { signet, ana, code, later, signIn } = await scene({}, [now])
    const { visitor, page } = await signIn()
    expect(page.url.pathname).toMatch(/^\/interaction\//)
    expect(words(page)).toContain('needs more proof than your account is set up for')
    expect(words(page)).not.toContain('Remind me later')
    const { page: chosen, key } = await choosesAuthenticator(visitor, page)
    expect((await visitor.submit(chosen, { code: code(key) })).url.pathname).toBe('/account')
    later(minute)
    const again = await signIn()
    expect(asksForCode(again.page)).toBe(true)
    expect((await signIn('ben@example.com')).page.url.pathname).toBe('/account')
    const { items } = await signet.house.audit.list({ identityId: ana, limit: 50 })
    const first = items.filter(({ action }) => action === 'authentication.proved').at(-1)
    expect(first?.details).toMatchObject({
      rules: ['staff'],
      demanded: 'two-factor',
      reached: 'single-factor',
    })
  })

  it('is reminded for a week, then it must be', async () => {
    const { signet, ana, later, signIn } = await scene({}, [soon])
    const { visitor, page } = await signIn()
    expect(words(page)).toContain('on you cannot sign in without this')
    const postpone = (at: Page, as: Visitor) => as.press(at, `${at.url.pathname}/postpone`)
    expect((await postpone(page, visitor)).url.pathname).toBe('/account')
    const activity = words(await visitor.get(`${signet.issuer}/account/activity`))
    expect(activity).toContain('You put off adding a way to prove who you are')
    expect(activity).toContain('Asked for: two factors (rule: staff)')
    expect(activity).toContain('What is missing was put off')
    // The button that goes on has no name, and so no script and no other page needs to know it.
    const buttons = page.document.querySelectorAll('form[action$="/postpone"] button')
    expect(buttons.map((button) => button.getAttribute('name'))).toEqual([undefined])

    later(6 * day)
    const reminded = await signIn()
    expect(words(reminded.page)).toContain('on you cannot sign in without this')
    expect((await postpone(reminded.page, reminded.visitor)).url.pathname).toBe('/account')

    later(day)
    const late = await signIn()
    expect(words(late.page)).not.toContain('Remind me later')
    // Who sends the form all the same stays where they are.
    const token = late.page.document.querySelector('input[name="csrf"]')?.getAttribute('value') ?? ''
    const sent = await late.visitor.send(`${late.page.url}/postpone`, {
      method: 'POST',
      body: new URLSearchParams({ csrf: token }),
      headers: { origin: signet.issuer, 'sec-fetch-site': 'same-origin' },
    })
    await sent.body?.cancel()
    const still = await late.visitor.get(late.page.url)
    expect(words(still)).toContain('needs more proof than your account is set up for')
    const { items } = await signet.house.audit.list({ identityId: ana, limit: 100 })
    const postponed = items.filter(({ action }) => action === 'credential.postponed')
    expect(postponed).toHaveLength(2)
    expect(postponed[0]?.details).toMatchObject({ rules: ['staff'], postponedUntil: expect.any(Number) })
  })

  it('a session of whoever put it off goes on until the day, and is asked again then', async () => {
    const { signet, later, signIn } = await scene({}, [soon])
    const { visitor, page } = await signIn()
    await visitor.press(page, `${page.url.pathname}/postpone`)
    const authorize = `${signet.issuer}/authorize?${new URLSearchParams({
      client_id: 'signet-account',
      response_type: 'none',
      scope: 'openid',
      redirect_uri: `${signet.issuer}/account/callback`,
      state: 'x',
      prompt: 'none',
    })}`
    const answer = async () => {
      const response = await visitor.send(authorize)
      await response.body?.cancel()
      return new URL(response.headers.get('location') ?? '', signet.issuer).searchParams.get('error')
    }
    later(12 * 60 * minute)
    expect(await answer()).toBeNull()
    await signet.house.policies.set({ ...soon, enrol_within: 60 * minute }, operator)
    expect(await answer()).toBe('login_required')
  })

  it('is offered a second way now and then, if the policy suggests one, and never held up by it', async () => {
    const { later, signIn } = await scene({ SIGNET_POLICY__SUGGEST: '30d' })
    const { visitor, page } = await signIn('ben@example.com')
    expect(words(page)).toContain('With a second way to prove who you are')
    expect((await visitor.press(page, `${page.url.pathname}/postpone`)).url.pathname).toBe('/account')
    later(29 * day)
    expect((await signIn('ben@example.com')).page.url.pathname).toBe('/account')
    later(day)
    expect(words((await signIn('ben@example.com')).page)).toContain('With a second way')
  })

  it('does not remove what the policy needs, and says why', async () => {
    const { signet, ana, ben, later, code, signIn } = await scene({}, [soon])
    for (const id of [ana, ben])
      await signet.house.enrolments.adopt(id, 'totp', { totp_secret: authenticator })
    const remove = async (email: string) => {
      later(minute)
      const { visitor, page } = await signIn(email)
      await visitor.submit(page, { code: code(authenticator) })
      const list = await visitor.get(`${signet.issuer}/account/security/totp`)
      const link = list.document
        .querySelectorAll('a')
        .find((each) => /\/totp\/[^/]+$/.test(each.getAttribute('href') ?? ''))
      const credential = await visitor.get(new URL(link?.getAttribute('href') ?? '', list.url))
      return visitor.press(credential, `${credential.url.pathname}/remove`)
    }
    const kept = await remove('ana@example.com')
    expect(kept.status).toBe(422)
    expect(words(kept)).toContain('as strongly as is asked of you')
    const removed = await remove('ben@example.com')
    expect(removed.status).toBe(200)
    // A notice says what became of it under no name of something else.
    for (const { document } of [kept, removed])
      expect(
        document.querySelector('.notice-danger strong, .notice-good strong')?.textContent,
      ).toBeUndefined()
    expect(await signet.house.enrolments.list(ana)).toHaveLength(2)
    expect(await signet.house.enrolments.list(ben)).toHaveLength(1)
  })

  it('counts only the factors that a rule allows', async () => {
    const allowed: Rule = {
      name: 'staff',
      when: { groups: ['staff'] },
      level: 'two-factor',
      factors: ['password', 'backup-code'],
    }
    const { signet, ana, code, later, signIn } = await scene({}, [allowed])
    await signet.house.enrolments.adopt(ana, 'totp', { totp_secret: authenticator })
    const visit = { address: '127.0.0.1', language: 'en', userAgent: 'test' }
    const { ticket = '', show } = await signet.house.enrolments.begin(ana, 'backup-code', visit)
    await signet.house.enrolments.finish(ana, 'backup-code', {}, visit, { ticket })
    const codes = show?.codes as readonly string[]
    later(minute)
    const { visitor, page } = await signIn()
    const other = await visitor.submit(page, {}, { name: 'factor', value: 'totp' })
    const second = await visitor.submit(other, { code: code(authenticator) })
    // The authenticator proved something, and nothing that counts here.
    expect(second.url.pathname).toMatch(/^\/interaction\//)
    expect((await visitor.submit(second, { code: codes[0] })).url.pathname).toBe('/account')
  })

  it('S18: a privileged action asks for what its rule says, and the rest of the portal does not', async () => {
    const rule: Rule = { name: 'own', when: { action: 'privileged' }, level: 'two-factor' }
    const { signet, code, signIn } = await scene({}, [rule])
    const { visitor, page } = await signIn('ben@example.com')
    expect(page.url.pathname).toBe('/account')
    const asked = await prove(
      visitor,
      await visitor.get(`${signet.issuer}/account/security/password`),
      'ben@example.com',
    )
    expect(words(asked)).toContain('needs more proof than your account is set up for')
    const { page: chosen, key } = await choosesAuthenticator(visitor, asked)
    const form = await visitor.submit(chosen, { code: code(key) })
    expect(form.url.pathname).toBe('/account/security/password')
  })

  it('S32: the first page is the same for a member and for anybody else', async () => {
    const rules: readonly Rule[] = [
      soon,
      { name: 'keys', when: { groups: ['staff'] }, factors: ['passkey'], level: 'phishing-resistant' },
    ]
    const { signet } = await scene({}, rules)
    const pages = await Promise.all(
      ['ana@example.com', 'ben@example.com', 'nobody@example.com'].map(async (email) => {
        const visitor = browser()
        const first = await visitor.get(`${signet.issuer}/account`)
        const page = await visitor.submit(first, { identifier: email })
        return { status: page.status, body: bare(page, email) }
      }),
    )
    expect(pages[1]).toEqual(pages[0])
    expect(pages[2]).toEqual(pages[0])
  })

  it('erasing a person erases what they put off', async () => {
    const { signet, ana, signIn } = await scene({}, [soon])
    const { visitor, page } = await signIn()
    await visitor.press(page, `${page.url.pathname}/postpone`)
    expect(await signet.house.store.deferrals.findBy('identityId', ana)).toHaveLength(1)
    await signet.house.identities.remove(ana, operator)
    expect(await signet.house.store.deferrals.findBy('identityId', ana)).toEqual([])
  })
})

async function choosesAuthenticator(visitor: Visitor, page: Page): Promise<{ page: Page; key: string }> {
  const button = page.document.querySelector('button[name="factor"][value="totp"]')
  const chosen = button === null ? page : await visitor.submit(page, {}, { name: 'factor', value: 'totp' })
  const key = /\b[A-Z2-7]{4}(?: [A-Z2-7]{4}){7}\b/.exec(words(chosen))?.[0].replaceAll(' ', '') ?? ''
  expect(key).toHaveLength(32)
  return { page: chosen, key }
}

function asksForCode(page: Page): boolean {
  return page.document.querySelector('input[autocomplete="one-time-code"]') !== null
}

/** Without what differs from visit to visit. */
function bare(page: Page, email: string): string {
  return page.body
    .replaceAll(email, 'someone@example.com')
    .replaceAll(/\/interaction\/[\w-]+/g, '/interaction/x')
    .replaceAll(/value="[\w.-]{20,}"/g, 'value="x"')
    .replaceAll(/nonce="[^"]+"/g, 'nonce="x"')
    .replaceAll(/data-[\w-]+="[^"]*"/g, '')
}
