/** What the browser is told about passkeys that are good here, and about those that are not any more. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { useKeyHolders, ways } from './key-holders.ts'
import { press } from './stage.ts'

const { stage, at, enrol, somebodyWith, withPasskey } = useKeyHolders()

describe('a passkey', () => {
  it('S30: is added, named, renamed and removed by its owner, who is told; the browser hears what is still good', async () => {
    const { id, email, page, authenticator } = await somebodyWith({})
    await listen(page)
    await enrol(page, email, ways.passkey)
    expect((await stage.signet.mail(email)).text).toContain('passkey')
    const ours = async () =>
      (await stage.signet.house.enrolments.list(id)).filter(({ factor }) => factor === 'passkey')

    // The same authenticator a second time.
    await page.goto(at(ways.passkey))
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('already has a passkey').waitFor()
    expect(await ours()).toHaveLength(1)
    const [held] = await authenticator.credentials()
    const accepted = await heard(page, 'signalAllAcceptedCredentials')
    expect(accepted.at(-1)).toMatchObject({
      rpId: 'localhost',
      allAcceptedCredentialIds: [base64url(held?.credentialId)],
    })

    await page.getByRole('link', { name: /^Edit/ }).click()
    await page.getByRole('textbox').fill('Blue phone')
    await press(page, 'Save')
    expect(await page.locator('#own + ul').textContent()).toContain('Blue phone')
    await page.getByRole('link', { name: 'Edit Blue phone' }).click()
    await press(page, 'Remove')
    expect(await page.getByRole('status').first().textContent()).toContain('Removed')
    expect(await ours()).toEqual([])
    expect((await stage.signet.mail(email)).subject).toContain('removed')
    // Told that none is good any more, the browser throws its own away.
    const last = await heard(page, 'signalAllAcceptedCredentials')
    expect(last.at(-1)).toMatchObject({ allAcceptedCredentialIds: [] })
  })

  it('that was removed here says so, and the browser is told to forget it', async () => {
    const { id, page, authenticator } = await withPasskey()
    const { enrolments } = stage.signet.house
    for (const { id: credentialId, factor } of await enrolments.list(id))
      if (factor === 'passkey')
        await enrolments.remove(id, credentialId, { kind: 'operator' }, { force: true })
    const [held] = await authenticator.credentials()
    await listen(page)
    await page.goto(at('/account'))
    await page.getByText('does not belong to any account').waitFor()
    const told = await heard(page, 'signalUnknownCredential')
    expect(told).toEqual([{ rpId: 'localhost', credentialId: base64url(held?.credentialId) }])
  })
})

/** Notes what the page tells the browser about keys, in the order of the calls. */
async function listen(page: Page): Promise<void> {
  await page.addInitScript(`for (const name of ['signalAllAcceptedCredentials', 'signalUnknownCredential']) {
    const tell = PublicKeyCredential[name]?.bind(PublicKeyCredential)
    if (tell) PublicKeyCredential[name] = (said) => {
      sessionStorage.setItem(name, JSON.stringify([...JSON.parse(sessionStorage.getItem(name) ?? '[]'), said]))
      return tell(said)
    }
  }`)
}

async function heard(page: Page, name: string): Promise<unknown[]> {
  return JSON.parse((await page.evaluate(`sessionStorage.getItem(${JSON.stringify(name)})`)) ?? '[]')
}

function base64url(text = ''): string {
  return Buffer.from(text, 'base64').toString('base64url')
}
