/** Every kind of page, in both languages, light and dark, wide and narrow: nothing for axe to find, nothing wider than the window, nothing in the console. */
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClock } from '../support/clock.ts'
import { landing, type Site, serve } from './party.ts'
import { useStage } from './stage.ts'
import { stops, walkSettings } from './walk.ts'

const wide = { width: 1100, height: 800 }
const narrow = { width: 360, height: 740 }

describe.concurrent.each([
  { language: 'en', locale: 'en-GB' },
  { language: 'de', locale: 'de-DE' },
])('in $language', ({ language, locale }) => {
  const clock = createClock()
  const stage = useStage({ env: walkSettings, clock: clock.now })
  let site: Site
  beforeAll(async () => {
    site = await serve(landing)
  })
  afterAll(() => site.close())

  it('every page can be read and used by everybody, on every screen', { timeout: 600_000 }, async () => {
    // What fades in has other colours on the way.
    const options = { locale, viewport: wide, reducedMotion: 'reduce' } as const
    const [page, other] = [await stage.person(options), await stage.person(options)]
    // Sent once and kept by the browser: to send it to each page would take longer than everything else.
    for (const one of [page, other]) await one.context().addInitScript({ content: axe.source })
    const found: Record<string, readonly string[]> = {}
    const { signet } = stage
    const { advance } = clock
    const callback = `${site.origin}/callback`

    async function see(name: string, seen: Page): Promise<void> {
      const ours = seen.url().startsWith(signet.issuer)
      const faults = [...(await violationsOf(seen)), ...(ours ? await structure(seen, language) : [])]
      if (faults.length > 0) found[name] = faults
    }
    for (const visit of Object.values(stops)) {
      await visit({ signet, page, other, advance, callback, see })
    }
    expect(found).toEqual({})
  })
})

/** All rules in two of the four appearances, and the colours in the other two. */
async function violationsOf(page: Page): Promise<string[]> {
  const faults = await violations(page, 'light, wide')
  await page.emulateMedia({ colorScheme: 'dark' })
  faults.push(...(await violations(page, 'dark, wide', ['color-contrast'])))
  await page.setViewportSize(narrow)
  faults.push(...(await violations(page, 'dark, narrow')), ...(await tooWide(page)))
  await page.emulateMedia({ colorScheme: 'light' })
  faults.push(...(await violations(page, 'light, narrow', ['color-contrast'])))
  await page.setViewportSize(wide)
  return faults
}

/** Not inside frames: the one there is (a caught mail) runs no script, so there is nobody to ask. */
async function violations(page: Page, appearance: string, runOnly?: string[]): Promise<string[]> {
  const options = JSON.stringify({ iframes: false, resultTypes: ['violations'], ...(runOnly && { runOnly }) })
  const { violations: found } = await page.evaluate<axe.AxeResults>(`axe.run(document, ${options})`)
  return found.flatMap(({ id, nodes }) =>
    nodes.map(
      ({ target, failureSummary }) => `${appearance}: ${id} at ${target.join(' ')}: ${failureSummary}`,
    ),
  )
}

/** Neither the page nor anything on it that does not scroll by itself. */
async function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const scrolls = (element) => element !== null && (getComputedStyle(element).overflowX === 'auto' || scrolls(element.parentElement))
    const over = [...document.querySelectorAll('main, main *, header *, footer *')]
      .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5 && !scrolls(element))
      .map((element) => 'narrow: beyond the edge: ' + element.outerHTML.slice(0, 120))
    const page = document.scrollingElement.scrollWidth
    return page > innerWidth ? ['narrow: the page is ' + page + ' wide', ...over] : over
  })()`)
}

/** What axe does not look for: the language, one heading, one form to fill in, and the first mistake in focus. */
async function structure(page: Page, language: string): Promise<string[]> {
  return page.evaluate(`(() => {
    const faults = []
    const visible = (element) => element.checkVisibility() && element.type !== 'hidden'
    if (document.documentElement.lang !== ${JSON.stringify(language)}) faults.push('language: ' + document.documentElement.lang)
    const headings = document.querySelectorAll('h1').length
    if (headings !== 1) faults.push(headings + ' first headings')
    const filled = [...document.forms].filter((form) => [...form.querySelectorAll('input, textarea')].some(visible))
    if (filled.length > 1) faults.push(filled.length + ' forms to fill in')
    const mistake = document.querySelector('[aria-invalid="true"]')
    if (mistake !== null && document.activeElement !== mistake) faults.push('the first mistake is not in focus: ' + mistake.name)
    for (const input of document.querySelectorAll('[aria-describedby]'))
      for (const id of input.getAttribute('aria-describedby').split(' '))
        if (document.getElementById(id) === null) faults.push('no description ' + id)
    return faults
  })()`)
}
