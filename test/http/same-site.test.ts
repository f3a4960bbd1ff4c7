import { describe, expect, it } from 'vitest'
import { createVisitor } from '../support/visitor.ts'
import { openSignet } from './support/server.ts'

/** Opens the form, and answers how to send it: with the token of this or another browser, from here or elsewhere. */
async function openForm() {
  const signet = await openSignet()
  const [visitor, stranger] = [createVisitor(), createVisitor()]
  const tokenOf = async (who: typeof visitor) =>
    (await who.get(`${signet.issuer}/recovery`)).document
      .querySelector('[name=csrf]')
      ?.getAttribute('value') ?? ''
  const [own, foreign] = [await tokenOf(visitor), await tokenOf(stranger)]
  const post = (csrf: string | undefined, headers: Record<string, string> = {}) =>
    visitor.send(`${signet.issuer}/recovery`, {
      method: 'POST',
      headers,
      body: new URLSearchParams({
        identifier: 'nobody@example.com',
        ...(csrf === undefined ? {} : { csrf }),
      }),
    })
  return { signet, own, foreign, post }
}

describe('forms of ours', () => {
  it('S36: are taken with the token of the browser they were made for', async () => {
    const { signet, own, post } = await openForm()
    expect((await post(own)).status).toBe(303)
    expect((await post(own, { origin: signet.issuer, 'sec-fetch-site': 'same-origin' })).status).toBe(303)
    // What a browser sends from a page with `no-referrer`.
    expect((await post(own, { origin: 'null', 'sec-fetch-site': 'same-origin' })).status).toBe(303)
  })

  it('S36: are refused without a token, with an altered one, or with that of another browser', async () => {
    const { own, foreign, post } = await openForm()
    expect(foreign).not.toBe(own)
    for (const token of [undefined, '', foreign, `${own}x`, own.slice(1)])
      expect((await post(token)).status).toBe(403)
  })

  it('S36: are refused from another site, even with the right token', async () => {
    const { signet, own, post } = await openForm()
    for (const site of ['cross-site', 'same-site', 'none']) {
      expect((await post(own, { 'sec-fetch-site': site })).status, site).toBe(403)
    }
    for (const origin of [
      'https://evil.example',
      `${signet.issuer}.evil.example`,
      signet.issuer.replace('http:', 'https:'),
    ]) {
      expect((await post(own, { origin })).status, origin).toBe(403)
    }
    expect((await post(own, { origin: 'null', 'sec-fetch-site': 'cross-site' })).status).toBe(403)
  })

  it('S36: a refused form does nothing: no mail, no redirect', async () => {
    const { signet, post } = await openForm()
    const answer = await post(undefined)
    expect(answer.headers.get('location')).toBeNull()
    const inbox = await signet.house.inbox?.messages({ to: 'nobody@example.com' })
    expect(inbox).toEqual([])
  })

  it('S36: guards every POST of ours', async () => {
    const { issuer } = await openSignet()
    const paths = [
      '/recovery',
      '/recovery/link',
      '/invitation',
      ...[
        'identify',
        'choose',
        'prove/x',
        'enrol/x',
        'restart',
        'register',
        'register/code',
        'consent',
        'account',
        'cancel',
      ].map((step) => `/interaction/anything/${step}`),
    ]
    for (const path of paths) {
      const answer = await fetch(issuer + path, {
        method: 'POST',
        body: new URLSearchParams({ decision: 'allow' }),
        redirect: 'manual',
      })
      expect(answer.status, path).toBe(403)
    }
  })
})
