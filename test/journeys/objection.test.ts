/** People who read "new sign-in to your account" and say that it wasn't them: from any browser, without signing in, once. */
import { expect, it } from 'vitest'
import { codeOf } from '../factors/authenticator.ts'
import { mailsTo, objectionIn, told } from '../support/objection.ts'
import { addPerson, prove } from '../support/person.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore, onSqlite } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor, words } from '../support/visitor.ts'

const ana = 'ana@example.com'
const day = 24 * 60 * 60_000
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const newPassword = 'a different orchard for the winter'

const onFirefox = () => createVisitor({ headers: { 'user-agent': firefox } })
const isAsked = (page: Page) => page.document.querySelector('input[name="identifier"]') !== null
const home = ({ issuer }: Signet, visitor: Visitor) => visitor.get(`${issuer}/account`)
const signIn = async (signet: Signet, visitor: Visitor) => prove(visitor, await home(signet, visitor))

/** Signed in on a laptop as ever, and on a device that is not hers; what she is told of it. */
async function strangerSignsIn(signet: Signet, later = () => {}) {
  await addPerson(signet.house)
  const [laptop, stranger] = [createVisitor(), onFirefox()]
  await signIn(signet, laptop)
  later()
  await signIn(signet, stranger)
  return { laptop, stranger, message: await told(signet, ana, /^New sign-in to your account$/) }
}

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  it('S33: tells of a new device: what, when, where; GET only shows, POST signs that device out, and the owner is told', async () => {
    const signet = await open()
    const { laptop, stranger, message } = await strangerSignsIn(signet)
    for (const text of [message.text, message.html]) {
      expect(text).toMatch(/When: .+ UTC/)
      for (const said of ['Application: Signet', 'Device: Firefox on Linux', 'From: 127.0.0.1'])
        expect(text).toContain(said)
    }
    const link = objectionIn(message)
    expect(link.startsWith(`${signet.issuer}/objection?key=`)).toBe(true)

    // A program that reads mail opens it, and presses nothing.
    const phone = createVisitor()
    await phone.get(link)
    const question = await phone.get(link)
    expect(question.status).toBe(200)
    for (const said of ['device that we had not seen before', 'Firefox on Linux', '127.0.0.1', 'UTC'])
      expect(words(question)).toContain(said)
    // Nothing of the person but what the message said.
    expect(question.body).not.toMatch(/ana@example|Ana Ruiz/)
    expect(isAsked(await home(signet, stranger))).toBe(false)

    const done = await phone.press(question, '/objection')
    expect([done.status, words(done).includes('That device is forgotten, and signed out')]).toEqual([
      200,
      true,
    ])
    expect(done.body).not.toMatch(/ana@example|Ana Ruiz/)
    expect(isAsked(await home(signet, stranger))).toBe(true)
    expect(isAsked(await home(signet, laptop))).toBe(false)
    const answer = await told(signet, ana, /^You told us/)
    expect(answer.text).toContain('That device is forgotten, and signed out.')
    expect(answer.links).toEqual([`${signet.issuer}/account/check`])
  })

  it('S33: pressed twice, opened again, in another browser: what was done stays done, and says so', async () => {
    const signet = await open()
    const { message, laptop } = await strangerSignsIn(signet)
    const link = objectionIn(message)
    const [phone, other] = [createVisitor(), createVisitor()]
    const [question, open2] = [await phone.get(link), await other.get(link)]
    await phone.press(question, '/objection')
    const again = onFirefox()
    await signIn(signet, again)
    for (const page of [
      await phone.press(question, '/objection'),
      await other.press(open2, '/objection'),
      await createVisitor().get(link),
    ])
      expect([page.status, words(page).includes('Thank you for telling us')]).toEqual([200, true])
    // Whoever signed in since is none of that message's business.
    expect(isAsked(await home(signet, again))).toBe(false)
    expect(isAsked(await home(signet, laptop))).toBe(false)
    await told(signet, ana, /^You told us/)
    const mails = await mailsTo(signet.issuer, ana)
    expect(mails.filter(({ subject }) => subject.startsWith('You told us'))).toHaveLength(1)
  })

  it('S33: too old, cut short or made up: a page that says so and leads on, and nothing is ended', async () => {
    let now = Date.now()
    const signet = await open({ clock: () => now })
    const { message } = await strangerSignsIn(signet, () => {
      now += 60_000
    })
    const link = objectionIn(message)
    const phone = createVisitor()
    const question = await phone.get(link)
    now += 7 * day
    for (const page of [
      await phone.get(link),
      await phone.press(question, '/objection'),
      await phone.get(link.slice(0, -1)),
      await phone.get(`${signet.issuer}/objection`),
    ]) {
      expect([page.status, words(page).includes('This link no longer works')]).toEqual([410, true])
      expect(page.document.querySelector('a[href="/account/check"]')).not.toBeNull()
    }
  })

  it('S36: another site’s form, and one without the token of its browser, end nothing', async () => {
    const signet = await open()
    const { message, stranger } = await strangerSignsIn(signet)
    const key = new URL(objectionIn(message)).searchParams.get('key') ?? ''
    const post = (headers: Record<string, string>) =>
      createVisitor().send(`${signet.issuer}/objection`, {
        method: 'POST',
        body: new URLSearchParams({ key }),
        headers,
      })
    expect((await post({ origin: 'https://evil.example' })).status).toBe(403)
    expect((await post({ origin: signet.issuer, 'sec-fetch-site': 'same-origin' })).status).toBe(403)
    expect(isAsked(await home(signet, stranger))).toBe(false)
  })

  it('a way to sign in that was added can be taken away again by whoever reads the mail', async () => {
    let now = Date.now()
    const signet = await open({ clock: () => now })
    const id = await addPerson(signet.house)
    const stranger = createVisitor()
    await signIn(signet, stranger)
    const form = await stranger.get(`${signet.issuer}/account/security/totp`)
    const secret = form.document
      .querySelectorAll('code.secret span')
      .map(({ textContent }) => textContent)
      .join('')
    await stranger.submit(form, { code: codeOf(secret, now) })
    const message = await told(signet, ana, /^A new way to sign in was added$/)
    expect(message.text).toContain('authenticator app')
    now += 60_000

    const phone = createVisitor()
    const done = await phone.press(await phone.get(objectionIn(message)), '/objection')
    expect(words(done)).toContain('What was added is removed again')
    expect((await signet.house.enrolments.list(id)).map(({ factor }) => factor)).toEqual(['password'])
    expect(isAsked(await home(signet, stranger))).toBe(true)
  })

  it('a password that somebody else changed: everybody is out, and the way back in is offered', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const stranger = createVisitor()
    await signIn(signet, stranger)
    const form = await stranger.get(`${signet.issuer}/account/security/password`)
    await stranger.submit(form, { password: newPassword })
    const message = await told(signet, ana, /^How you sign in was changed$/)

    const phone = createVisitor()
    const done = await phone.press(await phone.get(objectionIn(message)), '/objection')
    expect(words(done)).toContain('Everybody is signed out, on all devices')
    expect(done.document.querySelector('a[href="/recovery"]')).not.toBeNull()
    expect(isAsked(await home(signet, stranger))).toBe(true)
  })

  it('then leads through sessions, ways to sign in, devices, applications and addresses', async () => {
    const signet = await open()
    const { message, laptop } = await strangerSignsIn(signet)
    const done = await laptop.press(await laptop.get(objectionIn(message)), '/objection')
    const link = done.document.querySelector('a[href="/account/check"]')?.getAttribute('href') ?? ''
    const check = await laptop.get(new URL(link, done.url))
    expect(check.url.pathname).toBe('/account/check')
    for (const path of ['sessions', 'security', 'applications', 'profile', 'activity'])
      expect(check.document.querySelector(`main a[href="/account/${path}"]`)).not.toBeNull()
    expect(words(await laptop.get(`${signet.issuer}/account/activity`))).toContain("this wasn't me")
    expect(words(await laptop.get(`${signet.issuer}/account/check?lang=de`))).toContain('Konto prüfen')
  })
})

