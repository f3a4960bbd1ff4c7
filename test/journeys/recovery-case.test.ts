/** Somebody without any way left opens a case; three people who review such cases come and go. Through the pages, as they would. */
import { expect, it } from 'vitest'
import { minute } from '../../src/domain/time.ts'
import { mailsTo, objectionIn, told } from '../support/objection.ts'
import { addPerson, prove } from '../support/person.ts'
import { happened, openCase, pdf, reviewer, sendFiles, statusOf } from '../support/recovery-case.ts'
import { useSignet } from '../support/signet.ts'
import { eachStore, onSqlite } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor, words } from '../support/visitor.ts'

const reply = 'ana@elsewhere.example'

function linkTo(page: Page, text: RegExp): string {
  const link = page.document.querySelectorAll('main a').find((one) => text.test(one.textContent))
  if (link === undefined) throw new Error(`${page.url} has no link ${text}: ${words(page).slice(0, 500)}`)
  return new URL(link.getAttribute('href') ?? '', page.url).href
}

const open = async (visitor: Visitor, page: Page, text: RegExp) => visitor.get(linkTo(page, text))

eachStore((_, __, fresh) => {
  const start = useSignet(fresh)

  it('is told a code, is asked, answers, is approved by two others, and a recovery begins; its owner hears of all of it', async () => {
    const signet = await start()
    const ana = await addPerson(signet.house)
    const [rita, rolf, carl] = [
      await reviewer(signet, 'Rita'),
      await reviewer(signet, 'Rolf'),
      await reviewer(signet, 'Carl'),
    ]
    const claim = await openCase(signet, { since: 'in spring', applications: 'the shop' })
    expect(words(await statusOf(signet, claim))).toContain('Your case is waiting')
    await told(signet, reply, /We have your recovery case/)
    await told(signet, 'ana@example.com', /wants to get back into your account/)

    const case1 = await open(rita.visitor, await rita.list(), /Ana Ruiz/)
    for (const said of [happened, 'in spring', 'the shop', reply, 'The account is new'])
      expect(words(case1)).toContain(said)
    const file = await rita.visitor.send(linkTo(case1, /Document 1/))
    expect(Buffer.from(await file.arrayBuffer()).equals(pdf)).toBe(true)
    expect(Object.fromEntries(file.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': expect.stringMatching(/^attachment; filename="[\w-]+\.pdf"$/),
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })

    const ask = await open(rita.visitor, case1, /Ask for more/)
    await rita.visitor.submit(ask, { text: 'What is in the shop’s basket?' })
    await told(signet, reply, /We need to know more/)
    const asked = await statusOf(signet, claim)
    expect(words(asked)).toContain('What is in the shop’s basket?')
    const wrong = await sendFiles(claim.visitor, asked, '/recovery/case/answer', { answer: '' }, [])
    // Opened again, the tab is where the case is.
    expect((await claim.visitor.get(wrong.url)).url.pathname).toBe('/recovery/status')
    const more = { name: 'x.png', type: 'image/png', bytes: Buffer.from('89504e470d0a1a0a00', 'hex') }
    await sendFiles(claim.visitor, asked, '/recovery/case/answer', { answer: 'Nothing at all.' }, [more])
    expect(words(await statusOf(signet, claim))).toContain('Your answer is here')

    const case2 = await open(rita.visitor, await rita.list(), /Ana Ruiz/)
    expect(words(case2)).toContain('Nothing at all.')
    const first = await rita.visitor.submit(await open(rita.visitor, case2, /^Approve/), { text: 'It fits.' })
    expect(words(first)).toContain('You have approved. Somebody else must, too.')
    expect(words(await statusOf(signet, claim))).toContain('Your answer is here')
    const stale = await open(carl.visitor, await carl.list(), /Ana Ruiz/)
    const staleForm = await open(carl.visitor, stale, /^Refuse/)

    const seen = await open(rolf.visitor, await rolf.list(), /Ana Ruiz/)
    expect(words(seen)).toContain('It fits.')
    const second = await rolf.visitor.submit(await open(rolf.visitor, seen, /^Approve/), { text: '' })
    expect(words(second)).toContain('Approved')
    const late = await carl.visitor.submit(staleForm, { reason: 'not-shown' })
    expect([late.status, words(late).includes('decided already')]).toEqual([409, true])

    const approvedMail = await told(signet, reply, /Your recovery case was approved/)
    expect(JSON.stringify(approvedMail)).not.toMatch(/Rita|Rolf|Ana Ruiz/)
    expect(await signet.house.recoveries.of(ana)).toMatchObject({ origin: 'case', state: 'waiting' })

    const laptop = createVisitor()
    await prove(laptop, await laptop.get(`${signet.issuer}/account`))
    const activity = words(await laptop.get(`${signet.issuer}/account/activity`))
    for (const said of [
      'opened a recovery case',
      'asked for more',
      'answered',
      'reviewer approved',
      'opened a document',
    ])
      expect(activity).toContain(said)
    expect(activity).not.toMatch(/Rita|Rolf|Carl/)
  })

  it('S33: "this wasn’t me" in a mail, by a button, tells whoever decides, and ends nothing: a stolen mailbox keeps nobody out', async () => {
    const signet = await start()
    await addPerson(signet.house)
    const rita = await reviewer(signet, 'Rita')
    const claim = await openCase(signet)
    const message = await told(signet, 'ana@example.com', /wants to get back/)
    const phone = createVisitor()
    const question = await phone.get(objectionIn(message))
    expect(words(question)).toContain('tells the two people who look at the case')
    expect(words(await statusOf(signet, claim))).toContain('Your case is waiting')
    expect(words(await phone.press(question, '/objection'))).toContain('see that it was not you')
    expect(words(await statusOf(signet, claim))).toContain('Your case is waiting')
    const shown = await open(rita.visitor, await rita.list(), /Ana Ruiz/)
    expect(words(shown)).toContain('said that it was not them')
  })
})

