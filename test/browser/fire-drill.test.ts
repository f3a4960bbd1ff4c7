import { expect, it } from 'vitest'
import { minute } from '../../src/domain/time.ts'
import { codeOf } from '../factors/authenticator.ts'
import { createClock } from '../support/clock.ts'
import { addPerson, password } from '../support/person.ts'
import { everyAppearance } from './appearances.ts'
import { signIn } from './forms.ts'
import { fill, heading, press, useStage, words } from './stage.ts'

const clock = createClock()
const stage = useStage({ env: { SIGNET_DEMO__ENABLED: 'false' }, clock: clock.now })
const key = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const email = 'ana@example.com'

it('looks at what a loss would mean, tries it, and sees how it ended', { timeout: 120_000 }, async () => {
  const { signet } = stage
  const { enrolments } = signet.house
  const visit = { address: '127.0.0.1', language: 'en', userAgent: 'test' }
  const id = await addPerson(signet.house, email)
  await enrolments.adopt(id, 'totp', { totp_secret: key })
  // A link set it: with that and the same mailbox nobody gets back in without the phone.
  await enrolments.finish(id, 'password', { password }, visit, { channel: 'email' })
  const page = await stage.person({ reducedMotion: 'reduce' })
  await signIn(page, `${signet.issuer}/account`, email)
  clock.advance(minute)
  await fill(page, 'one-time-code', codeOf(key, clock.now()))
  await press(page, 'Continue')

  await page.goto(`${signet.issuer}/account/security`)
  expect(await words(page)).toContain('only people could let you in again')
  expect(await words(page)).toContain('One thing helps most')
  await everyAppearance(page, 'health-bad')

  const { ticket = '', show } = await enrolments.begin(id, 'backup-code', visit)
  await enrolments.finish(id, 'backup-code', { ticket }, visit)
  const [code = ''] = (show?.codes ?? []) as string[]
  await page.goto(`${signet.issuer}/account/security`)
  expect(await words(page)).toContain('Whatever you lose, you get back in.')
  await everyAppearance(page, 'health-good')

  await page.getByRole('link', { name: 'Try it in a fire drill' }).click()
  await everyAppearance(page, 'drill')
  // By keyboard alone.
  await page.getByRole('button', { name: 'Begin the drill' }).focus()
  await page.keyboard.press('Enter')
  await page.waitForURL('**/drill/try')
  expect(await heading(page)).toBe('Show that it is you')
  await everyAppearance(page, 'drill-try')
  await press(page, 'Use a backup code')
  await fill(page, 'one-time-code', code)
  await page.keyboard.press('Enter')
  await page.locator('input[autocomplete="current-password"]').waitFor()
  await fill(page, 'current-password', password)
  await press(page, 'Continue')
  expect(await words(page)).toContain('You would get back in')
  await everyAppearance(page, 'drill-passed')

  await page.goto(`${signet.issuer}/account/security/drill`)
  await press(page, 'Begin the drill')
  await press(page, 'I have nothing else')
  expect(await words(page)).toContain('That would not be enough')
  await everyAppearance(page, 'drill-failed')
  await page.goto(`${signet.issuer}/account/security`)
  expect(await words(page)).toContain('Last tried on')
  expect(await words(page)).toContain('10 of 10 codes left')
})