onSqlite((_, fresh) => {
  const open = useSignet(fresh)

  it('nobody is told of their first device, of one they know, or where it is turned off', async () => {
    const signet = await open()
    const { laptop } = await strangerSignsIn(signet)
    const out = await laptop.get(`${signet.issuer}/logout`)
    await laptop.submit(out, {}, { name: 'logout', value: 'yes' })
    await signIn(signet, laptop)
    const mails = await signet.sent(ana)
    expect(mails.filter(({ subject }) => subject === 'New sign-in to your account')).toHaveLength(1)

    const silent = await open({ env: { SIGNET_ALERTS__NEW_DEVICE: 'false' } })
    await addPerson(silent.house)
    for (const visitor of [createVisitor(), onFirefox()]) await signIn(silent, visitor)
    expect(await silent.sent(ana)).toEqual([])
  })

  it('is said in German to whom it is German', async () => {
    const signet = await open()
    await addPerson(signet.house, ana, { claims: { name: 'Ana Ruiz', locale: 'de' } })
    await signIn(signet, createVisitor())
    await signIn(signet, onFirefox())
    const message = await told(signet, ana, /^Neue Anmeldung bei Ihrem Konto$/)
    expect(message.text).toContain('Gerät: Firefox auf Linux')
    expect(message.text).toContain('Das war ich nicht')
    const german = createVisitor({ headers: { 'accept-language': 'de' } })
    const done = await german.press(await german.get(objectionIn(message)), '/objection')
    expect(words(done)).toContain('Dieses Gerät ist vergessen und abgemeldet')
  })

  it('one address can press the button only so often', async () => {
    const signet = await open()
    const visitor = createVisitor()
    const page = await visitor.get(`${signet.issuer}/recovery`)
    const csrf = page.document.querySelector('input[name="csrf"]')?.getAttribute('value') ?? ''
    const press = () =>
      visitor.send(`${signet.issuer}/objection`, {
        method: 'POST',
        body: new URLSearchParams({ csrf, key: 'x' }),
        headers: { origin: signet.issuer, 'sec-fetch-site': 'same-origin' },
      })
    for (let times = 0; times < 100; times += 1) expect((await press()).status).toBe(410)
    const late = await press()
    expect([late.status, Number(late.headers.get('retry-after')) > 0]).toEqual([429, true])
  })
})
