/** People who sign in with what is sent to them, through the pages and without script. */
import { expect, it } from 'vitest'
import { addPerson, allow, password } from '../support/person.ts'
import { browser, type RelyingParty, register } from '../support/relying-party.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { type Page, type Visitor, words } from '../support/visitor.ts'

const number = '+4915112345678'
const way = (value: string) => ({ name: 'factor', value })

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  async function identify(visitor: Visitor, party: RelyingParty, identifier: string, parameters = {}) {
    return visitor.submit(await visitor.get((await party.begin(parameters)).url), { identifier })
  }

  async function code(signet: Signet, to: string, after?: string): Promise<string> {
    return (await signet.mail(to, after)).codes[0] ?? ''
  }

  it('S28: a code by mail: asked for, mistyped, right; the field is the one that browsers fill in', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const party = await register(signet)
    const visitor = browser()
    const asked = await visitor.submit(
      await identify(visitor, party, 'ana@example.com'),
      {},
      way('email-code'),
    )
    const field = asked.document.querySelector('input[name="code"]')
    expect(field?.getAttribute('autocomplete')).toBe('one-time-code')
    expect(field?.getAttribute('inputmode')).toBe('numeric')
    expect(words(asked)).toContain('If there is an account')
    expect(words(asked)).toContain('You can ask for another in 30 seconds')
    const mail = await signet.mail('ana@example.com')
    expect(mail.text).toContain('Orchard')
    expect(mail.text).toContain('If this was not you')
    const wrong = await visitor.submit(asked, { code: mail.codes[0] === '000000' ? '000001' : '000000' })
    expect([wrong.status, words(wrong).includes('That did not match')]).toEqual([422, true])
    const end = await visitor.submit(wrong, { code: mail.codes[0] })
    expect((await visitor.submit(end, {}, allow)).url.searchParams.has('code')).toBe(true)
  })

  it('S32: somebody who does not exist is shown the very same page, and nobody is written to', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const party = await register(signet)
    const look = async (identifier: string) => {
      const visitor = browser()
      const asked = await visitor.submit(await identify(visitor, party, identifier), {}, way('email-code'))
      const wrong = await visitor.submit(asked, { code: 'x' })
      const neutral = (page: Page) =>
        words(page)
          .replaceAll(identifier, '…')
          .replace(/in \d+ seconds/, 'in …')
      return [asked, wrong].map((page) => [page.status, neutral(page)])
    }
    expect(await look('nobody@example.com')).toEqual(await look('ana@example.com'))
    await signet.mail('ana@example.com')
    expect(await signet.sent('nobody@example.com')).toEqual([])
  })

  it('a code by SMS is the second step where one is wanted, bound to our origin', async () => {
    const signet = await open({ env: { SIGNET_POLICY__LEVEL: 'two-factor' } })
    await addPerson(signet.house, 'ana@example.com', {
      identifiers: [
        { kind: 'email', written: 'ana@example.com', verified: true },
        { kind: 'phone', written: number, verified: true },
      ],
    })
    const party = await register(signet)
    const visitor = browser()
    const proof = await identify(visitor, party, 'ana@example.com')
    expect(proof.document.querySelector('button[value="sms-code"]')).toBeNull()
    const second = await visitor.submit(await visitor.submit(proof, { password }), {}, way('sms-code'))
    expect(words(second)).toContain('We sent a code to +49•••78')
    const sms = await signet.mail(number)
    expect(sms.text).toMatch(/is your code for Orchard/)
    expect(sms.text.split('\n').at(-1)).toBe(`@localhost #${sms.codes[0]}`)
    const end = await visitor.submit(second, { code: sms.codes[0] })
    expect((await visitor.submit(end, {}, allow)).url.searchParams.has('code')).toBe(true)
  })

  it('without a gateway for SMS the way is not offered', async () => {
    const signet = await open({ env: { SIGNET_FACTORS__SMS_CODE__ENABLED: 'false' } })
    expect(signet.house.factors.map(({ name }) => name)).not.toContain('sms-code')
  })

  it('S44: a password that was set through a mailed link, and then a code by mail, do not make two factors', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const party = await register(signet)
    const visitor = browser()
    await signet.house.links.request('ana@example.com', { language: 'en', address: '127.0.0.1' })
    const [link = ''] = (await signet.mail('ana@example.com')).links
    const fresh = 'a different orchard for the winter'
    await visitor.submit(await visitor.get(link), { password: fresh })
    const mailed = await signet.mail('ana@example.com')
    const asked = await visitor.submit(
      await identify(visitor, party, 'ana@example.com', {
        claims: JSON.stringify({
          id_token: { acr: { essential: true, values: ['urn:signet:acr:two-factor'] } },
        }),
      }),
      {},
      way('email-code'),
    )
    const next = await visitor.submit(asked, { code: await code(signet, 'ana@example.com', mailed.id) })
    // Neither the password nor another mail is asked for: what is missing can only be added.
    expect(next.document.querySelector('input[autocomplete="current-password"]')).toBeNull()
    expect(next.url.searchParams.has('code')).toBe(false)
  })
})
