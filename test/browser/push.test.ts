/**
 * A computer and a phone, each a browser of its own, and a push service on this machine that speaks the real protocol. Chromium's own push service cannot be
 * reached from here: the subscription comes from the stand-in, and what it was sent is handed to the browser's service worker as Chromium's would be.
 */
import axe from 'axe-core'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { acrOf } from '../../src/domain/assurance.ts'
import { proved } from '../recovery/recovery-world.ts'
import { addPerson, password } from '../support/person.ts'
import { type PushService, startPushService } from '../support/push-service.ts'
import { registrationOf } from './service-worker.ts'
import { fill, press, useStage } from './stage.ts'

const stage = useStage({ env: { SIGNET_DEMO__ENABLED: 'false', SIGNET_OUTBOUND__ALLOW: '["localhost"]' } })
const portal = '/account/security/push'
const iphone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1'
const visit = {
  language: 'en',
  userAgent:
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
}
let service: PushService
let people = 0

beforeAll(async () => {
  service = await startPushService()
})
afterAll(() => service.close())
beforeEach(() => {
  service.delivered.length = 0
  // Pages that refuse by design, to a request that is no navigation of the test's own.
  stage.forgive(/Failed to load resource/)
})

const at = (path: string) => `${stage.signet.issuer}${path}`
const face = (page: Page, name: string) => page.locator(`[data-face="${name}"]:not([hidden])`)
const click = (page: Page, shown: string, button: string) =>
  face(page, shown).getByRole('button', { name: button, exact: true }).click()

async function typePassword(page: Page, email: string): Promise<void> {
  await page.locator('input[name="identifier"]:visible').fill(email)
  await press(page, 'Continue')
  await fill(page, 'current-password', password)
  await page.getByRole('button', { name: 'Continue' }).click()
}

async function openPhone(options: BrowserContextOptions & { notifications?: boolean } = {}): Promise<Page> {
  const { notifications = false, ...more } = options
  const page = await stage.person({ viewport: { width: 360, height: 740 }, userAgent: iphone, ...more })
  const context = page.context()
  if (notifications) await context.grantPermissions(['notifications'], { origin: stage.signet.issuer })
  await context.exposeFunction('subscribeAt', (key: string) => service.subscribe(key))
  // A window without a profile has no notifications, whatever was granted.
  if (notifications)
    await context.addInitScript(`Object.defineProperty(Notification, 'permission', { value: 'granted' })`)
  await context.addInitScript(`
    PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
      const letters = String.fromCharCode(...new Uint8Array(applicationServerKey))
      const key = btoa(letters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
      if (!userVisibleOnly) throw new DOMException('must be visible', 'NotAllowedError')
      const { endpoint, p256dh, auth } = await subscribeAt(key)
      return { toJSON: () => ({ endpoint, keys: { p256dh, auth } }) }
    }
  `)
  return page
}

/** Somebody at a computer, who adds the phone that is in their hand. */
async function withPhone(
  options: Parameters<typeof openPhone>[0] = {},
  see: (page: Page, name: string) => Promise<void> = async () => {},
) {
  people += 1
  const email = `phone${people}@example.com`
  const id = await addPerson(stage.signet.house, email)
  const [desk, phone] = [await stage.person(), await openPhone(options)]
  for (const page of [desk, phone]) await page.context().addInitScript({ content: axe.source })
  await desk.goto(at(portal))
  await typePassword(desk, email)
  await desk.waitForURL(at(portal))
  await see(desk, 'code')
  const link = ((await desk.locator('code.secret').textContent()) ?? '').trim()
  await phone.goto(link)
  await face(phone, 'add').getByText(email).waitFor()
  await phone.getByLabel('Name of this phone').fill('Blue phone')
  await click(phone, 'add', 'Add this phone')
  await face(phone, 'confirm').waitFor()
  // The page with the code goes on by itself.
  await desk.getByText('Blue phone').waitFor()
  await see(desk, 'confirmation')
  const number = await phone.locator('[data-text="number"]').textContent()
  expect(await desk.locator('.match-number').textContent()).toBe(number)
  await press(desk, 'Yes, add this phone')
  expect(desk.url()).toContain('?done=changed')
  await face(phone, 'idle').waitFor()
  await desk.context().clearCookies()
  return { id, email, desk, phone, link }
}

/** Up to the page that shows the number. */
async function signIn(desk: Page, email: string): Promise<string> {
  await desk.goto(at('/account'))
  await typePassword(desk, email)
  return ((await desk.locator('.match-number').textContent()) ?? '').trim()
}

