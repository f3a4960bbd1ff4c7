/** People with passkeys and security keys, in real browsers with virtual authenticators. */
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { addPerson, password } from '../support/person.ts'
import { type Nature, plugIn } from './authenticator.ts'
import { fill, press, useStage } from './stage.ts'

export const ways = { passkey: '/account/security/passkey', key: '/account/security/security-key' }

/** One Signet for a file of tests, and whoever comes to it with a key. */
export function useKeyHolders() {
  const stage = useStage({ env: { SIGNET_DEMO__ENABLED: 'false' } })
  let people = 0

  async function somebody() {
    people += 1
    const email = `person${people}@example.com`
    const id = await addPerson(stage.signet.house, email)
    return { id, email, page: await stage.person() }
  }

  const at = (path: string) => `${stage.signet.issuer}${path}`

  /** Signs in with the password on the way, and adds a key. */
  async function enrol(page: Page, email: string, way: string): Promise<void> {
    await page.goto(at(way))
    await typePassword(page, email)
    expect(new URL(page.url()).pathname).toBe(way)
    await press(page, 'Save')
    expect(page.url()).toContain('/account/security?done=changed')
  }

  /** Somebody with an authenticator, and nothing in it yet. */
  async function somebodyWith(nature: Nature) {
    const person = await somebody()
    return { ...person, authenticator: await plugIn(person.page, nature) }
  }

  /** Adds a passkey, and signs out: what is left is the key. */
  async function withPasskey(nature: Nature = {}) {
    const person = await somebodyWith(nature)
    await enrol(person.page, person.email, ways.passkey)
    await person.page.context().clearCookies()
    return person
  }

  async function levelOf(id: string): Promise<{ acr: string; amr: readonly string[] }> {
    const sessions = await stage.signet.house.oidc.sessions.list(id)
    const [newest] = [...sessions].sort((one, other) => other.startedAt - one.startedAt)
    return { acr: newest?.acr ?? '', amr: newest?.amr ?? [] }
  }

  return { stage, at, enrol, somebodyWith, withPasskey, levelOf }
}

export async function typePassword(page: Page, email: string): Promise<void> {
  await page.locator('input[name="identifier"]:visible').fill(email)
  await press(page, 'Continue')
  await fill(page, 'current-password', password)
  await press(page, 'Continue')
}
