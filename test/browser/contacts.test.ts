/** Ana names three friends, loses her phone, and two of them say on the phone that it is her: four people in real browsers. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { addPerson, password } from '../support/person.ts'
import { signIn } from './forms.ts'
import { fill, heading, press, useStage, words } from './stage.ts'

const env = { SIGNET_DEMO__ENABLED: 'false', SIGNET_RECOVERY__CONTACTS__WAITING_TIME: '0s' }
const stage = useStage({ env })
const ana = 'ana@example.com'
const friends = ['bob@example.com', 'carla@example.com', 'dan@example.com'] as const
/** Lost with her phone: then only friends are left beside the password. */
const key = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

/** Where pictures go, for whoever wants to look at them. */
const pictures = process.env.SIGNET_TEST_PICTURES

/** In light and dark, wide and narrow; nothing reaches beyond the edge. */
async function everyAppearance(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [1100, 360]) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 800 })
      expect(await page.evaluate('document.scrollingElement.scrollWidth')).toBe(width)
      if (pictures === undefined) continue
      await mkdir(pictures, { recursive: true })
      await page.screenshot({ path: join(pictures, `${name}-${colorScheme}-${width}.png`), fullPage: true })
    }
  await page.setViewportSize({ width: 1100, height: 800 })
}

async function person(email: string): Promise<Page> {
  const page = await stage.person({ reducedMotion: 'reduce' })
  await signIn(page, `${stage.signet.issuer}/account`, email)
  return page
}

const open = (page: Page, name: RegExp | string) => page.getByRole('link', { name }).first().click()

it('names them, is asked for four words by voice, and goes on as soon as two said yes', {
  timeout: 180_000,
}, async () => {
  const { issuer, house } = stage.signet
  const id = await addPerson(house)
  for (const email of friends)
    await addPerson(house, email, { claims: { name: `Friend ${email[0]?.toUpperCase()}` } })
  const her = await person(ana)
  await open(her, /^Security/)
  await open(her, /^Trusted contacts:/)
  for (const email of friends) {
    await her.getByLabel('Their e-mail address or username here').fill(email)
    await press(her, 'Ask them')
  }
  expect(await words(her)).toContain('If there is such an account, its owner was asked')
  await everyAppearance(her, 'contacts-asked')

  const them: Page[] = []
  for (const email of friends) {
    const page = await person(email)
    await page.getByText('Ana Ruiz asks you to be a trusted contact.').waitFor()
    await open(page, /^Answer: Ana Ruiz/)
    expect(await heading(page)).toBe('Be a trusted contact?')
    if (email === friends[0]) await everyAppearance(page, 'contacts-role')
    await press(page, 'Yes, I will vouch')
    expect(await words(page)).toContain('You are a trusted contact now')
    them.push(page)
  }
  await her.reload()
  expect(await words(her)).toContain('Counting now: 3')
  await everyAppearance(her, 'contacts-count')
  await open(her, /^Remove bob@/)
  await everyAppearance(her, 'contacts-remove')

  // Her phone is gone, and with it every other way.
  await house.enrolments.adopt(id, 'totp', { totp_secret: key })
  const claimant = await stage.person({ reducedMotion: 'reduce' })
  await claimant.goto(`${issuer}/recovery/lost`)
  await claimant.locator('main form button[type="submit"]').first().click()
  await fill(claimant, 'username', ana)
  await press(claimant, 'Continue')
  await fill(claimant, 'current-password', password)
  await press(claimant, 'Continue')
  if ((await claimant.locator('.phrase').count()) === 0) await press(claimant, 'Ask my trusted contacts')
  const phrase = await claimant.locator('.phrase li').allTextContents()
  expect(phrase).toHaveLength(4)
  await everyAppearance(claimant, 'contacts-waiting')

  const approve = async (page: Page) => {
    await page.goto(`${issuer}/account`)
    await open(page, /wants back into their account/)
    expect(await page.locator('.phrase li').allTextContents()).toEqual(phrase)
    expect(await words(page)).toContain('never approve what came in writing alone')
  }
  const [bob, carla, dan] = them as [Page, Page, Page]
  await approve(bob)
  await everyAppearance(bob, 'contacts-request')
  // By keyboard alone: the box, then the button.
  await bob.getByLabel(/they said these four words to me/).focus()
  await bob.keyboard.press('Space')
  await bob.keyboard.press('Tab')
  await Promise.all([bob.waitForEvent('framenavigated'), bob.keyboard.press('Enter')])
  expect(await words(bob)).toContain('You vouched for them')
  await everyAppearance(bob, 'contacts-vouched')
  await open(bob, 'Look at the request of Ana Ruiz')
  await everyAppearance(bob, 'contacts-given')

  await approve(dan)
  await dan.getByLabel(/they said these four words to me/).check()
  await press(dan, 'Yes, it is them')
  // The page that waits goes on by itself.
  await claimant.getByRole('heading', { level: 1, name: 'What do you not have any more?' }).waitFor()
  // Whoever comes too late reads that it is over.
  await carla.goto(`${issuer}/account/vouching`)
  expect(await words(carla)).not.toContain('wants back')
  await everyAppearance(carla, 'contacts-vouching')
})
