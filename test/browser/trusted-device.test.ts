import { expect, it } from 'vitest'
import { minute } from '../../src/domain/time.ts'
import { codeOf } from '../factors/authenticator.ts'
import { createClock } from '../support/clock.ts'
import { addPerson, password } from '../support/person.ts'
import { everyAppearance } from './appearances.ts'
import { signIn, submit } from './forms.ts'
import { fill, heading, press, useStage, words } from './stage.ts'

const clock = createClock()
const stage = useStage({ env: { SIGNET_DEMO__ENABLED: 'false' }, clock: clock.now })
const key = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const email = 'ana@example.com'

function code(): string {
  clock.advance(minute)
  return codeOf(key, clock.now())
}

it('ticks the box, is not asked there again, and takes it back', { timeout: 120_000 }, async () => {
  const { signet } = stage
  const id = await addPerson(signet.house, email)
  await signet.house.enrolments.adopt(id, 'totp', { totp_secret: key })
  const page = await stage.person({ reducedMotion: 'reduce' })
  await signIn(page, `${signet.issuer}/account`, email)
  const box = page.getByLabel(/Trust this device for 30 days/)
  expect(await box.isChecked()).toBe(false)
  await everyAppearance(page, 'box')
  // The words belong to the box: a click on them ticks it.
  await page.getByText('Trust this device for 30 days').click()
  expect(await box.isChecked()).toBe(true)
  await fill(page, 'one-time-code', code())
  await press(page, 'Continue')
  expect(new URL(page.url()).pathname).toBe('/account')
  const [device] = (await page.context().cookies()).filter(({ name }) => name === 'signet-device')
  expect(device).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' })
  expect(device?.value).toMatch(/^[\w-]{43}$/)

  // Signed out and in again: the password is asked for, and nothing more.
  await page.goto(`${signet.issuer}/logout`)
  await submit(page, {}, '[name="logout"][value="yes"]')
  await signIn(page, `${signet.issuer}/account`, email)
  expect(new URL(page.url()).pathname).toBe('/account')

  // What changes the account is another matter.
  await page.goto(`${signet.issuer}/account/security/trusted-devices`)
  await page.locator('input[name="identifier"]:visible').fill(email)
  await press(page, 'Continue')
  await fill(page, 'current-password', password)
  await press(page, 'Continue')
  await fill(page, 'one-time-code', code())
  await press(page, 'Continue')
  expect(await heading(page)).toBe('Trusted devices')
  expect(await words(page)).toContain('this one')
  await everyAppearance(page, 'list')
  await press(page, /^Stop trusting/)
  expect(await words(page)).toContain('You trust no device.')
  await page.context().clearCookies({ name: /session/ })
  await signIn(page, `${signet.issuer}/account`, email)
  expect(await page.locator('input[name="code"]').count()).toBe(1)
})
