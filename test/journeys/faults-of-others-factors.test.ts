/** Faults that other providers had around second factors and what is sent to people, tried on this one. Those that belong to one part are tested there. */
import { expect, it } from 'vitest'
import { codeOf } from '../factors/authenticator.ts'
import { race } from '../races/arena.ts'
import { crafted } from '../support/crafted.ts'
import { addPerson, password, prove } from '../support/person.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor } from '../support/visitor.ts'

const seed = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const [ana, mallory, number] = ['ana@example.com', 'mallory@example.com', '+4915112345678']
const way = (value: string) => ({ name: 'factor', value })

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  it('S28: a code that one person was sent proves nobody else, in the same sign-in of the same browser', async () => {
    const signet = await open()
    await addPerson(signet.house, ana)
    await addPerson(signet.house, mallory)
    const visitor = createVisitor()
    const identify = await visitor.get(`${signet.issuer}/account`)
    const own = await visitor.submit(
      await visitor.submit(identify, { identifier: mallory }),
      {},
      way('email-code'),
    )
    const [code = ''] = (await signet.mail(mallory)).codes
    const named = await crafted(visitor, own, `${baseOf(own)}/identify`, { identifier: ana })
    for (const factor of ['email-code', 'sms-code', 'totp', 'backup-code', 'magic-link'])
      await crafted(visitor, named, `${baseOf(own)}/prove/${factor}`, { code })
    await expectOut(signet, visitor)
    const asked = await visitor.submit(await visitor.get(named.url), {}, way('email-code'))
    expect((await visitor.submit(asked, { code })).status).toBe(422)
    await expectOut(signet, visitor)
  })

  it('S44: a crafted form skips no second step, nor puts a weaker one in its place', async () => {
    const signet = await open({ env: { SIGNET_FACTORS__SMS_CODE__FIRST: 'true' } })
    const id = await addPerson(signet.house, ana, {
      identifiers: [
        { kind: 'email', written: ana, verified: true },
        { kind: 'phone', written: number, verified: true },
      ],
    })
    await signet.house.enrolments.adopt(id, 'totp', { totp_secret: seed })
    const before = await madeOf(signet, id)
    const visitor = createVisitor()
    const second = await prove(visitor, await visitor.get(`${signet.issuer}/account`), ana)
    expect(second.document.querySelector('input[name="code"]')).not.toBeNull()
    for (const [path, values] of [
      ['/choose', { factor: 'email-code' }],
      ['/choose', { factor: 'magic-link' }],
      ['/choose', { factor: 'sms-code' }],
      ['/prove/password', { password }],
      ['/prove/email-code', { code: '000000' }],
      ['/prove/backup-code', { code: 'AAAAA-AAAAA-AAAAA' }],
      ['/prove/trusted-device', { trust: 'on' }],
      ['/enrol/totp', { code: codeOf(seed, Date.now()) }],
      ['/enrol/password', { password: 'an orchard of the attacker’s own' }],
      ['/enrol/passkey', { credential: '{}' }],
      ['/postpone', {}],
      ['/consent', { decision: 'allow' }],
      ['/account', { account: 'continue' }],
      ['/register/code', { code: '000000' }],
    ] as const) {
      const answer = await crafted(visitor, second, baseOf(second) + path, values)
      expect(answer.status, path).toBeLessThan(500)
      await expectOut(signet, visitor)
    }
    expect(await madeOf(signet, id)).toEqual(before)
    // Nothing was sent either: a mailbox is no second factor for whoever has one of their own.
    expect(await signet.sent(ana)).toEqual([])
    expect(await signet.sent(number)).toEqual([])
  })

  it('S33: a new password by mail takes the second factor from nobody', async () => {
    const signet = await open()
    const id = await addPerson(signet.house, ana)
    await signet.house.enrolments.adopt(id, 'totp', { totp_secret: seed })
    const thief = createVisitor()
    await thief.submit(await thief.get(`${signet.issuer}/recovery`), { identifier: ana })
    const first = await signet.mail(ana)
    const typed = 'an orchard of the attacker’s own'
    const done = await thief.submit(await thief.get(first.links[0] ?? ''), { password: typed })
    expect(done.url.pathname).toBe('/recovery/done')
    await expectOut(signet, thief)
    const second = await prove(thief, await thief.get(`${signet.issuer}/account`), ana, typed)
    expect(second.url.pathname).toMatch(/^\/interaction\//)
    expect(second.document.querySelectorAll('button[name="factor"]')).toEqual([])
    await expectOut(signet, thief)
    // From the mailbox first, then with the password that came from there.
    const other = createVisitor()
    const identify = await other.get(`${signet.issuer}/account`)
    const asked = await other.submit(await other.submit(identify, { identifier: ana }), {}, way('email-code'))
    const newest = await codeAfter(signet, first.id)
    const next = await other.submit(asked, { code: newest })
    await crafted(other, next, `${baseOf(next)}/prove/password`, { password: typed })
    await expectOut(signet, other)
    expect((await signet.house.enrolments.list(id)).map(({ factor }) => factor).sort()).toEqual([
      'password',
      'totp',
    ])
  })

  it('S18: a session of one factor changes nothing once there are two, whatever it posts', async () => {
    const signet = await open()
    const id = await addPerson(signet.house, ana)
    const thief = createVisitor()
    await prove(thief, await thief.get(`${signet.issuer}/account`), ana)
    const page = await thief.get(`${signet.issuer}/account/profile`)
    await signet.house.enrolments.adopt(id, 'totp', { totp_secret: seed })
    const before = await madeOf(signet, id)
    const [app] = (await signet.house.enrolments.list(id)).filter(({ factor }) => factor === 'totp')
    for (const [path, values] of [
      ['password', { password: 'an orchard of the attacker’s own' }],
      ['totp', { code: '000000', label: 'Mine' }],
      ['backup-code', {}],
      ['passkey', { credential: '{}' }],
      [`totp/${app?.id}`, { label: 'Mine' }],
      [`totp/${app?.id}/remove`, {}],
    ] as const) {
      const answer = await crafted(thief, page, `/account/security/${path}`, values)
      expect(answer.url.pathname, path).toMatch(/^\/interaction\//)
    }
    expect(await madeOf(signet, id)).toEqual(before)
  })

  it('S33 S40: links and codes that are sent name the issuer, whatever host a request claims', async () => {
    const signet = await open({ env: { SIGNET_FACTORS__SMS_CODE__FIRST: 'true' } })
    await addPerson(signet.house, ana, {
      identifiers: [
        { kind: 'email', written: ana, verified: true },
        { kind: 'phone', written: number, verified: true },
      ],
    })
    const visitor = createVisitor({
      headers: {
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
        forwarded: 'host=evil.example',
        'x-host': 'evil.example',
        'x-original-url': 'https://evil.example/',
        referer: 'https://evil.example/',
      },
    })
    const identify = await visitor.get(`${signet.issuer}/account`)
    let page = await visitor.submit(identify, { identifier: ana })
    let seen = ''
    for (const [factor, to] of [
      ['magic-link', ana],
      ['email-code', ana],
      ['sms-code', number],
    ] as const) {
      page = await visitor.submit(page, {}, way(factor))
      const message = await signet.mail(to, to === ana ? seen : '')
      if (to === ana) seen = message.id
      expect(message.text + message.html, factor).not.toContain('evil.example')
      for (const link of message.links) expect(new URL(link).origin).toBe(signet.issuer)
    }
    expect((await signet.mail(number)).text).toContain('@localhost #')
  })

  it('S33: what opens one kind of link opens no other', async () => {
    const signet = await open()
    await addPerson(signet.house, ana)
    const visitor = createVisitor()
    const identify = await visitor.get(`${signet.issuer}/account`)
    await visitor.submit(await visitor.submit(identify, { identifier: ana }), {}, way('magic-link'))
    const mail = await signet.mail(ana)
    const key = new URL(mail.links[0] ?? '').searchParams.get('key') ?? ''
    await visitor.submit(await visitor.get(`${signet.issuer}/recovery`), { identifier: ana })
    const reset = new URL((await signet.mail(ana, mail.id)).links[0] ?? '').searchParams.get('token') ?? ''
    expect([key, reset].map(({ length }) => length > 20)).toEqual([true, true])
    for (const path of [
      `/recovery/link?token=${key}`,
      `/invitation?token=${key}`,
      `/objection?key=${key}`,
      `/answer?key=${reset}`,
      `/invitation?token=${reset}`,
      `/objection?key=${reset}`,
    ])
      expect((await createVisitor().get(signet.issuer + path)).status, path).toBe(410)
  })

  it('S33: fifty numbers at once for one link buy three tries, and the sign-in is over', async () => {
    const signet = await open()
    await addPerson(signet.house, ana)
    const [visitor, phone] = [createVisitor(), createVisitor()]
    const identify = await visitor.get(`${signet.issuer}/account`)
    const waiting = await visitor.submit(
      await visitor.submit(identify, { identifier: ana }),
      {},
      way('magic-link'),
    )
    const right = waiting.document.querySelector('.match-number')?.textContent.trim()
    const question = await phone.get((await signet.mail(ana)).links[0] ?? '')
    const wrong = Array.from({ length: 50 }, (_, index) => String(10 + index)).filter((one) => one !== right)
    const answers = await race(wrong.length, (racer) => phone.submit(question, { number: wrong[racer] }))
    expect(answers.filter(({ status }) => status !== 410).length).toBeLessThanOrEqual(3)
    expect((await phone.submit(question, { number: right })).status).toBe(410)
    await visitor.get(waiting.url)
    await expectOut(signet, visitor)
  })

  async function expectOut(signet: Signet, visitor: Visitor): Promise<void> {
    // Of a browser beside: looking must not begin another sign-in in this one.
    const beside = createVisitor()
    for (const [key, value] of visitor.cookies) beside.cookies.set(key, value)
    const page = await beside.get(`${signet.issuer}/account`)
    expect(page.document.querySelector('input[name="identifier"]')).not.toBeNull()
  }

  /** What somebody enrolled, and when. */
  async function madeOf({ house }: Signet, id: string) {
    return (await house.enrolments.list(id)).map(({ factor, createdAt, label }) => ({
      factor,
      createdAt,
      label,
    }))
  }

  async function codeAfter(signet: Signet, after: string): Promise<string> {
    for (let seen = after; ; ) {
      const message = await signet.mail(ana, seen)
      if (message.codes[0] !== undefined) return message.codes[0]
      seen = message.id
    }
  }
})

/** The path of the sign-in that a page belongs to. */
function baseOf({ url }: Page): string {
  return url.pathname.split('/').slice(0, 3).join('/')
}
