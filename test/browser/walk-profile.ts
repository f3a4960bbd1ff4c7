/** A stop of the walk (walk.ts): what people say of themselves. */
import { green, png } from '../support/pictures.ts'
import { submit } from './forms.ts'
import type { Walk } from './walk.ts'

/** Somebody is signed in. */
export async function visitProfile({ signet, page, see }: Walk): Promise<void> {
  const at = (place: string) => page.goto(`${signet.issuer}/account${place}`)
  await at('/profile')
  await see('account: profile', page)
  for (const group of await page.locator('summary').all()) await group.click()
  await see('account: profile with every group open', page)
  await submit(page, { name: 'x'.repeat(300) }, '[action="/account/profile"] button[type="submit"]')
  await see('account: profile mistaken', page)
  await submit(
    page,
    { name: 'Ana Ruiz', nickname: 'Ana' },
    '[action="/account/profile"] button[type="submit"]',
  )
  await at('/profile/picture')
  await see('account: picture', page)
  const file = (buffer: Buffer) => ({ name: 'me.png', mimeType: 'image/png', buffer })
  await page.locator('[name="picture"]').setInputFiles(file(Buffer.from('no picture')))
  await submit(page, {})
  await see('account: picture that is none', page)
  await page.locator('[name="picture"]').setInputFiles(file(png(60, 60, () => green)))
  await submit(page, {})
  await see('account: picture set', page)
  await at('/profile/username')
  await see('account: username', page)
  await submit(page, { username: '123' })
  await see('account: username mistaken', page)
}
