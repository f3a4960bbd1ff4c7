/** What a password manager sees: it finds fields by their autocomplete tokens, and one form to fill. */
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { addPerson, password } from '../support/person.ts'
import { authorization, signIn, submit } from './forms.ts'
import { useStage } from './stage.ts'

describe('a password manager', () => {
  const stage = useStage()
  beforeAll(async () => {
    await addPerson(stage.signet.house)
  })

  it('finds the username, then the password beside the username it belongs to', async () => {
    const page = await stage.person()
    await page.goto(authorization(stage.signet))
    expect(await tokens(page)).toEqual({ username: 'identifier' })
    await submit(page, { identifier: 'ana@example.com' })
    expect(await tokens(page)).toEqual({ username: 'identifier', 'current-password': 'password' })
    expect(await page.locator('[autocomplete~="username"]').inputValue()).toBe('ana@example.com')
  })

  it('finds where a password is chosen: by registration, by invitation, by a link, and in the account', async () => {
    const { signet } = stage
    const page = await stage.person()
    await page.goto(authorization(signet))
    await page.goto(`${page.url()}/register`)
    expect(await tokens(page)).toEqual({ name: 'name', email: 'email' })
    await submit(page, { name: 'Kim', email: 'kim@example.com' })
    expect(await tokens(page)).toEqual({ 'one-time-code': 'code' })
    const { codes } = await signet.mail('kim@example.com')
    await submit(page, { code: codes[0] ?? '' })
    await expectNewPassword(page, 'kim@example.com')

    const invitation = await signet.mail('sam@example.com')
    await page.goto(invitation.links[0] ?? '')
    await expectNewPassword(page, 'sam@example.com')

    await page.goto(`${signet.issuer}/recovery`)
    expect(await tokens(page)).toEqual({ username: 'identifier' })
    await submit(page, { identifier: 'ana@example.com' })
    const recovery = await signet.mail('ana@example.com')
    await page.goto(recovery.links[0] ?? '')
    await expectNewPassword(page, 'ana@example.com')

    await signIn(page, `${signet.issuer}/.well-known/change-password`, 'ana@example.com', password)
    expect(new URL(page.url()).pathname).toBe('/account/security/password')
    await expectNewPassword(page, 'ana@example.com')
  })

  it('finds the code of the set-up page, and who it is for', async () => {
    const page = await stage.person()
    await page.goto(stage.signet.started.setup?.url ?? '')
    expect(await tokens(page)).toEqual({ 'one-time-code': 'code', name: 'name', email: 'email' })
  })

  it('may paste', async () => {
    const page = await stage.person()
    await signIn(page, `${stage.signet.issuer}/account/profile`, 'ana@example.com')
    await page.goto(`${stage.signet.issuer}/account/security/password`)
    const prevented = await page.evaluate(
      `!document.querySelector('[autocomplete="new-password"]').dispatchEvent(new Event('paste', { bubbles: true, cancelable: true }))`,
    )
    expect(prevented).toBe(false)
  })
})

async function expectNewPassword(page: Page, username: string): Promise<void> {
  expect(await tokens(page)).toEqual({ username: 'identifier', 'new-password': 'password' })
  expect(await page.locator('[autocomplete~="username"]').inputValue()).toBe(username)
}

/** Token → name, of the only form with fields. Passkeys may be offered in the same field: that token is not about what is typed. */
async function tokens(page: Page): Promise<Record<string, string>> {
  return page.evaluate(`(() => {
    const forms = [...document.forms].filter((form) => form.querySelector('input:not([type="hidden"])'))
    if (forms.length !== 1) throw new Error(forms.length + ' forms with fields')
    const unnamed = [...forms[0].querySelectorAll('button[type="submit"]:not([name])')]
    if (unnamed.length !== 1) throw new Error(unnamed.length + ' buttons without a name')
    return Object.fromEntries([...forms[0].querySelectorAll('input[autocomplete]')].map(({ autocomplete, name }) => [autocomplete.replace(/ ?webauthn/, ''), name]))
  })()`)
}
