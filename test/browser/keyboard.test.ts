/** Everything that a mouse can do on the way in, by keys alone. */
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { addPerson, password } from '../support/person.ts'
import { authorization } from './forms.ts'
import { heading, useStage, words } from './stage.ts'

describe('by keyboard alone', () => {
  const stage = useStage()
  beforeAll(async () => {
    await addPerson(stage.signet.house)
  })

  it('a person signs in, unticks what they keep to themselves, and allows the rest', async () => {
    const page = await stage.person()
    await page.goto(stage.signet.started.demo ?? '')
    await reach(page, 'Sign in with Signet')
    await go(page, 'Enter')

    expect(await focused(page)).toBe('E-mail, phone or username')
    await page.keyboard.press('ControlOrMeta+A')
    await page.keyboard.type('ana@example.com')
    await go(page, 'Enter')

    expect(await focused(page)).toBe('Password')
    await page.keyboard.type('not what it is')
    await reach(page, 'Show password')
    await page.keyboard.press('Space')
    expect(await page.locator('#password').getAttribute('type')).toBe('text')
    expect(await focused(page)).toBe('Password')
    await go(page, 'Enter')
    expect(await words(page)).toContain('That did not match')

    expect(await focused(page)).toBe('Password')
    await page.keyboard.type(password)
    await reach(page, 'Keep me signed in')
    await page.keyboard.press('Space')
    await reach(page, 'Continue')
    await go(page, 'Space')

    expect(await heading(page)).toBe('Orchard wants to know')
    await reach(page, 'Your e-mail address')
    await page.keyboard.press('Space')
    await reach(page, 'Allow')
    await go(page, 'Enter')
    expect(await words(page)).toContain('Welcome, Ana Ruiz')
    expect(await words(page)).not.toContain('ana@example.com')
  })

  it('the focus goes through each page in the order in which it reads, and can be seen everywhere', async () => {
    const page = await stage.person()
    await page.goto(authorization(stage.signet, { prompt: 'consent' }))
    await expectOrder(page, [
      'Skip to content',
      'E-mail, phone or username',
      'Continue',
      'Create an account',
      'Back to Orchard',
      'English',
      'Deutsch',
    ])
    await page.locator('input[name="identifier"]').fill('ana@example.com')
    await Promise.all([page.waitForEvent('framenavigated'), page.keyboard.press('Enter')])
    await page.waitForLoadState()
    await expectOrder(page, [
      'Skip to content',
      'Change',
      'Forgotten?',
      'Password',
      'Show password',
      'Keep me signed in',
      'Continue',
      'Back to Orchard',
      'English',
      'Deutsch',
    ])
    await page.locator('input[name="password"]').fill(password)
    await Promise.all([page.waitForEvent('framenavigated'), page.keyboard.press('Enter')])
    await page.waitForLoadState()
    const order = await tour(page)
    expect(order.slice(0, 2)).toEqual(['Skip to content', 'Not you?'])
    expect(order.indexOf('Cancel')).toBe(order.indexOf('Allow') - 1)
  })

  it('the skip link leads past the frame', async () => {
    const page = await stage.person()
    await page.goto(`${stage.signet.issuer}/recovery`)
    await page.evaluate('document.activeElement.blur()')
    await page.evaluate('document.querySelector(".skip").focus()')
    await page.keyboard.press('Enter')
    expect(new URL(page.url()).hash).toBe('#main')
    await page.keyboard.press('Tab')
    expect(await focused(page)).toBe('E-mail, phone or username')
  })
})

/** Goes on with Tab to what is called so; whatever has the focus on the way must show it. */
async function reach(page: Page, name: string): Promise<void> {
  for (let steps = 0; steps < 30; steps++) {
    await page.keyboard.press('Tab')
    expect(await page.evaluate(focusShows)).toBe('shows')
    if ((await focused(page)) === name) return
  }
  throw new Error(`no key leads to ${name}`)
}

async function go(page: Page, key: string): Promise<void> {
  await Promise.all([page.waitForEvent('framenavigated'), page.keyboard.press(key)])
  await page.waitForLoadState()
}

/** These come in this order; other ways to sign in may stand between them. */
async function expectOrder(page: Page, names: readonly string[]): Promise<void> {
  expect((await tour(page)).filter((name) => names.includes(name))).toEqual(names)
}

/** The names of everything that Tab reaches, from the top. */
async function tour(page: Page): Promise<string[]> {
  await page.evaluate('document.querySelector(".skip").focus()')
  const names = [await focused(page)]
  for (let steps = 0; steps < 40; steps++) {
    await page.keyboard.press('Tab')
    const name = await focused(page)
    if (name === '' || name === names[0]) return names
    expect(`${name} ${await page.evaluate(focusShows)}`).toBe(`${name} shows`)
    names.push(name)
  }
  throw new Error(`the focus never comes round: ${names.join(', ')}`)
}

/** What has the focus, as a person would call it. */
async function focused(page: Page): Promise<string> {
  return page.evaluate(`(() => {
    const element = document.activeElement
    if (element === document.body) return ''
    const label = element.getAttribute('aria-label') ?? element.labels?.[0]?.querySelector('span')?.firstChild?.textContent ?? element.labels?.[0]?.textContent
    return (label ?? element.textContent).replace(/\\s+/g, ' ').trim()
  })()`)
}

const focusShows = `(() => {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement)
  const { width, height } = document.activeElement.getBoundingClientRect()
  return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && width > 1 && height > 1 ? 'shows' : document.activeElement.outerHTML.slice(0, 200)
})()`
