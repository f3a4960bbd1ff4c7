/**
 * From the first registration to a lost phone and back in, as a new user would: password and app; then password and a code by SMS to the new phone with
 * the old number, a day, a new app. Her password came with a code by mail, so that no code by mail adds to it (S44).
 */
import { expect, it } from 'vitest'
import { hour, minute } from '../../src/domain/time.ts'
import { codeOf } from '../factors/authenticator.ts'
import { createClock } from '../support/clock.ts'
import { password } from '../support/person.ts'
import { everyAppearance } from './appearances.ts'
import { fill, heading, press, textOf, useStage, words } from './stage.ts'

const clock = createClock()
const stage = useStage({ env: { SIGNET_DEMO__ENABLED: 'false' }, clock: clock.now })
const email = 'ana@example.com'
const number = '+4915112345678'

it('a lost phone: proved with what is left, waited for, and replaced; whoever was signed in is not any more', {
  timeout: 180_000,
}, async () => {
  const { signet } = stage
  const home = `${signet.issuer}/account`
  const page = await stage.person({ reducedMotion: 'reduce' })

  // She creates her account, with a password.
  await page.goto(home)
  await page.getByRole('link', { name: /create/i }).click()
  await page.locator('input[autocomplete~="email"]:visible').fill(email)
  const name = page.locator('input[autocomplete~="name"]:visible')
  if ((await name.count()) > 0) await name.fill('Ana Ruiz')
  await page.locator('main form:not([hidden]) button[type="submit"]:not([name]):not([form])').first().click()
  await page.waitForLoadState()
  const { codes } = await signet.mail(email)
  await fill(page, 'one-time-code', codes[0] ?? '')
  await press(page, /continue|confirm/i)
  await fill(page, 'new-password', password)
  await page.locator('main form:not([hidden]) button[type="submit"]:not([name]):not([form])').first().click()
  await page.waitForURL(home)

  // She gives her number.
  await page.goto(`${home}/profile/phone`)
  await fill(page, 'tel', number)
  await press(page, 'Continue')
  await fill(page, 'one-time-code', (await signet.mail(number)).codes[0] ?? '')
  await press(page, /confirm/i)

  // And an app that makes codes.
  clock.advance(minute)
  await page.goto(`${home}/security/totp`)
  const key = (await textOf(page.locator('code.secret'))).replace(/\s/g, '')
  await fill(page, 'one-time-code', codeOf(key, clock.now()))
  await page.locator('input[name="label"]').fill('My old phone')
  await page.locator('main form:not([hidden]) button[type="submit"]:not([name]):not([form])').first().click()
  await page.waitForURL(/done=changed/)

  // The phone is gone. In another browser she has her password, and a new phone with the old number.
  clock.advance(hour)
  const lost = await stage.person({ reducedMotion: 'reduce' })
  await lost.goto(`${signet.issuer}/recovery`)
  await everyAppearance(lost, 'recovery')
  await lost.getByRole('link', { name: 'I lost my phone or my key' }).click()
  await everyAppearance(lost, 'lost')
  await press(lost, 'Begin')
  await everyAppearance(lost, 'lost-identify')
  await fill(lost, 'username', email)
  await press(lost, 'Continue')
  await fill(lost, 'current-password', password)
  await everyAppearance(lost, 'lost-password')
  await press(lost, 'Continue')
  const bySms = lost.locator('button[value="sms-code"]')
  expect(await lost.locator('button[value="email-code"]').count()).toBe(0)
  await everyAppearance(lost, 'lost-others')
  if ((await bySms.count()) > 0) await bySms.click()
  await lost.waitForLoadState()
  await fill(lost, 'one-time-code', (await signet.mail(number)).codes[0] ?? '')
  await everyAppearance(lost, 'lost-code')
  await press(lost, 'Continue')
  expect(await heading(lost)).toBe('What do you not have any more?')
  await lost.getByLabel(/My old phone/).check()
  await everyAppearance(lost, 'lost-what')
  await press(lost, 'Go on')
  expect(await heading(lost)).toBe('You are on the way back')
  const claim = await textOf(lost.locator('code.secret'))
  await everyAppearance(lost, 'lost-begun')
  await lost.getByRole('link', { name: 'See how it stands' }).click()
  expect(await words(lost)).toMatch(/a•••@example.com.*•••/)
  await everyAppearance(lost, 'lost-waiting')

  // Where she is still signed in, every page says so.
  await page.goto(home)
  await everyAppearance(page, 'portal-banner')
  await page.getByRole('link', { name: 'Look at it' }).click()
  expect(await heading(page)).toBe('Somebody wants to get back into your account')
  await everyAppearance(page, 'portal-recovery')

  // A day later, in yet another browser, with the code.
  clock.advance(24 * hour)
  const later = await stage.person({ reducedMotion: 'reduce' })
  await later.goto(`${signet.issuer}/recovery/status`)
  await everyAppearance(later, 'status-code')
  await fill(later, 'one-time-code', claim.toLowerCase())
  await press(later, 'Show')
  expect(await heading(later)).toBe('It is time')
  await everyAppearance(later, 'lost-ready')
  await later.locator('a[href="/recovery/set-up/totp"]').click()
  await everyAppearance(later, 'lost-set-up')
  const fresh = (await textOf(later.locator('code.secret'))).replace(/\s/g, '')
  await fill(later, 'one-time-code', codeOf(fresh, clock.now()))
  await later.locator('main form:not([hidden]) button[type="submit"]:not([name]):not([form])').first().click()
  await later.waitForURL(/recovery\/status/)
  expect(await heading(later)).toBe('You are back')
  await everyAppearance(later, 'lost-done')

  // The old session is over; she signs in with what she set up.
  await page.goto(home)
  expect(page.url()).toContain('/interaction/')
  clock.advance(minute)
  await later.getByRole('link', { name: 'Sign in' }).click()
  await fill(later, 'username', email)
  await press(later, 'Continue')
  await fill(later, 'current-password', password)
  await press(later, 'Continue')
  await fill(later, 'one-time-code', codeOf(fresh, clock.now()))
  await press(later, 'Continue')
  await later.waitForURL(home)
  await later.goto(`${home}/activity`)
  expect(await words(later)).toContain('You got back into your account')
  await everyAppearance(later, 'lost-activity')
})
