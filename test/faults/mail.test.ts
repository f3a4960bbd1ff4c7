/** F12: the mail server is away. */
import { afterEach, expect, it } from 'vitest'
import { startMailServer, stopMailServers } from '../messaging/mail-server.ts'
import { addPerson, prove } from '../support/person.ts'
import { freePort, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor } from '../support/visitor.ts'

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)
  afterEach(stopMailServers)

  it('F12: without a mail server people sign in and get the same pages; what was to be sent is sent when it is back', async () => {
    const port = await freePort()
    let ahead = 0
    const signet = await open({
      clock: () => Date.now() + ahead,
      env: {
        SIGNET_INBOX: 'false',
        SIGNET_MAIL__URL: `smtp://127.0.0.1:${port}`,
        SIGNET_MAIL__FROM: 'Signet <id@example.com>',
        SIGNET_MAIL__REQUIRE_TLS: 'false',
      },
    })
    await addPerson(signet.house)
    const visitor = createVisitor()
    const home = await prove(visitor, await visitor.get(`${signet.issuer}/account`))
    expect(home.url.pathname).toBe('/account')

    const pages = []
    for (const identifier of ['ana@example.com', 'nobody@example.com'])
      pages.push(await visitor.submit(await visitor.get(`${signet.issuer}/recovery`), { identifier }))
    expect(pages.map(({ status, url }) => [status, url.pathname])).toEqual([
      [200, '/recovery/sent'],
      [200, '/recovery/sent'],
    ])
    expect(await signet.house.store.jobs.count()).toBeGreaterThan(0)

    const server = await startMailServer({}, port)
    const patience = Date.now() + 20_000
    // The pauses between tries grow; the clock goes past the next one.
    while (server.mails.length < 2 && Date.now() < patience) {
      ahead += 5_000
      await new Promise((done) => setTimeout(done, 250))
    }
    expect(
      server.mails.some((mail) => mail.includes('ana@example.com') && mail.includes('recovery/link')),
    ).toBe(true)
    expect(server.mails.some((mail) => mail.includes('nobody@example.com'))).toBe(true)
  })
})
