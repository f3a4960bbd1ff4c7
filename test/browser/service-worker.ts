import type { Page } from 'playwright-core'

/** Which service worker of the page's browser has this scope: its id, once it is registered. */
export async function registrationOf(page: Page, scope: string): Promise<string> {
  const devtools = await page.context().newCDPSession(page)
  const registered = new Promise<string>((done) => {
    devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const own = registrations.find(({ scopeURL }) => scopeURL === scope)
      if (own !== undefined) done(own.registrationId)
    })
  })
  await devtools.send('ServiceWorker.enable')
  return registered
}
