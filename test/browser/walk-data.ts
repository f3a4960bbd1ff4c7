import { submit } from './forms.ts'
import type { Walk } from './walk.ts'

/** What somebody meets who takes their data with them, wants to leave, and stays. Ana is signed in, freshly. */
export async function visitData({ signet, page, other, see }: Walk): Promise<void> {
  const at = (place: string) => page.goto(`${signet.issuer}/account/data${place}`)
  await at('')
  await see('account: data', page)
  await submit(page, {}, '[action="/account/data/export"] button')
  await see('account: data asked for', page)
  while ((await page.locator('[action="/account/data/export/json"]').count()) === 0) await at('')
  await see('account: data ready', page)
  await at('/delete')
  await see('account: delete', page)
  const { id } = await signet.mail('ana@example.com')
  await submit(page, {}, '[action="/account/data/delete"] button')
  await see('account: deletion planned', page)
  const { links } = await signet.mail('ana@example.com', id)
  await other.goto(links[0] ?? '')
  await see('keep the account', other)
  await submit(other, {}, '[action="/keep-account"] button')
  await see('keep the account: done', other)
  await other.goto(links[0] ?? '')
  await see('keep the account: gone', other)
}
