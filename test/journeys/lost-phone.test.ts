/** Somebody lost the phone with their codes, and has their password and their mailbox: through the pages, the delay on a clock of the test. */
import { describe, expect, it } from 'vitest'
import { hour } from '../../src/domain/time.ts'
import { codeOf } from '../factors/authenticator.ts'
import { createClock } from '../support/clock.ts'
import { keyIn, mailsTo, told } from '../support/objection.ts'
import { addPerson, password, prove } from '../support/person.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor, words } from '../support/visitor.ts'

const ana = 'ana@example.com'
const visit = { address: '127.0.0.1', language: 'en', userAgent: 'test' }

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  /** Ana, with a password and an app that makes codes; what it needs for them. */
  async function start() {
    const clock = createClock()
    const signet = await open({ clock: clock.now })
    const { house } = signet
    const id = await addPerson(house)
    const { ticket = '', show } = await house.enrolments.begin(id, 'totp', visit)
    const groups = (show?.groups ?? []) as readonly string[]
    const key = groups.join('')
    const form = { ticket, code: codeOf(key, clock.now()), label: 'old phone' }
    const enrolled = await house.enrolments.finish(id, 'totp', form, visit)
    if (enrolled.status !== 'enrolled') throw new Error(enrolled.reason)
    clock.advance(hour)
    return { signet, clock, id, key }
  }

  /** Password, then a code by mail: up to the question what is lost. */
  async function proveBoth({ signet }: { signet: Signet }, visitor: Visitor): Promise<Page> {
    const intro = await visitor.get(`${signet.issuer}/recovery/lost`)
    let page = await visitor.press(intro, '/recovery/lost')
    page = await visitor.submit(page, { identifier: ana })
    page = await visitor.submit(page, { password })
    if (page.document.querySelector('button[value="email-code"]') !== null)
      page = await visitor.submit(page, {}, { name: 'factor', value: 'email-code' })
    const { codes } = await told(signet, ana, /code/i)
    return visitor.submit(page, { code: codes[0] })
  }

  async function begin(at: { signet: Signet; id: string }, visitor: Visitor): Promise<Page> {
    const page = await proveBoth(at, visitor)
    expect(words(page)).toContain('old phone')
    const own = await at.signet.house.enrolments.list(at.id)
    const index = own.findIndex(({ factor }) => factor === 'totp')
    return visitor.submit(page, { [`lost-${index}`]: own[index]?.id })
  }

  /** The new phone. */
  async function setUp(
    { signet, clock }: Awaited<ReturnType<typeof start>>,
    visitor: Visitor,
  ): Promise<Page> {
    const form = await visitor.get(`${signet.issuer}/recovery/set-up/totp`)
    const key = (form.document.querySelector('code.secret')?.textContent ?? '').replace(/\s/g, '')
    return visitor.submit(form, { code: codeOf(key, clock.now()) })
  }

  const statusOf = async ({ signet }: { signet: Signet }, visitor: Visitor) =>
    words(await visitor.get(`${signet.issuer}/recovery/status`))

  describe('a lost phone', () => {
    it('S30: they wait, everybody is told, they set up a new one, and everybody is signed out', async () => {
      const at = await start()
      const { signet, clock, id, key } = at
      const elsewhere = createVisitor()
      let inside = await prove(elsewhere, await elsewhere.get(`${signet.issuer}/account`))
      inside = await elsewhere.submit(inside, { code: codeOf(key, clock.now()) })
      expect(inside.url.pathname).toBe('/account')

      const visitor = createVisitor()
      const begun = await begin(at, visitor)
      expect(begun.status).toBe(201)
      const code = begun.document.querySelector('code.secret')?.textContent ?? ''
      expect(code).toMatch(/^[0-9A-Z]{5}(-[0-9A-Z]{5}){2}$/)
      await told(signet, ana, /get back into/)
      expect(words(await elsewhere.get(`${signet.issuer}/account`))).toContain('Somebody proved enough')
      expect(await statusOf(at, visitor)).toContain('Please wait')
      expect((await setUpPage(signet, visitor)).url.pathname).toBe('/recovery/status')

      clock.advance(24 * hour)
      expect(await statusOf(at, visitor)).toContain('It is time')
      await told(signet, ana, /wait is over/)
      const done = await setUp(at, visitor)
      expect(words(done)).toContain('You are back')
      expect(words(done)).toContain('What was lost is removed')
      await told(signet, ana, /new way into/)
      const own = await signet.house.enrolments.list(id)
      expect(own.map(({ factor }) => factor).sort()).toEqual(['password', 'totp'])
      const out = await elsewhere.get(`${signet.issuer}/account`)
      expect(out.document.querySelector('input[name="identifier"]')).not.toBeNull()
      // Nobody is signed in by it: they sign in with what they set up.
      const home = await visitor.get(`${signet.issuer}/account`)
      expect(home.document.querySelector('input[name="identifier"]')).not.toBeNull()
      expect(
        (await mailsTo(signet.issuer, ana)).filter(({ subject }) => /wait is over/.test(subject)),
      ).toHaveLength(1)
    })

    it('does not say that something was removed to whoever named nothing as lost', async () => {
      const at = await start()
      const { signet, clock, id } = at
      const visitor = createVisitor()
      await visitor.submit(await proveBoth(at, visitor))
      clock.advance(24 * hour)
      const done = await setUp(at, visitor)
      expect(words(done)).toContain('You are back')
      expect(words(done)).not.toContain('is removed')
      const own = await signet.house.enrolments.list(id)
      expect(own.filter(({ factor }) => factor === 'totp')).toHaveLength(2)
    })

    it('comes back in another browser with the code, and in none without', async () => {
      const at = await start()
      const begun = await begin(at, createVisitor())
      const code = begun.document.querySelector('code.secret')?.textContent ?? ''
      const other = createVisitor()
      const form = await other.get(`${at.signet.issuer}/recovery/status`)
      expect((await other.submit(form, { code: 'AAAAA-AAAAA-AAAAA' })).status).toBe(422)
      expect(words(await other.submit(form, { code: code.toLowerCase() }))).toContain('Please wait')
    })

    it('S28: the code is nowhere in the store, nor is who or what it is about', async () => {
      const at = await start()
      const begun = await begin(at, createVisitor())
      const code = begun.document.querySelector('code.secret')?.textContent ?? ''
      const row = JSON.stringify(await at.signet.house.store.recoveries.get(at.id))
      for (const text of [code, code.replaceAll('-', ''), ana, 'old phone']) expect(row).not.toContain(text)
      const form = await createVisitor().get(`${at.signet.issuer}/recovery/status`)
      expect(form.document.querySelector('input[name="code"]')).not.toBeNull()
    })

    it('S29: S39: nobody is let in by it: not before, not by it, and not as somebody who was suspended', async () => {
      const at = await start()
      const { signet, clock, id } = at
      const visitor = createVisitor()
      await begin(at, visitor)
      clock.advance(24 * hour)
      expect(await statusOf(at, visitor)).toContain('It is time')
      await signet.house.identities.suspend(id, { kind: 'operator', id: 'test' })
      expect((await setUpPage(signet, visitor)).url.pathname).toBe('/recovery/status')
      expect(await signet.house.oidc.sessions.list(id)).toEqual([])
    })

    it('S35: a change of address that somebody began meanwhile is void afterwards, and the old address is told', async () => {
      const at = await start()
      const { signet, clock, id } = at
      const proofs = signet.house.addresses.proofs
      const visitor = createVisitor()
      await begin(at, visitor)
      clock.advance(24 * hour)
      await proofs.begin(id, { kind: 'email', written: 'eve@example.com' }, visit)
      const { codes } = await signet.mail('eve@example.com')
      await setUp(at, visitor)
      expect(await proofs.confirm(id, 'email', codes[0] ?? '')).toEqual({ status: 'expired' })
      await told(signet, ana, /new way into/)
      expect(await mailsTo(signet.issuer, 'eve@example.com')).toHaveLength(1)
    })

    it('S33: a mailed "this wasn\'t me" stops it; nothing is set up before two people have looked', async () => {
      const at = await start()
      const { signet, clock } = at
      const visitor = createVisitor()
      await begin(at, visitor)
      const message = await told(signet, ana, /get back into/)
      const raised = await signet.house.objections.raise(keyIn(message), visit)
      expect(raised).toMatchObject({ status: 'done', ended: ['recovery-contested'] })
      clock.advance(24 * hour)
      expect(await statusOf(at, visitor)).toContain('This was stopped')
      expect((await setUpPage(signet, visitor)).url.pathname).toBe('/recovery/status')
      await told(signet, ana, /was stopped/)
    })

    it('is contested when somebody signs in as ever meanwhile, who can then end it', async () => {
      const at = await start()
      const { signet, clock, key, id } = at
      const thief = createVisitor()
      await begin(at, thief)
      clock.advance(hour)
      const owner = createVisitor()
      const asked = await prove(owner, await owner.get(`${signet.issuer}/account`))
      await owner.submit(asked, { code: codeOf(key, clock.now()) })
      await told(signet, ana, /was stopped/)
      expect(await signet.house.recoveries.of(id)).toMatchObject({ state: 'contested', contested: 'sign-in' })
      const page = await owner.get(`${signet.issuer}/account/recovery`)
      const ended = await owner.press(page, '/account/recovery/stop')
      expect(words(ended)).toContain('It is ended')
      expect(await statusOf(at, thief)).toContain('This was ended')
    })

    it('is not contested by whoever was signed in before and proves it once more, to end it at once', async () => {
      const at = await start()
      const { signet, clock, key, id } = at
      const owner = createVisitor()
      let inside = await prove(owner, await owner.get(`${signet.issuer}/account`))
      inside = await owner.submit(inside, { code: codeOf(key, clock.now()) })
      clock.advance(hour / 2)
      await begin(at, createVisitor())
      const page = await owner.get(`${signet.issuer}/account/recovery`)
      let again = await owner.press(page, '/account/recovery/stop')
      again = await owner.submit(await prove(owner, again), { code: codeOf(key, clock.now()) })
      await signet.house.settle()
      expect(await signet.house.recoveries.of(id)).toMatchObject({ state: 'waiting' })
      expect(words(await owner.press(again, '/account/recovery/stop'))).toContain('It is ended')
    })

    it('a tab that is opened again at the address of an answer is where the recovery is', async () => {
      const { signet } = await start()
      const visitor = createVisitor()
      const begun = await visitor.press(await visitor.get(`${signet.issuer}/recovery/lost`), '/recovery/lost')
      const malformed = await visitor.submit(begun, { identifier: 'ana@@' })
      const wrong = await visitor.submit(await visitor.submit(malformed, { identifier: ana }), {
        password: 'no',
      })
      for (const { status, url } of [malformed, wrong])
        expect([status, (await visitor.get(url)).url.pathname]).toEqual([422, begun.url.pathname])
    })

    it('S32: before the first proof everybody sees the same, whoever they say they are', async () => {
      const { signet } = await start()
      const seen = async (identifier: string) => {
        const visitor = createVisitor()
        const intro = await visitor.get(`${signet.issuer}/recovery/lost`)
        const page = await visitor.submit(await visitor.press(intro, '/recovery/lost'), { identifier })
        return { status: page.status, words: words(page).replaceAll(identifier, 'NAME') }
      }
      expect(await seen('nobody@example.com')).toEqual(await seen(ana))
    })
  })
})

const setUpPage = (signet: Signet, visitor: Visitor) => visitor.get(`${signet.issuer}/recovery/set-up/totp`)
