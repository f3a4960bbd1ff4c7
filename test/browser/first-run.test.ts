/** The newcomer's story in a real browser: demo application → inbox → invitation → sign-in → consent → home → sign-out. */
import type { Page } from 'playwright-core'
import { afterEach, expect, it } from 'vitest'
import { type Signet, startSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { fill, press, usePeople } from './stage.ts'

const password = 'plenty of orchards in autumn'
const people = usePeople()

eachStore((_, __, fresh) => {
  let signet: Signet | undefined
  afterEach(async () => {
    await signet?.stop()
    signet = undefined
  })

  for (const javaScriptEnabled of [true, false]) {
    it(`leads from the demo application through the invitation to the home of the seeded person and out again, ${javaScriptEnabled ? 'with' : 'without'} script`, async () => {
      signet = await startSignet({ storage: await fresh() })
      const demo = signet.started.demo ?? ''
      const page = await people.person({ javaScriptEnabled })

      await page.goto(demo)
      await page.getByRole('link', { name: 'inbox' }).click()
      await page.getByRole('link', { name: 'Open the link' }).first().click()
      await page.waitForURL(/\/invitation\?token=/)
      await fill(page, 'new-password', 'password')
      await press(page, 'Save password')
      expect(await page.getByRole('textbox', { name: 'New password' }).getAttribute('aria-invalid')).toBe(
        'true',
      )
      await fill(page, 'new-password', password)
      await press(page, 'Save password')
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('Your account is ready')

      await signIn(page, demo)
      await press(page, 'Allow')
      expect(new URL(page.url()).origin).toBe(demo)
      expect(await page.locator('main').textContent()).toContain('Welcome, Sam Sample')
      expect(await page.locator('main').textContent()).toContain('sam@example.com')

      await press(page, 'Refresh')
      expect(await page.getByRole('status').textContent()).toContain('Refreshed')
      await press(page, 'Call an API')
      expect(await page.getByRole('status').textContent()).toContain('The API answered 200')

      const elsewhere = await people.person({ javaScriptEnabled })
      await signIn(elsewhere, demo)
      expect(await elsewhere.locator('main').textContent()).toContain('Welcome, Sam Sample')

      await press(page, 'Sign out')
      expect(await page.locator('main').textContent()).toContain('Sign in with Signet')
      await press(page, 'Sign in with Signet')
      expect(await page.locator('input[autocomplete="username"]').count()).toBe(1)
      await elsewhere.reload()
      expect(await elsewhere.locator('main').textContent()).toContain('Welcome, Sam Sample')
    })
  }
})

async function signIn(page: Page, demo: string): Promise<void> {
  await page.goto(demo)
  await press(page, 'Sign in with Signet')
  expect(await page.locator('input[autocomplete="username"]').inputValue()).toBe('sam@example.com')
  await press(page, 'Continue')
  await fill(page, 'current-password', password)
  await press(page, 'Continue')
}
