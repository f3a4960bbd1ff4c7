/** One browser and one Signet for a file of browser tests. Every page is watched: what its console complains about fails the test. */
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { openBrowser } from '../support/browser.ts'
import { type Setting, type Signet, startSignet } from '../support/signet.ts'
import { type FreshStore, freshSqlite } from '../support/stores.ts'

export interface Stage {
  readonly signet: Signet
  /** A browser of somebody's own, closed after the test. */
  person(options?: BrowserContextOptions): Promise<Page>
  /** What this test provokes, the console may complain about. */
  forgive(pattern: RegExp): void
}

/** Opens both before the tests of the file, and closes them after. */
export function useStage(setting: Partial<Setting> = {}): Stage {
  const people = usePeople()
  let store: FreshStore | undefined
  let signet: Signet | undefined

  beforeAll(async () => {
    store = await freshSqlite()
    signet = await startSignet({ storage: store.url, ...setting })
  })
  afterAll(async () => {
    await signet?.stop()
    await store?.drop()
  })

  return {
    ...people,
    get signet() {
      if (signet === undefined) throw new Error('Signet is not running yet')
      return signet
    },
  }
}

/** The browser alone, for tests that start a Signet each. */
export function usePeople(): Pick<Stage, 'person' | 'forgive'> {
  let browser: Browser | undefined
  const open: BrowserContext[] = []
  const complaints: string[] = []
  const forgiven: RegExp[] = []

  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser?.close())
  afterEach(async () => {
    await Promise.all(open.splice(0).map((context) => context.close()))
    const expected = forgiven.splice(0)
    const surprising = complaints.splice(0).filter((one) => !expected.some((pattern) => pattern.test(one)))
    expect(surprising).toEqual([])
  })

  return {
    async person(options = {}) {
      if (browser === undefined) throw new Error('the browser is not open yet')
      const context = await browser.newContext({
        locale: 'en-GB',
        viewport: { width: 1100, height: 800 },
        ...options,
      })
      // What does not come soon does not come: a test that waits must not take the whole run with it.
      context.setDefaultTimeout(30_000)
      open.push(context)
      watch(context, complaints)
      return context.newPage()
    },
    forgive: (pattern) => void forgiven.push(pattern),
  }
}

/** Content-security violations, uncaught errors and missing files. A page that answers 4xx by design is none of them. */
function watch(context: BrowserContext, complaints: string[]): void {
  const refusals = new Set<string>()
  context.on('response', (response) => {
    if (response.status() >= 400 && response.request().isNavigationRequest()) refusals.add(response.url())
  })
  context.on('console', (message) => {
    const designed =
      refusals.has(message.location().url) && message.text().startsWith('Failed to load resource')
    if (message.type() === 'error' && !designed)
      complaints.push(`${message.location().url}: ${message.text()}`)
  })
  context.on('weberror', (error) => complaints.push(String(error.error())))
}

/** Presses the button with these words and waits for the page it leads to. */
export async function press(page: Page, name: string | RegExp): Promise<void> {
  await Promise.all([
    page.waitForEvent('framenavigated'),
    page.getByRole('button', { name, exact: typeof name === 'string' }).click(),
  ])
  await page.waitForLoadState()
}

/** Fills the one field with this autocomplete token, as a password manager finds it. */
export async function fill(page: Page, token: string, value: string): Promise<void> {
  await page.locator(`input[autocomplete~="${token}"]:visible`).fill(value)
}

/** How long a test waits for what happens behind the scenes. */
export const patience = { timeout: 30_000, interval: 200 } as const

/** What the page is about. */
export function heading(page: Page): Promise<string> {
  return textOf(page.getByRole('heading', { level: 1 }))
}

/** What the page says. */
export function words(page: Page): Promise<string> {
  return textOf(page.locator('main'))
}

export async function textOf(element: Locator): Promise<string> {
  return ((await element.textContent()) ?? '').replace(/\s+/g, ' ').trim()
}