async function approve(phone: Page, number: string): Promise<void> {
  await face(phone, 'request').waitFor()
  await phone.locator('#number').fill(number)
  await click(phone, 'request', 'Sign me in there')
}

describe('a phone that was added', () => {
  it('holds a key that cannot be read out, and nothing of the code stays in its address', async () => {
    const { phone, link } = await withPhone()
    expect(phone.url()).toBe(at('/approve'))
    const read = await phone.evaluate<{ extractable: boolean; exported: string }>(`(async () => {
      const database = await new Promise((done) => {
        const opening = indexedDB.open('signet-approve', 1)
        opening.onsuccess = () => done(opening.result)
      })
      const [{ keys }] = await new Promise((done) => {
        const asked = database.transaction('phones').objectStore('phones').getAll()
        asked.onsuccess = () => done(asked.result)
      })
      const exported = await crypto.subtle.exportKey('jwk', keys.privateKey).then(() => 'read', (error) => error.name)
      return { extractable: keys.privateKey.extractable, exported }
    })()`)
    expect(read).toEqual({ extractable: false, exported: 'InvalidAccessError' })
    await phone.goBack().catch(() => undefined)
    await phone.goto(link)
    await face(phone, 'gone').waitFor()
  })

  it('is asked while its app is open, and the computer goes on by itself', async () => {
    const { id, email, desk, phone } = await withPhone()
    const number = await signIn(desk, email)
    await face(phone, 'request').waitFor()
    const asked = await face(phone, 'request').textContent()
    for (const text of ['Signet account', email, 'Chrome on Linux']) expect(asked).toContain(text)
    expect(asked).not.toContain(number)
    await approve(phone, number === '10' ? '11' : '10')
    await phone.getByText('You have 2 more tries').waitFor()
    await approve(phone, number)
    await face(phone, 'approved').waitFor()
    await desk.waitForURL(at('/account'))
    const [session] = [...(await stage.signet.house.oidc.sessions.list(id))].sort(
      (one, other) => other.startedAt - one.startedAt,
    )
    expect(session).toMatchObject({ acr: acrOf('two-factor'), amr: ['mfa', 'pwd', 'swk', 'user'] })
    expect(service.delivered).toEqual([])
  })

  it('refuses, and stops what is not its owner’s doing', async () => {
    const { email, desk, phone } = await withPhone()
    await signIn(desk, email)
    await face(phone, 'request').waitFor()
    await click(phone, 'request', 'Refuse')
    await face(phone, 'refused').waitFor()
    await desk.getByText('Refused on your phone').waitFor()
    await click(phone, 'refused', 'OK')
    await desk.getByRole('button', { name: 'Send another request' }).click()
    await face(phone, 'request').waitFor()
    await click(phone, 'request', 'This wasn’t me')
    await face(phone, 'disowned').waitFor()
    await desk.getByText('This sign-in was stopped').waitFor()
    expect((await stage.signet.mail(email)).subject).toContain('you said it was not you')
  })

  it('is woken where it is closed, by a message that says nothing', async () => {
    const { id, email, desk, phone } = await withPhone({ notifications: true })
    await phone.getByText('even when this page is closed').waitFor()
    const registration = await registrationOf(phone, at('/approve'))
    const number = await signIn(desk, email)
    await expect.poll(() => service.delivered.length, { timeout: 20_000 }).toBe(1)
    expect(service.refused).toEqual([])
    expect(service.delivered[0]).toMatchObject({ text: '{}', urgency: 'high' })
    const [worker] = phone.context().serviceWorkers()
    // For want of notifications: what the script of the app wants to show.
    await worker?.evaluate(`
      self.shown = []
      ServiceWorkerRegistration.prototype.showNotification = async (title, { body }) => void self.shown.push(title + ': ' + body)
    `)
    const devtools = await phone.context().newCDPSession(phone)
    await devtools.send('ServiceWorker.enable')
    const message = { origin: stage.signet.issuer, registrationId: registration, data: '{}' }
    await devtools.send('ServiceWorker.deliverPushMessage', message)
    await expect
      .poll(() => worker?.evaluate<string[]>('self.shown'), { timeout: 20_000 })
      .toEqual(['Signet: Somebody is signing in as you. Is it you?'])
    await approve(phone, number)
    await desk.waitForURL(at('/account'))

    // The service says that nobody is there any more: the app says so, and subscribes again by itself once.
    const [before] = service.delivered
    service.gone(before?.endpoint ?? '')
    await click(phone, 'approved', 'OK')
    await desk.context().clearCookies()
    await signIn(desk, email)
    const warned = async () =>
      (await stage.signet.house.enrolments.list(id)).find(({ about }) => about !== undefined)?.about?.warn
    await expect.poll(warned, { timeout: 20_000 }).toBe(true)
    await approve(phone, ((await desk.locator('.match-number').textContent()) ?? '').trim())
    await desk.waitForURL(at('/account'))
  })

  it('is woken when somebody gets back into the account, shows until when, and stops it', async () => {
    const { id, phone } = await withPhone({ notifications: true })
    await phone.getByText('even when this page is closed').waitFor()
    const registration = await registrationOf(phone, at('/approve'))
    const { recoveries } = stage.signet.house
    const result = proved(id)
    const begun = await recoveries.begin(id, { result, lost: [] }, { address: '198.51.100.9', ...visit })
    await expect.poll(() => service.delivered.length, { timeout: 20_000 }).toBe(1)
    const [{ text = '', topic } = {}] = service.delivered
    expect([text, topic]).toEqual(['{"of":"account"}', 'account'])
    const [worker] = phone.context().serviceWorkers()
    await worker?.evaluate(`
      self.shown = []
      ServiceWorkerRegistration.prototype.showNotification = async (title, { body, tag }) => void self.shown.push(title + ': ' + body + ' ' + tag)
    `)
    const devtools = await phone.context().newCDPSession(phone)
    await devtools.send('ServiceWorker.enable')
    const message = { origin: stage.signet.issuer, registrationId: registration, data: text }
    await devtools.send('ServiceWorker.deliverPushMessage', message)
    await expect
      .poll(() => worker?.evaluate<string[]>('self.shown'), { timeout: 20_000 })
      .toEqual(['Signet: Your account is being recovered. Is it you? account'])

    await face(phone, 'recovery').getByText('Somebody wants to get back into your account').waitFor()
    for (const words of ['198.51.100.9', 'Chrome on Linux', 'can be set up from'])
      await face(phone, 'recovery').getByText(words).waitFor()
    expect(await face(phone, 'recovery').getByText('Two sides').isVisible()).toBe(false)
    // Seen once it is out of the way, and there again when the app is opened anew.
    await click(phone, 'recovery', 'OK')
    await face(phone, 'idle').waitFor()
    await phone.reload()
    await click(phone, 'recovery', 'This wasn’t me: stop it')
    await face(phone, 'objected').waitFor()
    expect(await recoveries.of(id)).toMatchObject({ id: begun.id, state: 'contested' })
    expect((await stage.signet.mail(`phone${people}@example.com`)).subject).toContain('was stopped')
  })

  it('that was removed says so', async () => {
    const { id, phone } = await withPhone()
    const [own] = (await stage.signet.house.enrolments.list(id)).filter(({ handle }) => handle !== undefined)
    await stage.signet.house.enrolments.remove(id, own?.id ?? '', { kind: 'operator', id: 'test' })
    await face(phone, 'removed').waitFor()
    await click(phone, 'removed', 'OK')
    await face(phone, 'none').waitFor()
  })

  it('can be read and used by everybody: every face of the app and every page of the computer, light and dark', async () => {
    const found: string[] = []
    const see = async (page: Page, name: string) => void found.push(...(await faultsOf(page, name)))
    const { email, desk, phone } = await withPhone({}, see)
    await signIn(desk, email)
    await see(desk, 'number')
    await face(phone, 'request').waitFor()
    const faces = await phone.evaluate<string[]>(
      `[...document.querySelectorAll('[data-face]')].map((one) => one.dataset.face)`,
    )
    await click(phone, 'request', 'Refuse')
    await desk.getByText('Refused on your phone').waitFor()
    await see(desk, 'refused')
    for (const name of faces) {
      await phone.evaluate(
        `document.querySelectorAll('[data-face]').forEach((one) => { one.hidden = one.dataset.face !== '${name}' })`,
      )
      await see(phone, name)
    }
    expect(found).toEqual([])
  })
})

/** What axe finds, and what is wider than a small phone. */
async function faultsOf(page: Page, name: string): Promise<string[]> {
  const found: string[] = []
  const before = page.viewportSize()
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    const { violations } = await page.evaluate<axe.AxeResults>(
      `axe.run(document, { resultTypes: ['violations'] })`,
    )
    found.push(...violations.map(({ id, nodes }) => `${name} ${colorScheme}: ${id} at ${nodes[0]?.target}`))
  }
  await page.setViewportSize({ width: 360, height: 740 })
  const wide = await page.evaluate<number>('document.scrollingElement.scrollWidth')
  if (before !== null) await page.setViewportSize(before)
  return wide > 360 ? [...found, `${name} is ${wide} wide`] : found
}
