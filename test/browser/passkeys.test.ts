/** Passkeys and security keys in a real browser, with real keys in a virtual authenticator. */
import { X509Certificate } from 'node:crypto'
import { decodeAttestationObject } from '@simplewebauthn/server/helpers'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { acrOf } from '../../src/domain/assurance.ts'
import { day } from '../../src/domain/time.ts'
import { isAttested } from '../../src/factors/webauthn-makes.ts'
import { createCertificate } from '../messaging/certificate.ts'
import { addPerson, password } from '../support/person.ts'
import { type Nature, plugIn } from './authenticator.ts'
import { landing, serve } from './party.ts'
import { fill, press, useStage } from './stage.ts'

const stage = useStage({ env: { SIGNET_DEMO__ENABLED: 'false' } })
const ways = { passkey: '/account/security/passkey', key: '/account/security/security-key' }
let people = 0

async function somebody() {
  people += 1
  const email = `person${people}@example.com`
  const id = await addPerson(stage.signet.house, email)
  return { id, email, page: await stage.person() }
}

const at = (path: string) => `${stage.signet.issuer}${path}`
const pathOf = (page: Page) => new URL(page.url()).pathname

async function typePassword(page: Page, email: string): Promise<void> {
  await page.locator('input[name="identifier"]:visible').fill(email)
  await press(page, 'Continue')
  await fill(page, 'current-password', password)
  await press(page, 'Continue')
}

/** Signs in with the password on the way, and adds a key. */
async function enrol(page: Page, email: string, way: string): Promise<void> {
  await page.goto(at(way))
  await typePassword(page, email)
  expect(pathOf(page)).toBe(way)
  await press(page, 'Save')
  expect(page.url()).toContain('/account/security?done=changed')
}

/** Somebody with an authenticator, and nothing in it yet. */
async function somebodyWith(nature: Nature) {
  const person = await somebody()
  return { ...person, authenticator: await plugIn(person.page, nature) }
}

/** Adds a passkey, and signs out: what is left is the key. */
async function withPasskey(nature: Nature = {}) {
  const person = await somebodyWith(nature)
  await enrol(person.page, person.email, ways.passkey)
  await person.page.context().clearCookies()
  return person
}

async function levelOf(id: string): Promise<{ acr: string; amr: readonly string[] }> {
  const sessions = await stage.signet.house.oidc.sessions.list(id)
  const [newest] = [...sessions].sort((one, other) => other.startedAt - one.startedAt)
  return { acr: newest?.acr ?? '', amr: newest?.amr ?? [] }
}

