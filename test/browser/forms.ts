/** Asking for a sign-in and answering forms, by their fields and without a look at the page. */
import type { Page } from 'playwright-core'
import { password } from '../support/person.ts'
import type { Signet } from '../support/signet.ts'

const demoParameters = {
  client_id: 'signet-demo',
  response_type: 'code',
  scope: 'openid profile email offline_access',
  // The example of RFC 7636: nobody exchanges these codes.
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
}

/** An authorization request of the demo application, with some parameters replaced; empty ones are left out. */
export function authorization(signet: Signet, parameters: Readonly<Record<string, string>> = {}): string {
  const redirect_uri = `${signet.started.demo}/callback`
  const given = Object.entries({ ...demoParameters, redirect_uri, ...parameters })
  return `${signet.issuer}/authorize?${new URLSearchParams(given.filter(([, value]) => value !== ''))}`
}

/** From an address that asks for a sign-in to what it was asked for. */
export async function signIn(page: Page, url: string, email: string, typed = password): Promise<void> {
  await page.goto(url)
  await submit(page, { identifier: email })
  await submit(page, { password: typed })
}

export function decision(value: 'allow' | 'deny'): string {
  return `[name="decision"][value="${value}"]`
}

/** Sends the form of a button as if the browser had no checks of its own, so that the server's answer shows. */
export async function submit(
  page: Page,
  values: Readonly<Record<string, string>>,
  button = 'main form:not([hidden]) button[type="submit"]:not([name]):not([form])',
): Promise<void> {
  const script = `(() => {
    const button = document.querySelector(${JSON.stringify(button)})
    button.form.noValidate = true
    for (const [name, value] of ${JSON.stringify(Object.entries(values))}) button.form.elements.namedItem(name).value = value
    button.form.requestSubmit(button)
  })()`
  await Promise.all([page.waitForEvent('framenavigated'), page.evaluate(script)])
  await page.waitForLoadState()
}
