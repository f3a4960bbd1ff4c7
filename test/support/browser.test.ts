import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { openBrowser } from './browser.ts'

test('two browsers opened at once show a page, run its script and have an authenticator', async () => {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end('<title>Hällo 𝒳</title><script>document.documentElement.lang = "de"</script>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://localhost:${(server.address() as AddressInfo).port}/`
  const browsers = await Promise.all([openBrowser(), openBrowser()])
  try {
    for (const browser of browsers) {
      const page = await browser.newPage()
      await page.goto(url)
      expect(await page.title()).toBe('Hällo 𝒳')
      expect(await page.getAttribute('html', 'lang')).toBe('de')
      expect((await page.screenshot()).length).toBeGreaterThan(100)
    }
    const page = await browsers[0].newPage()
    await page.goto(url)
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('WebAuthn.enable')
    const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
    })
    expect(authenticatorId).toBeTruthy()
  } finally {
    await Promise.all(browsers.map((browser) => browser.close()))
    server.close()
  }
}, 60_000)
