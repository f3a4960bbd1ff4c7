/** The pages of somebody's own account: all they have there, a fire drill, and the devices they trust. */
import type { Page } from 'playwright-core'
import { codeOf } from '../factors/authenticator.ts'
import { addPerson, password } from '../support/person.ts'
import { signIn, submit } from './forms.ts'
import type { Walk } from './walk.ts'

export async function visitAccount({ signet, page, other, see }: Walk): Promise<void> {
  const at = (place: string) => page.goto(`${signet.issuer}/account${place}`)
  await signIn(other, `${signet.issuer}/account`, 'ana@example.com')
  await at('')
  await see('account', page)
  await at('/profile/phone')
  await see('account: phone number', page)
  await submit(page, { phone: '12' })
  await see('account: phone number mistaken', page)
  await submit(page, { phone: '+4915112345678' })
  await see('account: code for a phone number', page)
  await submit(page, { code: '1' })
  await see('account: code for a phone number wrong', page)
  await at('/sessions')
  await see('account: sessions', page)
  await at('/applications')
  await see('account: applications', page)
  await page.locator('main li a').first().click()
  await see('account: application', page)
  await submit(page, {}, '[name="withdraw"]')
  await see('account: application, less of it', page)
  await at('/activity')
  await see('account: activity', page)
  await at('/activity?topic=recovery&period=week&failed=yes')
  await see('account: activity filtered', page)
  await at('/activity?topic=sign-ins')
  await page.locator('main ol li').last().locator('a').click()
  await see('account: in question', page)
  await submit(page, {}, 'main form button')
  await see('account: in question, told', page)
  await at('/check')
  await see('account: check', page)
  await at('/security/password')
  await see('account: password', page)
  await submit(page, { password: 'short' })
  await see('account: password too short', page)
  for (const way of ['passkey', 'security-key']) {
    await at(`/security/${way}`)
    await see(`account: ${way}`, page)
  }
  await at('/security/password')
  await page.locator('a[href^="/account/security/password/"]').click()
  await see('account: one thing that was enrolled', page)
  await at('/security/password')
  await submit(page, { password: `${password} again` })
  await see('account: security', page)
  await visitDrill(page, see, at)
}

async function visitDrill(page: Page, see: Walk['see'], at: (place: string) => Promise<unknown>) {
  await at('/security/drill')
  await see('account: fire drill', page)
  await submit(page, {}, 'main form button')
  await see('account: fire drill, a step', page)
  await submit(page, {}, 'form[action$="/give-up"] button')
  await see('account: fire drill, not enough', page)
  await at('/security/drill')
  await submit(page, {}, 'main form button')
  await submit(page, { password: `${password} again` })
  await see('account: fire drill, a second step', page)
  await at('/security')
  await see('account: security after a drill', page)
}

export async function visitTrusted({ signet, other, see }: Walk): Promise<void> {
  const key = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
  const id = await addPerson(signet.house, 'toni@example.com')
  await signet.house.enrolments.adopt(id, 'totp', { totp_secret: key })
  await other.context().clearCookies()
  await signIn(other, `${signet.issuer}/account`, 'toni@example.com')
  await see('prove: a second step', other)
  await other.locator('[name="trust"]').check()
  await submit(other, { code: codeOf(key, signet.house.clock()) })
  await other.goto(`${signet.issuer}/account/security`)
  await see('account: security with a trusted device', other)
  await other.goto(`${signet.issuer}/account/security/trusted-devices`)
  await see('account: trusted devices', other)
}
