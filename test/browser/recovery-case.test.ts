/** Whoever has no way left opens a case with a real file, in a real browser; two reviewers look at it and approve. */
import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { told } from '../support/objection.ts'
import { addPerson } from '../support/person.ts'
import { green, png } from '../support/pictures.ts'
import { signIn } from './forms.ts'
import { heading, press, textOf, useStage, words } from './stage.ts'

const reply = 'ana@elsewhere.example'

describe('a recovery case', () => {
  const stage = useStage()

  async function reviewer(name: string): Promise<Page> {
    const email = `${name.toLowerCase()}@example.com`
    await addPerson(stage.signet.house, email, { claims: { name }, roles: ['reviewer'] })
    const page = await stage.person()
    await signIn(page, `${stage.signet.issuer}/admin/cases`, email)
    return page
  }

  async function approve(page: Page): Promise<void> {
    await page.goto(`${stage.signet.issuer}/admin/cases`)
    await page.getByRole('link', { name: 'Ana Ruiz' }).click()
    await page.getByRole('link', { name: 'Approve' }).click()
    await press(page, 'Approve')
  }

  it('is opened with a picture of a paper, its file comes back as it was, and two approve it', async () => {
    const { signet } = stage
    await addPerson(signet.house)
    const page = await stage.person()
    await page.goto(`${signet.issuer}/recovery/case`)
    await page.locator('[name="identifier"]').fill('ana@example.com')
    await page.getByLabel('A mailbox that you can read now').fill(reply)
    await page.getByLabel('What happened?').fill('My phone fell into the lake.')
    await page.getByLabel('Papers that say who I am').check()
    const paper = png(600, 400, () => green)
    const file = (name: string, buffer: Buffer) => ({ name, mimeType: 'image/png', buffer })
    await page.getByLabel('Documents').setInputFiles(file('paper.png', Buffer.from('<html>')))
    await press(page, 'Open the case')
    expect(await words(page)).toContain('is not what it says it is')
    // What was typed is still there.
    await page.getByLabel('Documents').setInputFiles(file('paper.png', paper))
    await press(page, 'Open the case')
    expect(await heading(page)).toBe('Your case is open')
    const code = await textOf(page.locator('#claim-code'))
    await told(signet, reply, /We have your recovery case/)

    const rita = await reviewer('Rita')
    await rita.getByRole('link', { name: 'Ana Ruiz' }).click()
    expect(await words(rita)).toContain('My phone fell into the lake.')
    const [download] = await Promise.all([
      rita.waitForEvent('download'),
      rita.getByRole('link', { name: 'Document 1' }).click(),
    ])
    expect((await readFile(await download.path())).equals(paper)).toBe(true)
    await approve(rita)
    await approve(await reviewer('Rolf'))

    await page.getByRole('link', { name: 'See how it stands' }).click()
    await page.getByLabel('Code').fill(code.toLowerCase().replaceAll('-', ' '))
    await press(page, 'Show')
    expect(page.url()).not.toContain(code)
    const message = await told(signet, reply, /Your recovery case was approved/)
    expect(message.links).toEqual([`${signet.issuer}/recovery/status`])
  })
})
