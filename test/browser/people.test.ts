/** What people do besides signing in, in a real browser: register, set up, get back in, look after their account. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { minute } from '../../src/domain/time.ts'
import { createClock } from '../support/clock.ts'
import { addPerson, password } from '../support/person.ts'
import { fill, heading, press, textOf, useStage, words } from './stage.ts'

const another = 'a different orchard every spring'

describe('people', () => {
  const clock = createClock()
  const stage = useStage({ clock: clock.now })

  async function signIn(page: Page, email: string, typed = password): Promise<void> {
    await fill(page, 'username', email)
    await press(page, 'Continue')
    await fill(page, 'current-password', typed)
    await press(page, 'Continue')
  }

  it('register with the code that the inbox shows, and are signed in where they came from', async () => {
    const page = await stage.person()
    await page.goto(stage.signet.started.demo ?? '')
    await press(page, 'Sign in with Signet')
    await page.getByRole('link', { name: 'Create an account' }).click()
    await page.getByLabel('Name', { exact: true }).fill('Kim Novak')
    await fill(page, 'email', 'kim@example.com')
    await press(page, 'Continue')
    expect(await words(page)).toContain('k•••@example.com')

    const inbox = await page.context().newPage()
    await inbox.goto(`${stage.signet.issuer}/inbox?to=kim@example.com`)
    const code = await textOf(inbox.locator('.message-code'))
    await page.bringToFront()
    await fill(page, 'one-time-code', code)
    await press(page, 'Continue')
    await fill(page, 'new-password', password)
    await press(page, 'Save and continue')
    await press(page, 'Allow')
    expect(await words(page)).toContain('Welcome, Kim Novak')
    expect(await words(page)).toContain('kim@example.com')
  })

  it('see what arrives in the inbox while it is open', async () => {
    const inbox = await stage.person()
    await inbox.goto(`${stage.signet.issuer}/inbox?to=late@example.com`)
    expect(await words(inbox)).toContain('Nothing has been sent to late@example.com yet')
    await addPerson(stage.signet.house, 'late@example.com')
    const page = await stage.person()
    await page.goto(`${stage.signet.issuer}/recovery`)
    await fill(page, 'username', 'late@example.com')
    await press(page, 'Send the link')
    await inbox.getByRole('link', { name: 'Open the link' }).waitFor()
    expect(await inbox.getByRole('status').textContent()).not.toBe('')
  })

  it('become the first administrator with the code from the terminal, and go on to the console to register an application', async () => {
    const { url = '', code = '' } = stage.signet.started.setup ?? {}
    const page = await stage.person()
    await page.goto(url)
    await fill(page, 'one-time-code', code)
    await page.getByLabel('Your name').fill('Root')
    await fill(page, 'email', 'root@example.com')
    await press(page, 'Continue')
    await fill(page, 'new-password', password)
    await press(page, 'Save password')
    await page.getByRole('link', { name: 'Sign in' }).click()
    await signIn(page, 'root@example.com')
    expect(new URL(page.url()).pathname).toBe('/admin')

    await page.getByRole('link', { name: 'Applications' }).first().click()
    await page.getByRole('link', { name: 'New application' }).click()
    await page.getByLabel('Name', { exact: true }).fill('Shop')
    await page.getByLabel('Redirect URIs').fill('https://shop.example.com/callback')
    await press(page, 'Create application')
    expect(await heading(page)).toBe('Shop is ready')
    const id = await textOf(page.locator('#client_id'))
    const secret = await textOf(page.locator('#client_secret'))
    const client = await stage.signet.house.clients.find(id)
    expect(client?.metadata.redirect_uris).toEqual(['https://shop.example.com/callback'])
    expect(client && (await stage.signet.house.clients.secretMatches(client, secret))).toBe(true)

    const late = await stage.person()
    await late.goto(url)
    expect(await heading(late)).toBe('Nothing here')
  })

  it('get back in with a link from their mail when they forgot the password, which ends what was open', async () => {
    await addPerson(stage.signet.house, 'olga@example.com')
    const open = await stage.person()
    await open.goto(`${stage.signet.issuer}/account`)
    await signIn(open, 'olga@example.com')

    const page = await stage.person()
    await page.goto(`${stage.signet.issuer}/account`)
    await fill(page, 'username', 'olga@example.com')
    await press(page, 'Continue')
    await page.getByRole('link', { name: 'Forgotten?' }).click()
    await fill(page, 'username', 'olga@example.com')
    await press(page, 'Send the link')
    const inbox = await page.context().newPage()
    await inbox.goto(`${stage.signet.issuer}/inbox?to=olga@example.com`)
    await inbox.getByRole('link', { name: 'Open the link' }).first().click()
    await fill(inbox, 'new-password', another)
    await press(inbox, 'Save password')
    await inbox.getByRole('link', { name: 'Sign in' }).click()
    await signIn(inbox, 'olga@example.com', password)
    expect(await words(inbox)).toContain('That did not match')
    await fill(inbox, 'current-password', another)
    await press(inbox, 'Continue')
    expect(new URL(inbox.url()).pathname).toBe('/account')

    await open.reload()
    expect(await open.locator('input[autocomplete~="username"]').count()).toBe(1)
  })

  it('change their name, and their password after they proved once more who they are, which ends every other session', async () => {
    await addPerson(stage.signet.house, 'ana@example.com')
    const [page, elsewhere] = [await stage.person(), await stage.person()]
    for (const one of [page, elsewhere]) {
      await one.goto(`${stage.signet.issuer}/account`)
      await signIn(one, 'ana@example.com')
    }
    await page.locator('.bar nav').getByRole('link', { name: 'Profile' }).click()
    await page.getByLabel('Name', { exact: true }).fill('Ana María Ruiz')
    await press(page, 'Save')
    expect(await words(page)).toContain('Saved.')

    clock.advance(10 * minute)
    await page.locator('.bar nav').getByRole('link', { name: 'Security' }).click()
    await page.getByRole('link', { name: 'Password: Change' }).click()
    expect(await heading(page)).toBe('Sign in once more')
    await signIn(page, 'ana@example.com')
    expect(new URL(page.url()).pathname).toBe('/account/security/password')
    await fill(page, 'new-password', another)
    await press(page, 'Save')
    expect(await words(page)).toContain('You are signed out everywhere else')
    await elsewhere.reload()
    expect(await elsewhere.locator('input[autocomplete~="username"]').count()).toBe(1)

    await page.goto(`${stage.signet.issuer}/account`)
    expect(await heading(page)).toBe('Ana María Ruiz')
    await page.locator('.bar').getByRole('link', { name: 'Sign out' }).click()
    await press(page, 'Sign out')
    expect(await heading(page)).toBe('You are signed out')
    await page.goto(`${stage.signet.issuer}/account`)
    expect(await page.locator('input[autocomplete~="username"]').count()).toBe(1)
  })

  it('read in their activity that a stranger tried, and from where', async () => {
    await addPerson(stage.signet.house, 'eve@example.com')
    const stranger = await stage.person()
    await stranger.goto(`${stage.signet.issuer}/account`)
    await signIn(stranger, 'eve@example.com', 'a guess that leads nowhere')
    const page = await stage.person()
    await page.goto(`${stage.signet.issuer}/account/activity`)
    await signIn(page, 'eve@example.com')
    const line = page.getByRole('listitem').filter({ hasText: 'A sign-in failed' })
    expect(await textOf(line)).toMatch(/somebody, at (127\.0\.0\.1|::1) · Chrome/)
  })
})
