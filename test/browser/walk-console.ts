/** The console's pages of people and applications. */
import { signIn, submit } from './forms.ts'
import type { Walk } from './walk.ts'

export async function visitPeople({ signet, page, see }: Walk): Promise<void> {
  const at = (place: string) => page.goto(`${signet.issuer}/admin${place}`)
  await page.context().clearCookies()
  await signIn(page, `${signet.issuer}/admin`, 'root@example.com')
  await see('console', page)
  await at('/people')
  await see('console: people', page)
  await at('/people?search=nobody@example.com')
  await see('console: nobody found', page)
  await at('/people/new')
  await see('console: new person', page)
  await submit(page, { email: 'no address', name: 'Eve' })
  await see('console: new person mistaken', page)
  await submit(page, { email: 'eve.of.the.long.and.winding.road@department.example.com', name: 'Eve' })
  await see('console: invited', page)
  await page.locator('main a.button').click()
  await see('console: person', page)
  await page.goto(`${page.url()}/invite`)
  await see('console: invite again', page)
  await page.goto(page.url().replace('/invite', '/suspend'))
  await see('console: suspend', page)
}

export async function visitClients({ signet, page, see }: Walk): Promise<void> {
  const at = (place: string) => page.goto(`${signet.issuer}/admin${place}`)
  await at('/clients')
  await see('console: applications', page)
  await at('/clients/signet-demo')
  await see('console: declared application', page)
  await at('/clients/new')
  await see('console: new application', page)
  await submit(page, { name: 'Shop', redirect_uris: 'http://shop.example.com/*' })
  await see('console: new application mistaken', page)
  await submit(page, { name: 'Shop', redirect_uris: 'https://shop.example.com/callback/of/some/length' })
  await see('console: application created', page)
  await page.locator('main a.button').click()
  await see('console: application', page)
  await page.goto(`${page.url()}/disable`)
  await see('console: switch off', page)
}
