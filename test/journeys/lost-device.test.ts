/** A person loses the phone with their authenticator app, and helps themselves with a backup code. */
import { expect, it } from 'vitest'
import { codeOf } from '../factors/authenticator.ts'
import { told } from '../support/objection.ts'
import { addPerson, prove } from '../support/person.ts'
import { leaks, rawStore } from '../support/raw-store.ts'
import { useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, words } from '../support/visitor.ts'

const minute = 60_000

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  it('signs in with a backup code, removes the lost app, adds the new one, and makes new codes', async () => {
    let now = Date.now()
    const storage = await fresh()
    const signet = await open({ storage, clock: () => now })
    await addPerson(signet.house)
    const at = (path: string) => `${signet.issuer}/account/security${path}`
    const visitor = createVisitor()
    await prove(visitor, await visitor.get(`${signet.issuer}/account`))
    const adding = await visitor.get(at('/totp'))
    const lost = keyOn(adding)
    await visitor.submit(adding, { code: codeOf(lost, now), label: 'Old phone' })

    now += minute
    const asked = await prove(visitor, await visitor.get(at('/backup-code')))
    const making = await visitor.submit(asked, { code: codeOf(lost, now) })
    const codes = codesOn(making)
    expect(codes).toHaveLength(10)
    const file = making.document.querySelector('a[download]')?.getAttribute('href') ?? ''
    const downloaded = await (await fetch(file)).text()
    for (const code of codes) expect(downloaded).toContain(code)
    expect(words(making)).toContain('I have kept them')
    const made = await visitor.submit(making, { ticket: ticketOn(making) })
    expect(words(made)).toContain('10 of 10 codes left')
    expect(made.body).not.toContain(codes[0])

    // Another day, another browser, no phone.
    now += 60 * minute
    const later = createVisitor()
    const code = await prove(later, await later.get(`${signet.issuer}/account`))
    expect(words(code)).toContain('Use a backup code')
    const other = await later.submit(code, {}, { name: 'factor', value: 'backup-code' })
    const slip = await later.submit(other, { code: 'AAAAA-AAAAA-AAAAA' })
    expect(slip.status).toBe(422)
    const home = await later.submit(slip, { code: codes[3]?.toLowerCase() })
    expect(home.url.pathname).toBe('/account')
    const mail = await told(signet, 'ana@example.com', /^One of your backup codes was used$/)
    expect(mail.text).toContain('Codes left: 9')
    expect(words(await later.get(at('')))).toContain('9 of 10 codes left')

    const list = await later.get(at('/totp'))
    const old = list.document
      .querySelectorAll('a')
      .find((link) => link.getAttribute('aria-label')?.includes('Old phone'))
    const credential = await later.get(new URL(old?.getAttribute('href') ?? '', list.url))
    const removed = await later.press(credential, `${credential.url.pathname}/remove`)
    expect(words(removed)).not.toContain('Old phone')
    const fresh_ = await later.get(at('/totp'))
    const key = keyOn(fresh_)
    expect(words(await later.submit(fresh_, { code: codeOf(key, now), label: 'New phone' }))).toContain(
      'New phone',
    )

    now += minute
    const again = createVisitor()
    const step = await prove(again, await again.get(`${signet.issuer}/account`))
    expect((await again.submit(step, { code: codeOf(lost, now) })).status).toBe(422)
    expect((await again.submit(step, { code: codeOf(key, now) })).url.pathname).toBe('/account')
    const spent = createVisitor()
    const last = await prove(spent, await spent.get(`${signet.issuer}/account`))
    const choice = await spent.submit(last, {}, { name: 'factor', value: 'backup-code' })
    expect(words(await spent.submit(choice, { code: codes[3] }))).toContain('used already')

    const bare = codes.flatMap((one) => [one, one.replaceAll('-', '')])
    expect(leaks(await rawStore(storage), [lost, key, ...bare])).toEqual([])
  })

  it('warns from three codes down', async () => {
    const signet = await open({
      env: { SIGNET_FACTORS__BACKUP_CODE__COUNT: '5', SIGNET_THROTTLE__FREE_TRIES: '50' },
    })
    const id = await addPerson(signet.house)
    const totp_secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
    await signet.house.enrolments.adopt(id, 'totp', { totp_secret })
    const visit = { address: '127.0.0.1', language: 'en', userAgent: 'test' }
    const { ticket = '', show } = await signet.house.enrolments.begin(id, 'backup-code', visit)
    await signet.house.enrolments.finish(id, 'backup-code', { ticket }, visit)
    const { codes = [] } = (show ?? {}) as { readonly codes?: string[] }
    for (const [index, code] of codes.slice(0, 2).entries()) {
      const visitor = createVisitor()
      const step = await prove(visitor, await visitor.get(`${signet.issuer}/account`))
      const other = await visitor.submit(step, {}, { name: 'factor', value: 'backup-code' })
      const next = await visitor.submit(other, { code })
      // From three down whoever uses one is offered new ones, and may say later.
      const offered = words(next).includes('You used one of your last codes')
      expect(offered).toBe(index > 0)
      if (offered) await visitor.press(next, `${next.url.pathname}/postpone`)
      const shown = words(await visitor.get(`${signet.issuer}/account/security`))
      expect(shown).toContain(`${4 - index} of 5 codes left`)
      expect(shown.includes('Make new ones before you run out')).toBe(index === 1)
    }
  })
})

function keyOn(page: Page): string {
  return page.document
    .querySelectorAll('code.secret span')
    .map(({ textContent }) => textContent)
    .join('')
}

function codesOn(page: Page): string[] {
  return page.document.querySelectorAll('.codes code').map(({ textContent }) => textContent)
}

function ticketOn(page: Page): string {
  return page.document.querySelector('input[name="ticket"]')?.getAttribute('value') ?? ''
}
