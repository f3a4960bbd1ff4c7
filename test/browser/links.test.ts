/** A link by mail in a real browser: the page that waits goes on by itself. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { fill, heading, patience, press, textOf, useStage, words } from './stage.ts'

describe('a link by mail', () => {
  const stage = useStage()

  async function wait(page: Page, email: string): Promise<string> {
    // Without a password: the link is all they have.
    const identifiers = [{ kind: 'email', written: email, verified: true }] as const
    await stage.signet.house.identities.create(
      { identifiers, state: 'active' },
      { kind: 'operator', id: 'test' },
    )
    await page.goto(stage.signet.started.demo ?? '')
    await press(page, 'Sign in with Signet')
    await fill(page, 'username', email)
    await press(page, 'Continue')
    await press(page, 'Get a sign-in link by e-mail')
    expect(await words(page)).toContain('This page goes on by itself')
    const again = page.getByRole('button', { name: 'Send another link' })
    expect(await again.isDisabled()).toBe(true)
    return (await stage.signet.mail(email)).links[0] ?? ''
  }

  it('confirmed on a phone with the number of the laptop, and the laptop goes on without a hand on it', async () => {
    const laptop = await stage.person()
    const link = await wait(laptop, 'ana@example.com')
    const number = await textOf(laptop.locator('.match-number'))
    const phone = await stage.person({ viewport: { width: 390, height: 800 }, colorScheme: 'dark' })
    await phone.goto(link)
    expect(await heading(phone)).toBe('Is this you?')
    await phone.getByLabel('Number on the page where you are signing in').fill(number)
    await press(phone, 'Sign me in there')
    expect(await heading(phone)).toBe('Confirmed')
    await laptop.getByRole('button', { name: 'Allow' }).waitFor()
  })

  it('opened beside the page that waits, it goes on there, and the first tab says so', async () => {
    const first = await stage.person()
    const link = await wait(first, 'ben@example.com')
    const second = await first.context().newPage()
    await second.goto(link)
    await press(second, 'Yes, sign me in')
    await second.getByRole('button', { name: 'Allow' }).waitFor()
    await expect.poll(() => words(first), patience).toContain('goes on in another tab')
  })
})
