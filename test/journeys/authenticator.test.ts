/** A person with a password adds an authenticator app, and from then on signs in with both. */
import { expect, it } from 'vitest'
import { codeOf } from '../factors/authenticator.ts'
import { addPerson, allow, password, prove } from '../support/person.ts'
import { leaks, rawStore } from '../support/raw-store.ts'
import { browser, register } from '../support/relying-party.ts'
import { runSignet, startProcesses, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, words } from '../support/visitor.ts'

const minute = 60_000

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  it('adds an authenticator app in the portal, and signs in to an application with it', async () => {
    let now = Date.now()
    const storage = await fresh()
    const signet = await open({ storage, clock: () => now })
    await addPerson(signet.house)
    const visitor = createVisitor()
    await prove(visitor, await visitor.get(`${signet.issuer}/account`))

    const form = await visitor.get(`${signet.issuer}/account/security/totp`)
    const key = keyOn(form)
    expect(form.headers.get('content-security-policy')).not.toContain('data:')
    expect(form.document.querySelector('a[href^="otpauth:"]')?.getAttribute('href')).toContain(key)
    const slip = await visitor.submit(form, { code: wrong(key, now), label: 'My phone' })
    expect(slip.status).toBe(422)
    expect(keyOn(slip)).toBe(key)
    const added = await visitor.submit(slip, { code: codeOf(key, now), label: 'My phone' })
    expect(added.url.pathname).toBe('/account/security')
    expect(words(added)).toContain('My phone')
    expect((await signet.mail('ana@example.com')).text).toContain('authenticator app')

    now += minute
    const party = await register(signet)
    const person = browser()
    const flow = await party.begin()
    const asked = await prove(person, await person.get(flow.url))
    expect(asked.document.querySelector('input[name="code"][autocomplete="one-time-code"]')).not.toBeNull()
    // Nothing of the key is shown again.
    expect(asked.body).not.toContain(key)
    const refused = await person.submit(asked, { code: wrong(key, now) })
    expect(refused.status).toBe(422)
    const consent = await person.submit(refused, { code: codeOf(key, now) })
    const { url } = await person.submit(consent, {}, allow)
    const tokens = await party.finish(flow, url)
    expect(tokens.claims()).toMatchObject({ acr: 'urn:signet:acr:two-factor', amr: ['mfa', 'otp', 'pwd'] })

    const late = browser()
    const again = await prove(late, await late.get((await party.begin()).url))
    const replayed = await late.submit(again, { code: codeOf(key, now) })
    expect(words(replayed)).toContain('used already')
    expect(leaks(await rawStore(storage), [key])).toEqual([])
  })

  it('S18: what was opened with the password alone changes nothing any more once there is an authenticator app', async () => {
    let now = Date.now()
    const signet = await open({ clock: () => now })
    await addPerson(signet.house)
    const visitor = createVisitor()
    await prove(visitor, await visitor.get(`${signet.issuer}/account`))
    const form = await visitor.get(`${signet.issuer}/account/security/totp`)
    const key = keyOn(form)
    await visitor.submit(form, { code: codeOf(key, now) })
    now += minute
    const stopped = await visitor.get(`${signet.issuer}/account/security/password`)
    const second = await prove(visitor, stopped)
    expect(second.document.querySelector('input[name="code"]')).not.toBeNull()
    const there = await visitor.submit(second, { code: codeOf(key, now) })
    expect(there.url.pathname).toBe('/account/security/password')
  })

  it('shows the page in German too', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const visitor = createVisitor({ headers: { 'accept-language': 'de' } })
    await prove(visitor, await visitor.get(`${signet.issuer}/account`))
    const form = await visitor.get(`${signet.issuer}/account/security/totp`)
    expect(words(form)).toContain('Authenticator-App hinzufügen')
    expect(words(form)).toContain('30 Sekunden davor und danach')
  })

  it('imports people with the seed of their app, and reports what is no seed', async () => {
    const started = await startProcesses(1, { storage: await fresh() })
    try {
      const { hash } = await import('argon2')
      const password_hash = await hash(password, { memoryCost: 256, timeCost: 2 })
      const totp_secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
      const lines = [
        { email: 'ana@example.com', email_verified: true, password_hash, totp_secret, totp_digits: 8 },
        { email: 'ben@example.com', password_hash, totp_secret: 'too short' },
      ]
      const input = lines.map((line) => JSON.stringify(line)).join('\n')
      const imported = await runSignet(['identity', 'import'], started.env, input)
      expect(imported.stderr).toContain('line 2: totp_secret')
      expect(imported.stderr + imported.stdout).not.toContain(totp_secret)
      const visitor = createVisitor()
      const issuer = started.processes[0]?.issuer
      const asked = await prove(visitor, await visitor.get(`${issuer}/account`))
      const home = await visitor.submit(asked, { code: codeOf(totp_secret, Date.now(), { digits: 8 }) })
      expect(home.url.pathname).toBe('/account')
      expect(await started.house.identities.findByIdentifier('email', 'ben@example.com')).toBeUndefined()
    } finally {
      await started.stop()
    }
  })
})

function keyOn(page: Page): string {
  const spans = page.document.querySelectorAll('code.secret span')
  const key = spans.map(({ textContent }) => textContent).join('')
  if (key === '') throw new Error(`${page.url} shows no key: ${words(page)}`)
  return key
}

function wrong(key: string, now: number): string {
  const good = [-1, 0, 1].map((step) => codeOf(key, now + step * 30_000))
  return ['000000', '000001', '000002', '000003'].find((code) => !good.includes(code)) ?? ''
}
