/** Passkeys in a real browser, with real keys in a virtual authenticator. */
import { describe, expect, it } from 'vitest'
import { acrOf } from '../../src/domain/assurance.ts'
import { typePassword, useKeyHolders } from './key-holders.ts'
import { landing, serve } from './party.ts'
import { press } from './stage.ts'

const { stage, at, withPasskey, levelOf } = useKeyHolders()

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
