import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addPerson } from '../support/person.ts'
import { green, isNear, jpeg, look } from '../support/pictures.ts'
import { signIn } from './forms.ts'
import { useStage } from './stage.ts'

describe('a picture from one’s own device', () => {
  const stage = useStage()
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'signet-picture-'))
    await writeFile(join(folder, 'photo.jpg'), await jpeg(900, 600, () => green))
    await writeFile(join(folder, 'script.png'), '<script>alert(1)</script>')
  })
  afterAll(() => rm(folder, { recursive: true }))

  it.each([true, false])(
    'is sent, seen on the profile and taken away again (script: %s)',
    async (javaScriptEnabled) => {
      const { signet } = stage
      const email = javaScriptEnabled ? 'pia@example.com' : 'paul@example.com'
      const id = await addPerson(signet.house, email)
      const page = await stage.person({ javaScriptEnabled })
      await signIn(page, `${signet.issuer}/account/profile`, email)
      await page.locator('a[href="/account/profile/picture"]').click()
      await page.locator('input[name="picture"]').setInputFiles(join(folder, 'script.png'))
      await page.locator('button[type="submit"]').first().click()
      await page.locator('.mistake').waitFor()
      expect(await page.locator('input[name="picture"]').getAttribute('aria-invalid')).toBe('true')
      await page.locator('input[name="picture"]').setInputFiles(join(folder, 'photo.jpg'))
      await page.locator('button[type="submit"]').first().click()
      await page.locator('.notice').waitFor()
      await page.locator('a[href="/account/profile"]').last().click()
      const image = page.locator('main img')
      const address = (await image.getAttribute('src')) ?? ''
      expect((await signet.house.identities.get(id))?.claims.picture).toBe(address)
      const { width, at } = await look(await (await page.request.get(address)).body())
      expect([width, isNear(at(0.5, 0.5), green)]).toEqual([512, true])
      if (javaScriptEnabled)
        expect(
          await image.evaluate((element: unknown) => (element as { naturalWidth: number }).naturalWidth),
        ).toBe(512)
      await page.goto(`${signet.issuer}/account/profile/picture`)
      await page.locator('form[action$="/remove"] button').click()
      await page.locator('.notice').waitFor()
      expect(await page.locator('main img').count()).toBe(0)
      expect((await page.request.get(address)).status()).toBe(404)
    },
  )
})