describe('a passkey', () => {
  it('S31: signs in from the identifier field alone, with nothing typed, and is two factors', async () => {
    const { id, page, authenticator } = await withPasskey()
    const [key] = await authenticator.credentials()
    expect(key).toMatchObject({ isResidentCredential: true, rpId: 'localhost' })
    await page.goto(at('/account'))
    await page.waitForURL(at('/account'))
    expect(await levelOf(id)).toEqual({ acr: acrOf('hardware-bound'), amr: ['hwk', 'mfa', 'user'] })
    const [own] = (await stage.signet.house.enrolments.list(id)).filter(({ factor }) => factor === 'passkey')
    expect(own?.lastUsedAt).toBeDefined()
  })

  it('S31: that can be copied to other devices is never hardware-bound', async () => {
    const { id, page } = await withPasskey({ syncable: true })
    await page.goto(at('/account'))
    await page.waitForURL(at('/account'))
    expect(await levelOf(id)).toEqual({ acr: acrOf('phishing-resistant'), amr: ['mfa', 'swk', 'user'] })
  })

  it('is offered by a button, and as another way once somebody is named', async () => {
    const { id, page, authenticator } = await withPasskey()
    await authenticator.touches(false)
    await page.goto(at('/account'))
    const button = page.getByRole('button', { name: 'Sign in with a passkey' })
    expect(await page.locator('input[name="identifier"]').getAttribute('autocomplete')).toBe(
      'username webauthn',
    )
    await authenticator.touches(true)
    await button.click()
    await page.waitForURL(at('/account'))
    expect((await levelOf(id)).amr).toEqual(['hwk', 'mfa', 'user'])

    await page.context().clearCookies()
    await authenticator.touches(false)
    await page.goto(at('/account'))
    await page.locator('input[name="identifier"]').fill('somebody@example.com')
    await press(page, 'Continue')
    await press(page, 'Sign in with a passkey')
    await authenticator.touches(true)
    await page.getByRole('button', { name: 'Continue' }).click()
    // It is not somebody's, whoever that is.
    await page.getByText('That did not match').waitFor()
  })

  it('S31: without verification is asked for after the password, and does not sign in by itself', async () => {
    const { id, page, email } = await withPasskey({ verification: false })
    await page.goto(at('/account'))
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await page.getByText('That was cancelled').waitFor()
    await typePassword(page, email)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.waitForURL(at('/account'))
    expect(await levelOf(id)).toEqual({ acr: acrOf('hardware-bound'), amr: ['hwk', 'mfa', 'pwd', 'user'] })
  })

  it('that its holder does not open says so, and can be tried again', async () => {
    const { page, authenticator } = await withPasskey()
    await authenticator.verifies(false)
    await page.goto(at('/account'))
    const button = page.getByRole('button', { name: 'Sign in with a passkey' })
    await button.click()
    await page.getByText('That was cancelled').waitFor()
    await authenticator.verifies(true)
    await button.click()
    await page.waitForURL(at('/account'))
  })

  it('S31: made to sign on another origin of the same host is refused here', async () => {
    const { page, authenticator } = await withPasskey()
    const elsewhere = await serve(landing)
    try {
      await authenticator.touches(false)
      await page.goto(at('/account'))
      const asked = page.locator('[data-webauthn]')
      const options = JSON.parse((await asked.getAttribute('data-options')) ?? '')
      const signIn = page.url()
      await page.goto(`${elsewhere.origin}/`)
      await authenticator.touches(true)
      const stolen = await page.evaluate(`(async () => {
        const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(${JSON.stringify(options)})
        return JSON.stringify(await navigator.credentials.get({ publicKey }))
      })()`)
      await authenticator.touches(false)
      await page.goto(signIn)
      await Promise.all([
        page.waitForEvent('framenavigated'),
        page.evaluate(`(() => {
          const field = document.querySelector('input[name="credential"]')
          field.value = ${JSON.stringify(stolen)}
          field.form.submit()
        })()`),
      ])
      await page.getByText('That did not match').waitFor()
    } finally {
      await elsewhere.close()
    }
  })

  it('S31: that was copied is refused when its counter goes back, and its owner is told', async () => {
    const { id, email, page, authenticator } = await withPasskey()
    const [copy] = await authenticator.credentials()
    if (copy === undefined) throw new Error('there is no key')
    await page.goto(at('/account'))
    await page.waitForURL(at('/account'))
    await page.context().clearCookies()
    await authenticator.forgetAll()
    await authenticator.put(copy)
    await page.goto(at('/account'))
    await page.getByText('That did not match').waitFor()
    const { subject } = await stage.signet.mail(email)
    expect(subject).toContain('copy of your key')
    const { items } = await stage.signet.house.audit.list({
      identityId: id,
      action: 'credential.suspected',
      limit: 5,
    })
    expect(items).toHaveLength(1)
  })

  it('S30: is added, named, renamed and removed by its owner, who is told; the browser hears what is still good', async () => {
    const { id, email, page, authenticator } = await somebodyWith({})
    await listen(page)
    await enrol(page, email, ways.passkey)
    expect((await stage.signet.mail(email)).text).toContain('passkey')
    const ours = async () =>
      (await stage.signet.house.enrolments.list(id)).filter(({ factor }) => factor === 'passkey')

    // The same authenticator a second time.
    await page.goto(at(ways.passkey))
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('already has a passkey').waitFor()
    expect(await ours()).toHaveLength(1)
    const [held] = await authenticator.credentials()
    const accepted = await heard(page, 'signalAllAcceptedCredentials')
    expect(accepted.at(-1)).toMatchObject({
      rpId: 'localhost',
      allAcceptedCredentialIds: [base64url(held?.credentialId)],
    })

    await page.getByRole('link', { name: /^Edit/ }).click()
    await page.getByRole('textbox').fill('Blue phone')
    await press(page, 'Save')
    expect(await page.locator('#own + ul').textContent()).toContain('Blue phone')
    await page.getByRole('link', { name: 'Edit Blue phone' }).click()
    await press(page, 'Remove')
    expect(await page.getByRole('status').first().textContent()).toContain('Removed')
    expect(await ours()).toEqual([])
    expect((await stage.signet.mail(email)).subject).toContain('removed')
    // Told that none is good any more, the browser throws its own away.
    const last = await heard(page, 'signalAllAcceptedCredentials')
    expect(last.at(-1)).toMatchObject({ allAcceptedCredentialIds: [] })
  })

  it('that was removed here says so, and the browser is told to forget it', async () => {
    const { id, page, authenticator } = await withPasskey()
    const { enrolments } = stage.signet.house
    for (const { id: credentialId, factor } of await enrolments.list(id))
      if (factor === 'passkey')
        await enrolments.remove(id, credentialId, { kind: 'operator' }, { force: true })
    const [held] = await authenticator.credentials()
    await listen(page)
    await page.goto(at('/account'))
    await page.getByText('does not belong to any account').waitFor()
    const told = await heard(page, 'signalUnknownCredential')
    expect(told).toEqual([{ rpId: 'localhost', credentialId: base64url(held?.credentialId) }])
  })

  it('where scripts are off, the page offers the other ways and says why this one is missing', async () => {
    const page = await stage.person({ javaScriptEnabled: false })
    await page.goto(at('/account'))
    expect(await page.locator('input[autocomplete="username"]').count()).toBe(1)
    expect(await page.getByRole('button', { name: 'Sign in with a passkey' }).isVisible()).toBe(false)
    await page.locator('input[name="identifier"]').fill('ana@example.com')
    await press(page, 'Continue')
    await press(page, 'Sign in with a passkey')
    expect(await page.locator('main').textContent()).toContain('needs JavaScript')
    await press(page, 'Use your password')
    expect(await page.locator('input[autocomplete="current-password"]').count()).toBe(1)
  })
})

