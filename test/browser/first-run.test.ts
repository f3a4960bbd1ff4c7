/** The newcomer's story in a real browser: demo application → inbox → invitation → sign-in → consent → home → sign-out. */
import type { Page } from 'playwright-core'
import { afterEach, expect, it } from 'vitest'
import { password } from '../support/person.ts'
import { type Signet, startSignet } from '../support/signet.ts'
import { eachStore, onSqlite } from '../support/stores.ts'
import { fill, heading, patience, press, usePeople, words } from './stage.ts'

const people = usePeople()

eachStore((_, __, fresh) => {
  let signet: Signet | undefined
  afterEach(async () => {
    await signet?.stop()
    signet = undefined
  })

  it('leads the seeded person from the demo application through the invitation to everything there, and out again', async () => {
    signet = await startSignet({ storage: await fresh() })
    await story(signet, () => people.person())
  })
})

onSqlite((_, fresh) => {
  it('tells the same story in a browser without script', async () => {
    const signet = await startSignet({ storage: await fresh() })
    try {
      await story(signet, () => people.person({ javaScriptEnabled: false }))
    } finally {
      await signet.stop()
    }
  })
})

async function story(signet: Signet, open: () => Promise<Page>): Promise<void> {
  const demo = signet.started.demo ?? ''
  const page = await open()
  await page.goto(demo)
  await page.getByRole('link', { name: 'inbox' }).click()
  const invitation = page.getByRole('link', { name: 'Open the link' }).first()
  // Without script the inbox does not grow by itself.
  for (let looks = 0; looks < 100 && (await invitation.count()) === 0; looks++) {
    await page.waitForTimeout(200)
    await page.reload()
  }
  await invitation.click()
  await page.waitForURL(/\/invitation\?token=/)
  await fill(page, 'new-password', 'password')
  await press(page, 'Save password')
  expect(await page.getByLabel('New password').getAttribute('aria-invalid')).toBe('true')
  await fill(page, 'new-password', password)
  await press(page, 'Save password')
  expect(await heading(page)).toBe('Your account is ready')

  await signIn(page, demo)
  expect(await heading(page)).toBe('Orchard wants to know')
  await press(page, 'Allow')
  expect(new URL(page.url()).origin).toBe(demo)
  expect(await words(page)).toContain('Welcome, Sam Sample')
  expect(await words(page)).toContain('sam@example.com')
  await press(page, 'Refresh')
  expect(await words(page)).toContain('Refreshed')
  await press(page, 'Call an API')
  expect(await words(page)).toContain('The API answered 200')

  // A second device: allowed before, so nothing is asked again. From there the first one is signed out, which the application learns behind the scenes.
  const elsewhere = await open()
  await signIn(elsewhere, demo)
  expect(await words(elsewhere)).toContain('Welcome, Sam Sample')
  await elsewhere.goto(`${signet.issuer}/account/sessions`)
  await press(elsewhere, 'Sign out everywhere else')
  await expect
    .poll(async () => {
      await page.goto(demo)
      return words(page)
    }, patience)
    .toContain('You signed out of Signet, so you are signed out here too')

  await elsewhere.goto(demo)
  await press(elsewhere, 'Sign out')
  expect(new URL(elsewhere.url()).origin).toBe(demo)
  expect(await words(elsewhere)).toContain('Sign in with Signet')
  await press(elsewhere, 'Sign in with Signet')
  expect(await heading(elsewhere)).toBe('Sign in to Orchard')
}

async function signIn(page: Page, demo: string): Promise<void> {
  await page.goto(demo)
  await press(page, 'Sign in with Signet')
  expect(await page.locator('input[autocomplete~="username"]').inputValue()).toBe('sam@example.com')
  await press(page, 'Continue')
  await fill(page, 'current-password', password)
  await press(page, 'Continue')
}
