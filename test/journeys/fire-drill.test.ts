/** Somebody tries out how they would get back in: everything is asked as in earnest, nothing is used up, and nothing comes of it. */
import { expect, it } from 'vitest'
import { codeOf } from '../factors/authenticator.ts'
import { mailsTo } from '../support/objection.ts'
import { addPerson, password, prove } from '../support/person.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor, words } from '../support/visitor.ts'

const minute = 60_000
const key = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const mail = 'ana@example.com'
const drill = '/account/security/drill'

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  /** Ana, signed in, with a password, an authenticator app and backup codes. */
  async function scene(env: Readonly<Record<string, string>> = {}) {
    let now = Date.now()
    const signet = await open({ clock: () => now, env })
    const { house } = signet
    const id = await addPerson(house)
    await house.enrolments.adopt(id, 'totp', { totp_secret: key })
    const codes = await makeCodes(signet, id)
    const visitor = createVisitor()
    const code = () => {
      now += minute
      return codeOf(key, now)
    }
    const signIn = async (who: Visitor, values: Readonly<Record<string, string>> = {}) => {
      const asked = await prove(who, await who.get(`${signet.issuer}/account`))
      return who.submit(asked, { code: code(), ...values })
    }
    await signIn(visitor)
    const see = (path: string, who = visitor) => who.get(`${signet.issuer}${path}`)
    const begin = async (who = visitor) => who.press(await see(drill, who), drill)
    return { signet, house, id, codes, visitor, signIn, code, see, begin }
  }

  it('S28: a backup code that is tried in a drill still works afterwards, and so does the step of an app', async () => {
    const { signet, house, id, codes, visitor, see, begin, code } = await scene()
    const [backup = ''] = codes
    const before = await mailsTo(signet.issuer, mail)
    const first = await begin()
    expect(words(first)).toContain('fire drill')
    const asked = await visitor.submit(await take(visitor, first, 'backup-code'), { code: backup })
    expect(words(asked)).toContain('fire drill')
    const end = await visitor.submit(await take(visitor, asked, 'password'), { password })
    expect(end.url.pathname).toBe(`${drill}/result`)
    expect(words(end)).toContain('You would get back in')

    const app = await begin()
    const typed = code()
    const second = await visitor.submit(await take(visitor, app, 'password'), { password })
    const done = await visitor.submit(await take(visitor, second, 'totp'), { code: typed })
    expect(words(done)).toContain('You would get back in')
    expect((await house.enrolments.list(id)).find(({ factor }) => factor === 'backup-code')?.about).toEqual({
      values: { count: 10, total: 10 },
      warn: false,
    })
    // In earnest, in another browser: neither is known as used.
    const other = createVisitor()
    const halfway = await prove(other, await see('/account', other))
    expect((await other.submit(halfway, { code: typed })).url.pathname).toBe('/account')
    const third = createVisitor()
    const again = await prove(third, await see('/account', third))
    const byPaper = await take(third, again, 'backup-code')
    expect((await third.submit(byPaper, { code: backup })).url.pathname).toBe('/account')
    expect(await told(signet, before, /backup code/i)).toHaveLength(1)
  })

  it('a code by mail is really sent, and ends a drill beside a password', async () => {
    const { signet, visitor, begin } = await scene()
    const asked = await take(visitor, await begin(), 'password')
    const second = await visitor.submit(asked, { password })
    const byMail = await take(visitor, second, 'email-code')
    const { codes } = await signet.mail(mail)
    const end = await visitor.submit(byMail, { code: codes[0] ?? '' })
    expect(words(end)).toContain('You would get back in')
    expect(words(end)).toContain('Password and Code by e-mail')
  })

  it('says what was missing, and the overview says when it was last tried', async () => {
    const { visitor, see, begin } = await scene()
    expect(words(await see('/account/security'))).toContain('You never tried')
    const first = await begin()
    const asked = await visitor.submit(await take(visitor, first, 'password'), { password })
    const end = await visitor.press(asked, `${drill}/try/give-up`)
    expect(words(end)).toContain('Password would not have been enough')
    const overview = await see('/account/security')
    expect(words(overview)).toContain('Last tried on')
    expect(words(await see('/account/activity'))).toContain('fire drill')
  })

  it('a tab that is opened again at the address of an answer is where the drill is', async () => {
    const { visitor, begin } = await scene()
    const wrong = await visitor.submit(await take(visitor, await begin(), 'password'), { password: 'no' })
    expect(wrong.status).toBe(422)
    expect((await visitor.get(wrong.url)).url.pathname).toBe(`${drill}/try`)
  })

  it('S26: wrong answers of a drill count as those of a sign-in do', async () => {
    const { visitor, see, begin } = await scene()
    let page = await take(visitor, await begin(), 'password')
    for (let round = 0; round < 8 && page.status !== 429; round += 1)
      page = await visitor.submit(page, { password: 'not the one at all' })
    expect(page.status).toBe(429)
    // A browser that is known has a counter of its own.
    const same = createVisitor()
    for (const [name, value] of visitor.cookies) if (name.includes('device')) same.cookies.set(name, value)
    expect((await prove(same, await see('/account', same))).status).toBe(429)
  })

  it('nothing comes of it: no session, no known device, no grant, and every other browser stays as it was', async () => {
    const { house, id, codes, visitor, begin } = await scene()
    const before = [await house.oidc.sessions.list(id), await house.store.devices.findBy('identityId', id)]
    const first = await take(visitor, await begin(), 'backup-code')
    const asked = await visitor.submit(first, { code: codes[0] ?? '' })
    await visitor.submit(await take(visitor, asked, 'password'), { password })
    const after = [await house.oidc.sessions.list(id), await house.store.devices.findBy('identityId', id)]
    expect(after.map((rows) => rows.length)).toEqual(before.map((rows) => rows.length))
    expect(await house.store.recoveries.get(id)).toBeUndefined()
  })

  it('S38: belongs to whoever is signed in: another browser, or another person, has a drill of their own', async () => {
    const { signet, visitor, see, begin } = await scene()
    const asked = await visitor.submit(await take(visitor, await begin(), 'password'), { password })
    await addPerson(signet.house, 'eve@example.com')
    const eve = createVisitor()
    await prove(eve, await see('/account', eve), 'eve@example.com')
    expect((await see(`${drill}/try`, eve)).url.pathname).toBe(drill)
    const form = { csrf: csrfOf(await see(drill, eve)), password }
    const crafted = await eve.send(`${signet.issuer}${drill}/try/prove/password`, {
      method: 'POST',
      body: new URLSearchParams(form),
      headers: { Origin: signet.issuer },
    })
    expect(new URL(crafted.headers.get('Location') ?? '', signet.issuer).pathname).toBe(drill)
    expect(words(await visitor.get(asked.url))).toContain('fire drill')
    const stranger = createVisitor()
    expect(isSignIn(await see(`${drill}/try`, stranger))).toBe(true)
  })

  it('a trusted device counts beside a password, in that browser alone and as long as nothing was changed', async () => {
    const { house, id, signIn, begin } = await scene()
    const laptop = createVisitor()
    await signIn(laptop, { trust: 'on' })
    const tryIt = async (who: Visitor) => {
      const asked = await who.submit(await take(who, await begin(who), 'password'), { password })
      return take(who, asked, 'trusted-device')
    }
    const here = await tryIt(laptop)
    expect(words(here)).toContain('You trust this browser')
    expect(words(await laptop.press(here, `${drill}/try/prove/trusted-device`))).toContain(
      'You would get back in',
    )

    const other = createVisitor()
    await signIn(other)
    const there = await tryIt(other)
    expect(words(there)).toContain('You do not trust this browser')
    expect((await other.press(there, `${drill}/try/prove/trusted-device`)).status).toBe(422)

    const visit = { address: '127.0.0.1', language: 'en', userAgent: 'test' }
    await house.enrolments.finish(id, 'password', { password }, visit)
    const asked = await laptop.submit(await take(laptop, await begin(laptop), 'password'), { password })
    expect(asked.body).not.toContain('value="trusted-device"')
  })
})

