/** People who sign in as usual, and from where they never were: rules of the policy that wait for risk signals. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { codeOf } from '../factors/authenticator.ts'
import { placesOnDisk } from '../support/mmdb.ts'
import { addPerson, prove } from '../support/person.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor, words } from '../support/visitor.ts'

const [munich, augsburg, tokyo] = ['203.0.113.7', '203.0.113.200', '2001:db8:2::1']
const day = 86_400_000

const ruleFor = (signal: string) => ({
  [`SIGNET_SIGNALS__${signal.replaceAll('-', '_').toUpperCase()}__ENABLED`]: 'true',
  SIGNET_POLICY__RULES: `[{ name: unusual, when: { signals: [${signal}] }, level: two-factor }]`,
})

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'signet-risk-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  async function scene(signal: string) {
    let now = Date.now()
    const signet = await open({
      clock: () => now,
      env: { ...(await placesOnDisk(folder)), ...ruleFor(signal) },
    })
    await addPerson(signet.house)
    return {
      signet,
      now: () => now,
      wait: (ms: number) => {
        now += ms
      },
      /** A browser that comes from wherever `at` says now. */
      browser(at = munich) {
        const headers = { 'x-forwarded-for': at }
        return { ...createVisitor({ headers }), headers }
      },
      /** The page after the password. */
      signIn: async (visitor: Visitor) => prove(visitor, await visitor.get(`${signet.issuer}/account`)),
    }
  }

  it('new-device: a browser that is known needs the password alone, any other one a second factor', async () => {
    const { signet, browser, signIn, now, wait } = await scene('new-device')
    const mine = browser()
    // The very first sign-in is in a new browser too.
    const first = await codeField(mine, await signIn(mine))
    expect((await mine.submit(first, { code: await mailedCode(signet) })).url.pathname).toBe('/account')
    leave(mine)
    expect((await signIn(mine)).url.pathname).toBe('/account')

    const form = await mine.get(`${signet.issuer}/account/security/totp`)
    const key = keyOn(form)
    await mine.submit(form, { code: codeOf(key, now()) })
    wait(60_000)
    leave(mine)
    const trusted = await mine.submit(await signIn(mine), { code: codeOf(key, now()), trust: 'on' })
    expect(trusted.url.pathname).toBe('/account')
    leave(mine)
    expect((await signIn(mine)).url.pathname).toBe('/account')

    const other = browser()
    const asked = await signIn(other)
    expect(asked.document.querySelector('input[name="code"][autocomplete="one-time-code"]')).not.toBeNull()
    wait(60_000)
    expect((await other.submit(asked, { code: codeOf(key, now()) })).url.pathname).toBe('/account')
  })

  it('new-place: the first sign-in raises nothing; later, far away, even a trusted device is asked for the second factor', async () => {
    const { signet, browser, signIn, now, wait } = await scene('new-place')
    const mine = browser()
    expect((await signIn(mine)).url.pathname).toBe('/account')
    const form = await mine.get(`${signet.issuer}/account/security/totp`)
    const key = keyOn(form)
    await mine.submit(form, { code: codeOf(key, now()) })
    wait(60_000)
    leave(mine)
    await mine.submit(await signIn(mine), { code: codeOf(key, now()), trust: 'on' })
    for (const near of [munich, augsburg]) {
      leave(mine)
      mine.headers['x-forwarded-for'] = near
      expect((await signIn(mine)).url.pathname).toBe('/account')
    }
    leave(mine)
    wait(day)
    mine.headers['x-forwarded-for'] = tokyo
    const asked = await signIn(mine)
    expect(asked.document.querySelector('input[name="code"]')).not.toBeNull()
    expect((await mine.submit(asked, { code: codeOf(key, now()) })).url.pathname).toBe('/account')
    leave(mine)
    expect((await signIn(mine)).url.pathname).toBe('/account')
  })

  it('S32: impossible-travel: nothing of it shows before the first proof, or to whoever is wrong', async () => {
    const { signet, browser, signIn } = await scene('impossible-travel')
    expect((await signIn(browser())).url.pathname).toBe('/account')
    const look = async (at: string, email: string) => {
      const stranger = browser(at)
      const named = await stranger.submit(await stranger.get(`${signet.issuer}/account`), {
        identifier: email,
      })
      const wrong = await stranger.submit(named, { password: 'not this one at all' })
      return [named, wrong].map((page) => [page.status, words(page).replaceAll(email, '…')])
    }
    const usual = await look(munich, 'ana@example.com')
    expect(await look(tokyo, 'ana@example.com')).toEqual(usual)
    expect(await look(tokyo, 'nobody@example.com')).toEqual(usual)
    const far = browser(tokyo)
    await codeField(far, await signIn(far))
  })
})

/** The page with a mailed code, wherever the choice begins. */
async function codeField(visitor: Visitor, page: Page): Promise<Page> {
  const choice = { name: 'factor', value: 'email-code' }
  const here = page.document.querySelector('input[name="code"]') !== null
  const asked = here ? page : await visitor.submit(page, {}, choice)
  expect(asked.document.querySelector('input[name="code"]')).not.toBeNull()
  return asked
}

/** The way that was offered first may have sent a message too. */
async function mailedCode(signet: Signet): Promise<string> {
  const [code = ''] = (await signet.sent('ana@example.com')).flatMap(({ codes }) => codes)
  return code
}

/** The browser is closed: what remains is how it is known again. */
function leave(visitor: Visitor): void {
  for (const key of visitor.cookies.keys()) if (!key.endsWith('signet-device')) visitor.cookies.delete(key)
}

function keyOn(page: Page): string {
  const spans = page.document.querySelectorAll('code.secret span')
  const key = spans.map(({ textContent }) => textContent).join('')
  if (key === '') throw new Error(`${page.url} shows no key: ${words(page)}`)
  return key
}
