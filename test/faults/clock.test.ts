/** F8: the clock jumps. What was over stays over, and nobody gets in twice. */
import { expect, it, vi } from 'vitest'
import { addPerson, allow, goThrough, password, prove } from '../support/person.ts'
import { browser, register } from '../support/relying-party.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page } from '../support/visitor.ts'

const [second, minute, hour] = [1000, 60_000, 3_600_000]
const jumps = [10 * second, minute, hour]

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)
  let now = 0

  async function opened() {
    now = Date.now()
    const signet = await open({ clock: () => now })
    await addPerson(signet.house)
    return signet
  }

  it.each(jumps)(
    'F8: a session that was over is not revived by a clock that goes back %i ms',
    async (jump) => {
      const signet = await opened()
      const visitor = createVisitor()
      await prove(visitor, await visitor.get(`${signet.issuer}/account`))
      now += 24 * hour + minute
      expect(isHome(await visitor.get(`${signet.issuer}/account`))).toBe(false)
      now -= jump + minute
      expect(isHome(await visitor.get(`${signet.issuer}/account`))).toBe(false)
    },
  )

  it.each([...jumps, ...jumps.map((jump) => -jump)])(
    'F8: a session outlives a jump of %i ms in its middle, and a sign-out holds after it',
    async (jump) => {
      const signet = await opened()
      const visitor = createVisitor()
      await prove(visitor, await visitor.get(`${signet.issuer}/account`))
      now += jump
      expect(isHome(await visitor.get(`${signet.issuer}/account`))).toBe(true)
      const asked = await visitor.get(`${signet.issuer}/logout`)
      const kept = new Map(visitor.cookies)
      await visitor.submit(asked, {}, { name: 'logout', value: 'yes' })
      for (const back of [0, -hour, 2 * hour]) {
        now += back
        for (const [key, value] of kept) visitor.cookies.set(key, value)
        expect(isHome(await visitor.get(`${signet.issuer}/account`))).toBe(false)
      }
    },
  )

  it('F8: a used recovery link is not revived by a clock that goes back, nor one that was over and swept', async () => {
    const signet = await opened()
    const visitor = createVisitor()
    const used = await forgotten(signet)
    await visitor.submit(await visitor.get(used), { password: 'a different orchard for winter' })
    const unused = await forgotten(signet)
    now += 20 * minute
    expect((await visitor.get(unused)).status).toBe(410)
    await signet.house.store.links.sweep(now, 100)
    for (const jump of jumps) {
      now -= jump
      expect((await visitor.get(used)).status, `used, ${jump} ms back`).toBe(410)
      expect((await visitor.get(unused)).status, `over, ${jump} ms back`).toBe(410)
    }
  })

  it('F8: a registration code is spent once, whatever the clock does after it', async () => {
    const signet = await opened()
    const party = await register(signet)
    const visitor = browser()
    const identify = await visitor.get((await party.begin()).url)
    const form = await visitor.get(`${identify.url.href}/register`)
    const page = await visitor.submit(form, { email: 'noa@example.com', name: 'Noa' })
    const { codes } = await signet.mail('noa@example.com')
    const enrol = await visitor.submit(page, { code: codes[0] })
    now -= 5 * minute
    expect((await visitor.submit(page, { code: codes[0] })).status).toBe(410)
    await visitor.submit(await visitor.submit(enrol, { password }), {}, allow)
    now += hour
    expect((await visitor.submit(page, { code: codes[0] })).status).toBeGreaterThanOrEqual(400)
  })

  it.each(jumps)('F8: a new password is good at once on a clock that is %i ms behind', async (jump) => {
    const signet = await opened()
    const party = await register(signet)
    now -= jump
    const { page } = await goThrough(browser(), party)
    expect(page.url.searchParams.get('code')).toBeTruthy()
  })

  it.each([-hour, -minute, minute, hour])(
    'F8: a code and a refresh token that were used stay used when the clock jumps %i ms',
    async (jump) => {
      const signet = await opened()
      const party = await register(signet)
      const { flow, page } = await goThrough(browser(), party, {
        parameters: { scope: 'openid offline_access', prompt: 'consent' },
      })
      const tokens = await party.finish(flow, page.url)
      const next = await party.refresh(tokens.refresh_token)
      await party.refresh(next.refresh_token)
      now += jump
      await expect(party.refresh(tokens.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' })
      await expect(party.finish(flow, page.url)).rejects.toMatchObject({ error: 'invalid_grant' })
      expect((await party.userinfo(tokens)).status).toBe(401)
    },
  )

  it('S26 F8: a pause after wrong passwords is not cut short by a clock that goes back and forth', async () => {
    const signet = await opened()
    const visitor = createVisitor()
    let page = await visitor.submit(await visitor.get(`${signet.issuer}/account`), {
      identifier: 'ana@example.com',
    })
    for (let attempt = 0; attempt < 7; attempt++)
      page = await visitor.submit(page, { password: 'wrong, quite wrong' })
    expect(page.status).toBe(429)
    now -= hour
    expect((await visitor.submit(page, { password })).status).toBe(429)
    now += hour
    expect((await visitor.submit(page, { password })).status).toBe(429)
    now += 2 * hour
    expect(isHome(await visitor.submit(page, { password })) || page.status === 429).toBe(true)
  })
})

function isHome(page: Page): boolean {
  return page.status === 200 && page.url.pathname.startsWith('/account')
}

async function forgotten(signet: Signet): Promise<string> {
  const visitor = createVisitor()
  await visitor.submit(await visitor.get(`${signet.issuer}/recovery`), { identifier: 'ana@example.com' })
  // The message that a changed password causes may be on its way as well.
  const found = async () => {
    const answer = await fetch(`${signet.issuer}/inbox/messages?to=ana@example.com`)
    const messages = (await answer.json()) as { links: string[] }[]
    return messages
      .flatMap(({ links }) => links)
      .find((link) => link.includes('/recovery/link?token=') && !handedOut.has(link))
  }
  const link = await vi.waitFor(async () => expectDefined(await found()), { timeout: 20_000, interval: 50 })
  handedOut.add(link)
  return link
}

function expectDefined(link: string | undefined): string {
  if (link === undefined) throw new Error('no link yet')
  return link
}

const handedOut = new Set<string>()