describe('a security key', () => {
  it('S44: is touched after the password, and keeps nothing by itself', async () => {
    const { id, email, page, authenticator } = await somebodyWith({
      transport: 'usb',
      resident: false,
      verification: false,
    })
    await enrol(page, email, ways.key)
    const [held] = await authenticator.credentials()
    expect(held).toMatchObject({ isResidentCredential: false })
    await page.context().clearCookies()
    await page.goto(at('/account'))
    await typePassword(page, email)
    await authenticator.touches(true)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.waitForURL(at('/account'))
    expect(await levelOf(id)).toEqual({ acr: acrOf('hardware-bound'), amr: ['hwk', 'mfa', 'pwd', 'user'] })

    // Another key than the one that was added is no way in.
    await page.context().clearCookies()
    await authenticator.remove()
    await plugIn(page, { transport: 'usb', resident: false, verification: false })
    await page.goto(at('/account'))
    await typePassword(page, email)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByText('That was cancelled').waitFor()
  })
})

describe('what proves its make', () => {
  // The make of every virtual authenticator.
  const virtual = '01020304-0506-0708-0102-030405060708'
  const choosy = useStage({
    env: {
      SIGNET_DEMO__ENABLED: 'false',
      SIGNET_FACTORS__PASSKEY__ATTESTATION: 'direct',
      SIGNET_FACTORS__PASSKEY__ALLOW: `[${virtual}]`,
      SIGNET_FACTORS__SECURITY_KEY__ATTESTATION: 'direct',
      SIGNET_FACTORS__SECURITY_KEY__DENY: `[${virtual}]`,
    },
  })

  it('S31: is taken if that make is welcome, and leads to the root of its maker and to no other', async () => {
    await addPerson(choosy.signet.house, 'ana@example.com')
    const page = await choosy.person()
    const sent: string[] = []
    page.on('request', (request) => {
      const answer = new URLSearchParams(request.postData() ?? '').get('credential')
      const made = answer === null ? undefined : JSON.parse(answer).response.attestationObject
      if (made !== undefined) sent.push(made)
    })
    const builtIn = await plugIn(page)
    await page.goto(choosy.signet.issuer + ways.passkey)
    await typePassword(page, 'ana@example.com')
    await press(page, 'Save')
    expect(page.url()).toContain('done=changed')
    await page.goto(choosy.signet.issuer + ways.key)
    await page.waitForURL(choosy.signet.issuer + ways.key)
    await builtIn.remove()
    await plugIn(page, { transport: 'usb', resident: false, verification: false })
    await press(page, 'Save')
    await page.getByText('Keys of this make cannot be used here').waitFor()

    const [passkey = '', key = ''] = sent
    const maker = certificateIn(key)
    expect(await isAttested(passkey, [maker], Date.now())).toBe(true)
    expect(await isAttested(passkey, [createCertificate().cert, maker], Date.now())).toBe(true)
    expect(await isAttested(passkey, [createCertificate().cert], Date.now())).toBe(false)
    expect(await isAttested(passkey, [maker], Date.now() + 40 * 365 * day)).toBe(false)
    expect(await isAttested(passkey, [], Date.now())).toBe(false)
  })
})

/** The maker's certificate, which virtual authenticators sign themselves. */
function certificateIn(attestationObject: string): string {
  const bytes = Uint8Array.from(Buffer.from(attestationObject, 'base64url'))
  const [der = new Uint8Array()] = decodeAttestationObject(bytes).get('attStmt').get('x5c') ?? []
  return new X509Certificate(der).toString()
}

/** Notes what the page tells the browser about keys, in the order of the calls. */
async function listen(page: Page): Promise<void> {
  await page.addInitScript(`for (const name of ['signalAllAcceptedCredentials', 'signalUnknownCredential']) {
    const tell = PublicKeyCredential[name]?.bind(PublicKeyCredential)
    if (tell) PublicKeyCredential[name] = (said) => {
      sessionStorage.setItem(name, JSON.stringify([...JSON.parse(sessionStorage.getItem(name) ?? '[]'), said]))
      return tell(said)
    }
  }`)
}

async function heard(page: Page, name: string): Promise<unknown[]> {
  return JSON.parse((await page.evaluate(`sessionStorage.getItem(${JSON.stringify(name)})`)) ?? '[]')
}

function base64url(text = ''): string {
  return Buffer.from(text, 'base64').toString('base64url')
}
