/** The pages of recovery cases: of whoever opens one, and of two reviewers. */
import { addPerson } from '../support/person.ts'
import { pdf } from '../support/recovery-case.ts'
import { signIn, submit } from './forms.ts'
import type { Walk } from './walk.ts'

const said = {
  identifier: 'cleo@example.com',
  reply: 'cleo@elsewhere.example',
  happened: 'My phone fell into the lake,\nand my mailbox was closed.',
}

export async function visitCases(walk: Walk): Promise<void> {
  const { signet, other, see } = walk
  await addPerson(signet.house, said.identifier, { claims: { name: 'Cleo Of The Long Lake' } })
  await other.context().clearCookies()
  await other.goto(`${signet.issuer}/recovery/case`)
  await see('case', other)
  await submit(other, { ...said, reply: 'nowhere' })
  await see('case: mistaken', other)
  const file = (buffer: Buffer) => ({ name: 'paper.pdf', mimeType: 'application/pdf', buffer })
  await other.locator('[name="attachments"]').setInputFiles(file(Buffer.from('no paper')))
  await submit(other, said)
  await see('case: a file that is none', other)
  await other.locator('[name="attachments"]').setInputFiles(file(pdf))
  await submit(other, said)
  await see('case: opened', other)
  const code = (await other.locator('#claim-code').textContent()) ?? ''
  const status = async (name: string) => {
    await other.goto(`${signet.issuer}/recovery/status`)
    await submit(other, { code })
    await see(name, other)
  }
  await other.goto(`${signet.issuer}/recovery/status`)
  await see('case: code', other)
  await submit(other, { code: 'wrong' })
  await see('case: wrong code', other)
  await status('case: waiting')
  await review(walk, status)
}

async function review({ signet, page, see }: Walk, status: (name: string) => Promise<void>): Promise<void> {
  await addPerson(signet.house, 'rita@example.com', { claims: { name: 'Rita' }, roles: ['reviewer'] })
  await page.context().clearCookies()
  await signIn(page, `${signet.issuer}/admin/cases`, 'rita@example.com')
  await see('reviewer: cases', page)
  await page.goto(`${signet.issuer}/admin/cases?over=yes`)
  await see('reviewer: cases that are over', page)
  await page.goto(`${signet.issuer}/admin/cases`)
  await page.locator('main li a').first().click()
  await see('reviewer: case', page)
  const at = page.url()
  await page.goto(`${at}/ask`)
  await see('reviewer: ask', page)
  await submit(page, { text: 'Which applications do you use?' })
  await see('reviewer: asked', page)
  await status('case: asked')
  await page.goto(`${at}/approve`)
  await submit(page, {})
  await see('reviewer: not now', page)
  await page.goto(`${at}/refuse`)
  await see('reviewer: refuse', page)
  await page.locator('[value="not-shown"]').check()
  await submit(page, { text: 'Nothing fits.' })
  await see('reviewer: refused', page)
  await status('case: refused')
}