/** The form of this way: asked already, or chosen. */
async function take(visitor: Visitor, page: Page, factor: string): Promise<Page> {
  const forms = page.document.querySelectorAll('form').map((form) => form.getAttribute('action') ?? '')
  if (forms.some((action) => action.endsWith(`/prove/${factor}`))) return page
  return visitor.submit(page, {}, { name: 'factor', value: factor })
}

async function makeCodes({ house }: Signet, id: string): Promise<readonly string[]> {
  const visit = { address: '127.0.0.1', language: 'en', userAgent: 'test' }
  const { ticket = '', show } = await house.enrolments.begin(id, 'backup-code', visit)
  const made = await house.enrolments.finish(id, 'backup-code', { ticket }, visit)
  expect(made.status).toBe('enrolled')
  return (show?.codes ?? []) as string[]
}

async function told({ issuer, house }: Signet, before: readonly unknown[], about: RegExp) {
  for (let round = 0; round < 100; round += 1) {
    const mails = await mailsTo(issuer, mail)
    const found = mails.slice(0, mails.length - before.length).filter(({ subject }) => about.test(subject))
    if (found.length > 0) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`nobody was told ${about} in ${house.config.issuer}`)
}

function csrfOf({ document }: Page): string {
  return document.querySelector('input[name="csrf"]')?.getAttribute('value') ?? ''
}

function isSignIn({ document }: Page): boolean {
  return document.querySelector('input[name="identifier"]') !== null
}
