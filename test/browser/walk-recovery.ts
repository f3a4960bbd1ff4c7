import type { Page } from 'playwright-core'
import { minute } from '../../src/domain/time.ts'
import { codeOf } from '../factors/authenticator.ts'
import { addPerson, password } from '../support/person.ts'
import { submit } from './forms.ts'
import { textOf } from './stage.ts'
import type { Walk } from './walk.ts'

const toni = 'toni@example.com'

/** Toni, who has a password and an app and is signed in elsewhere, says that the phone is lost. */
export async function visitLostPhone(walk: Walk): Promise<void> {
  const { signet, page, other, advance, see } = walk
  await prove(walk, page)
  await see('lost: what is lost', page)
  await submit(page, {}, '[action$="/begin"] button[type="submit"]:not([name])')
  await see('lost: begun', page)
  await page.goto(`${signet.issuer}/recovery/status`)
  await see('lost: waiting', page)
  await page.goto(`${signet.issuer}/recovery/status?code`)
  await see('lost: code', page)
  await submit(page, { code: 'AAAAA' })
  await see('lost: unknown code', page)
  await other.goto(`${signet.issuer}/account`)
  await see('account: somebody wants to get back in', other)
  await other.goto(`${signet.issuer}/account/recovery`)
  await see('account: who wants to get back in', other)
  advance(minute)
  await page.goto(`${signet.issuer}/recovery/status`)
  await see('lost: ready', page)
  await page.goto(`${signet.issuer}/recovery/set-up/totp`)
  const key = (await textOf(page.locator('code.secret'))).replace(/\s/g, '')
  await submit(page, { code: '1' })
  await see('lost: set up wrongly', page)
  await submit(page, { code: codeOf(key, signet.house.clock()) })
  await see('lost: done', page)
  await visitSecond(walk)
  await visitStuck(walk)
  await visitReviewed(walk)
}

/** Up to the question what is lost. Codes by mail are good once, so that the newest one counts. */
async function prove({ signet, see }: Walk, page: Page): Promise<void> {
  await page.goto(`${signet.issuer}/recovery/lost`)
  await see('lost', page)
  await submit(page, {}, '[action="/recovery/lost"] button')
  await see('lost: who', page)
  await submit(page, { identifier: toni })
  await see('lost: first proof', page)
  await submit(page, { password })
  if ((await page.locator('[name="factor"][value="email-code"]').count()) > 0)
    await submit(page, {}, '[name="factor"][value="email-code"]')
  await see('lost: second proof', page)
  await submit(page, { code: (await signet.mail(toni)).codes[0] ?? '' })
}

/** Two who want the same. */
async function visitSecond(walk: Walk): Promise<void> {
  const { signet, page, other, see } = walk
  for (const one of [page, other]) {
    await prove({ ...walk, see: async () => {} }, one)
    await submit(one, {}, '[action$="/begin"] button[type="submit"]:not([name])')
  }
  await see('lost: second', other)
  await page.goto(`${signet.issuer}/recovery/status`)
  await see('lost: contested', page)
}

/** The password came by a mailed link, and nothing else is there. */
async function visitStuck({ signet, page, see }: Walk): Promise<void> {
  await page.goto(`${signet.issuer}/recovery/lost`)
  await submit(page, {}, '[action="/recovery/lost"] button')
  await submit(page, { identifier: 'forgetful@example.com' })
  await submit(page, { password: `${password} again` })
  await see('lost: not enough', page)
  await page.goto(`${signet.issuer}/recovery/lost/none`)
  await see('lost: gone', page)
}

async function visitReviewed({ signet, page, advance, see }: Walk): Promise<void> {
  const identityId = await addPerson(signet.house, 'nothing-left@example.com')
  const reply = { written: 'new@example.com', language: 'en' }
  const visit = { address: '127.0.0.1', language: 'en', userAgent: 'test' }
  await signet.house.recoveries.beginReviewed({ identityId, caseId: 'a', claim: 'a', reply, visit })
  advance(minute)
  await signet.house.recoveries.of(identityId)
  advance(minute)
  await page.goto((await signet.mail(reply.written)).links[0] ?? '')
  await see('lost: link after a case', page)
}
