/** A house with links and codes by mail, and Ana, who has nothing but her mailbox. */
import { expect } from 'vitest'
import type { Reply } from '../../src/authentication/elsewhere.ts'
import { emailCode } from '../../src/factors/email-code.ts'
import { magicLink } from '../../src/factors/magic-link.ts'
import { type Asker, type House, type HouseOptions, minute, visit } from '../authentication/house.ts'
import type { OpenStore } from '../support/stores.ts'
import { delivered, sendingHouse } from './sent.ts'

export const settings = { enabled: true, lifetime: 15 * minute, per_hour: 6 }
export const name = 'magic-link'
export const ana = 'ana@example.com'
export const phone = `phone-${'p'.repeat(40)}`

/** What the newest link holds. */
export function keyOf(house: House): string {
  const link = new URL(String(delivered(house).at(-1)?.values.link))
  expect(`${link.origin}${link.pathname}`).toBe('https://id.example.com/answer')
  return link.searchParams.get('key') ?? ''
}

export async function numberOf(house: House, who: Asker): Promise<string> {
  return String((await house.engine.current(who, visit()))?.show?.number)
}

export async function withAna(
  open: OpenStore,
  options: HouseOptions = {},
  more: Partial<typeof settings> = {},
) {
  const house = await sendingHouse(
    open,
    (budget) => [
      magicLink({ budget, settings: { ...settings, ...more } }),
      emailCode({ budget, settings: { ...settings, lifetime: 10 * minute, digits: 6, tries: 5 } }),
    ],
    options,
  )
  return { ...house, id: await house.person(ana, { password: null }) }
}

export function approve(house: House, key: string, browser: string, number?: string): Promise<Reply> {
  return house.engine.elsewhere.answer(key, browser, {
    approve: true,
    ...(number === undefined ? {} : { number }),
  })
}
