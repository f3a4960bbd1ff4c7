/** Faults that other providers had in their sign-in, tried on this one. Those that belong to one part are tested there. */
import { expect, it } from 'vitest'
import { race } from '../races/arena.ts'
import { crafted } from '../support/crafted.ts'
import { addPerson, goThrough, password } from '../support/person.ts'
import { browser, callback, register } from '../support/relying-party.ts'
import { useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, words } from '../support/visitor.ts'

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  it('S28: guesses of a registration code at once buy no more tries than one after the other', async () => {
    const signet = await open()
    const party = await register(signet)
    const visitor = browser()
    const identify = await visitor.get((await party.begin()).url)
    const form = await visitor.get(`${identify.url.href}/register`)
    const page = await visitor.submit(form, { email: 'noa@example.com', name: 'Noa' })
    const [code = ''] = (await signet.mail('noa@example.com')).codes
    const guesses = Array.from({ length: 40 }, (_, index) => String(100_000 + index)).filter(
      (guess) => guess !== code,
    )
    const answers = await race(guesses.length, (racer) => visitor.submit(page, { code: guesses[racer] }))
    expect(answers.filter(({ status }) => status === 422).length).toBeLessThan(5)
    expect((await visitor.submit(page, { code })).status).toBe(410)
    expect(await signet.house.identities.findByIdentifier('email', 'noa@example.com')).toBeUndefined()
  })

  it('S26: guesses of a password at once buy no more tries than one after the other', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const visitor = createVisitor()
    const page = await visitor.submit(await visitor.get(`${signet.issuer}/account`), {
      identifier: 'ana@example.com',
    })
    const answers = await race(40, (racer) =>
      visitor.submit(page, { password: `orchard number ${racer} in autumn` }),
    )
    expect(answers.filter(({ status }) => status === 422).length).toBeLessThanOrEqual(5)
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThanOrEqual(35)
    expect((await visitor.submit(page, { password })).status).toBe(429)
  })

  it('S44: a crafted step skips nothing: neither the proof, nor consent, nor whose turn it is', async () => {
    const signet = await open()
    const ana = await addPerson(signet.house)
    const party = await register(signet)
    const visitor = browser()
    const identify = await visitor.get((await party.begin()).url)
    const proof = await visitor.submit(identify, { identifier: 'ana@example.com' })
    const base = `/interaction/${proof.url.pathname.split('/')[2]}`
    const before = (await signet.house.enrolments.list(ana))[0]?.createdAt
    for (const [path, values] of [
      ['/enrol/password', { password: 'an orchard of the attacker’s own' }],
      ['/consent', { decision: 'allow', 'scope.email': 'on' }],
      ['/account', { account: 'continue' }],
      ['/prove/registration', {}],
      ['/prove/__proto__', { password }],
      ['/prove/constructor', { password }],
      ['/choose', { factor: 'registration' }],
      ['/choose', { factor: '__proto__' }],
      ['/register/code', { code: '000000' }],
    ] as const) {
      const answer = await crafted(visitor, proof, base + path, values)
      expect(answer.status, path).toBeLessThan(500)
      expect(answer.url.href.startsWith(callback), path).toBe(false)
    }
    expect((await signet.house.enrolments.list(ana))[0]?.createdAt).toBe(before)
    expect(
      (await visitor.get(`${signet.issuer}/account`)).document.querySelector('input[name="identifier"]'),
    ).not.toBeNull()
    const { page } = await goThrough(browser(), party)
    expect(page.url.searchParams.get('code')).toBeTruthy()
  })

  it('S32: an unknown person and a wrong password get the same answers: status, headers, size, and the same again when throttled', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const shapes: object[][] = []
    for (const email of ['ana@example.com', 'bob@example.com']) {
      const visitor = createVisitor()
      const steps: object[] = []
      let page = await visitor.get(`${signet.issuer}/account`)
      page = await visitor.submit(page, { identifier: email })
      steps.push(shapeOf(page, email))
      for (const typed of [
        'not the right one at all',
        '',
        'x'.repeat(1024),
        'wrong again',
        'and again',
        'and again',
        'and again',
      ]) {
        page = await visitor.submit(page, { password: typed })
        steps.push(shapeOf(page, email))
      }
      shapes.push(steps)
    }
    expect(shapes[0]).toEqual(shapes[1])
  })
})

function shapeOf(page: Page, email: string): object {
  const headers = [...page.headers.keys()].filter((name) => name !== 'date').sort()
  return {
    status: page.status,
    headers,
    size: page.body.replaceAll(email, '').length,
    words: words(page)
      .replaceAll(email, '')
      .replace(/Trace id.*/, '')
      .replaceAll(/\d+ seconds?/g, 'N seconds'),
  }
}