onSqlite((_, fresh) => {
  const start = useSignet(fresh)

  it('the owner, who is signed in all the while, is told on the home page and closes it from their activity', async () => {
    const signet = await start()
    await addPerson(signet.house)
    const laptop = createVisitor()
    await prove(laptop, await laptop.get(`${signet.issuer}/account`))
    const claim = await openCase(signet)
    await told(signet, 'ana@example.com', /wants to get back/)
    const home = await laptop.get(`${signet.issuer}/account`)
    expect(words(home)).toContain('Somebody opened a recovery case')
    const activity = await laptop.get(`${signet.issuer}/account/activity?topic=recovery`)
    const question = await open(laptop, activity, /This wasn't me/)
    expect(words(question)).toContain('The case is closed: nobody looks at it any more.')
    const action = question.document.querySelector('main form[method=post]')?.getAttribute('action') ?? ''
    expect(words(await laptop.press(question, action))).toContain('The recovery case is closed')
    expect(words(await statusOf(signet, claim))).toContain('Withdrawn')
    expect(words(await laptop.get(`${signet.issuer}/account`))).not.toContain('opened a recovery case to')
  })

  it('S33: S35: after the wait a link of its own leads to one new way in, once; everything from before is gone, and the owner is told', async () => {
    let now = Date.now()
    const signet = await start({ clock: () => now })
    const ana = await addPerson(signet.house)
    const claim = await openCase(signet)
    await told(signet, reply, /We have your recovery case/)
    for (const name of ['Rita', 'Rolf']) {
      const { visitor, list } = await reviewer(signet, name)
      await visitor.submit(await open(visitor, await open(visitor, await list(), /Ana Ruiz/), /^Approve/), {})
    }
    await told(signet, reply, /Your recovery case was approved/)
    const toOwner = () => mailsTo(signet.issuer, 'ana@example.com')
    await expect.poll(async () => (await toOwner()).length, { timeout: 60_000 }).toBe(2)
    // The code leads on to the recovery.
    expect((await statusOf(signet, claim)).url.pathname).toBe('/recovery/status')
    now += 25 * 60 * minute
    const ready = await told(signet, reply, /^You can set up a new way/)
    const link = ready.links.find((one) => one.includes('/recovery/status/link')) ?? ''
    const elsewhere = createVisitor()
    const page = await elsewhere.press(await elsewhere.get(link), '/recovery/status/link')
    const setUp = await elsewhere.get(linkTo(page, /password/i))
    const done = await elsewhere.submit(setUp, { password: 'a different orchard for the winter' })
    expect(done.status).toBe(200)
    const [way, ...others] = await signet.house.enrolments.list(ana)
    expect([way?.factor, others]).toEqual(['password', []])
    const again = await elsewhere.get(link)
    expect(again.status).toBe(410)
    const laptop = createVisitor()
    const home = await laptop.get(`${signet.issuer}/account`)
    const signedIn = await prove(laptop, home, 'ana@example.com', 'a different orchard for the winter')
    expect(signedIn.url.pathname).toBe('/account')
  })

  it('S32: S41: files that lie about their type, are too large or too many are refused in words, and nothing is kept', async () => {
    const signet = await start({
      env: { SIGNET_RECOVERY__CASES__FILE_SIZE: '20kb', SIGNET_RECOVERY__CASES__FILES: '2' },
    })
    await addPerson(signet.house)
    const visitor = createVisitor()
    const page = await visitor.get(`${signet.issuer}/recovery/case`)
    const said = { identifier: 'ana@example.com', reply, happened }
    const html = {
      name: 'id.pdf',
      type: 'application/pdf',
      bytes: Buffer.from('<html><script>alert(1)</script>'),
    }
    const real = { name: 'id.pdf', type: 'application/pdf', bytes: pdf }
    const large = { ...real, bytes: Buffer.concat([pdf, Buffer.alloc(30_000)]) }
    for (const [files, sentence] of [
      [[html], 'is not what it says it is'],
      [[large], 'is larger than'],
      [[real, real, real], 'Only 2 files can be attached'],
    ] as const) {
      const answer = await sendFiles(visitor, page, '/recovery/case', said, files)
      expect([answer.status, (await answer.text()).includes(sentence)]).toEqual([422, true])
    }
    expect((await signet.house.store.cases.page({ limit: 10 })).items).toEqual([])
    expect((await signet.house.store.caseParts.page({ limit: 10 })).items).toEqual([])
  })

  it('S26: when too many came in all, the page says that it is not theirs to blame, and when to come again', async () => {
    const signet = await start({ env: { SIGNET_RECOVERY__CASES__PER_DAY: '1' } })
    await openCase(signet, { identifier: 'somebody@example.com' })
    const visitor = createVisitor()
    const said = { identifier: 'ana@example.com', reply, happened }
    const page = await visitor.get(`${signet.issuer}/recovery/case`)
    const answer = await sendFiles(visitor, page, '/recovery/case', said, [])
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '3600'])
    const text = await answer.text()
    expect(text).toContain('does not count against you')
    // What they wrote is still there.
    expect(text).toContain(happened)
  })

  it('S32: an identifier that nobody has gets the same page, and no more is ever heard but an ordinary refusal', async () => {
    const signet = await start()
    await addPerson(signet.house)
    const known = await openCase(signet)
    const unknown = await openCase(signet, {
      identifier: 'nobody@example.com',
      reply: 'nobody@elsewhere.example',
    })
    expect(known.code.replace(/\w/g, 'x')).toBe(unknown.code.replace(/\w/g, 'x'))
    const shape = async (claim: typeof known) =>
      words(await statusOf(signet, claim)).replace(/\d{1,2}:\d{2}/g, 'time')
    expect(await shape(unknown)).toBe(await shape(known))
    await told(signet, 'nobody@elsewhere.example', /We have your recovery case/)
    expect(await mailsTo(signet.issuer, 'nobody@example.com')).toEqual([])
    const rita = await reviewer(signet, 'Rita')
    const list = await rita.list()
    expect(list.document.querySelectorAll('main li').length).toBe(1)
  })

  it('a code of nothing leads nowhere, in words; another browser’s ticket neither; the form says what is missing', async () => {
    const signet = await start()
    await addPerson(signet.house)
    const claim = await openCase(signet)
    const status = await statusOf(signet, claim)
    const stranger = createVisitor()
    const form = await stranger.get(status.url)
    expect(form.url.pathname).toBe('/recovery/status')
    const wrong = await stranger.submit(form, { code: 'AAAAA-BBBBB-CCCCC' })
    expect([wrong.status, words(wrong).includes('nothing with this code')]).toEqual([422, true])
    const page = await stranger.get(`${signet.issuer}/recovery/case`)
    for (const [values, sentence] of [
      [{ identifier: '', reply, happened }, 'Enter your e-mail address'],
      [{ identifier: 'ana', reply: 'ana', happened }, 'complete e-mail address'],
      [{ identifier: 'ana', reply, happened: ' ' }, 'Tell us in a few words'],
    ] as const) {
      const again = await stranger.submit(page, values)
      expect([again.status, words(again).includes(sentence)]).toEqual([422, true])
    }
    const german = createVisitor({ headers: { 'accept-language': 'de' } })
    expect(words(await german.get(`${signet.issuer}/recovery/case`))).toContain('Was ist geschehen?')
  })
})
