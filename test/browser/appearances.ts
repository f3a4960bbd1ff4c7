/** A page in light and dark, wide and narrow: nothing reaches beyond the edge. Pictures go where SIGNET_TEST_PICTURES says, for whoever wants to look at them. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const pictures = process.env.SIGNET_TEST_PICTURES

export async function everyAppearance(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [1100, 360]) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 800 })
      expect(await page.evaluate('document.scrollingElement.scrollWidth')).toBe(width)
      await picture(page, `${name}-${colorScheme}-${width}`)
    }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 1100, height: 800 })
}

async function picture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return
  await mkdir(pictures, { recursive: true })
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
}
