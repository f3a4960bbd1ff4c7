import { describe, expect, it } from 'vitest'
import { createVisitor } from '../support/visitor.ts'
import { openSignet, send } from './support/server.ts'

const urlencoded = 'application/x-www-form-urlencoded'

describe('what is sent to us', () => {
  it('S41: a body over 64 KiB gets 413, whether or not it says so in advance', async () => {
    const { issuer } = await openSignet()
    const body = `identifier=${'a'.repeat(70_000)}`
    const said = await send(issuer, {
      method: 'POST',
      path: '/recovery',
      headers: { 'content-type': urlencoded, 'content-length': String(body.length) },
      body,
    })
    expect(said.status).toBe(413)
    const unsaid = await send(issuer, {
      method: 'POST',
      path: '/recovery',
      headers: { 'content-type': urlencoded, 'transfer-encoding': 'chunked' },
      body,
    })
    expect(unsaid.status).toBe(413)
  })

  it('S41: takes strings only: an operator, a list or a number in JSON is refused', async () => {
    const { issuer } = await openSignet()
    for (const value of [{ $ne: null }, ['a'], 1, true, null]) {
      const body = JSON.stringify({ identifier: value })
      const answer = await send(issuer, {
        method: 'POST',
        path: '/recovery',
        headers: { 'content-type': 'application/json' },
        body,
      })
      expect(answer.status, body).toBe(400)
    }
    for (const body of ['[]', '"x"', 'null', '{', '{"__proto__":{"csrf":"x"}}']) {
      const answer = await send(issuer, {
        method: 'POST',
        path: '/recovery',
        headers: { 'content-type': 'application/json' },
        body,
      })
      expect(answer.status, body).toBe(400)
    }
  })

  it('S41: a name may stand once, in a form and in a query', async () => {
    const { issuer } = await openSignet()
    const headers = { 'content-type': urlencoded }
    const twice = await send(issuer, {
      method: 'POST',
      path: '/recovery',
      headers,
      body: 'identifier=a&identifier=b',
    })
    expect(twice.status).toBe(400)
    expect((await send(issuer, { path: '/recovery/link?token=a&token=b' })).status).toBe(400)
    expect(
      (await send(issuer, { method: 'POST', path: '/recovery?x=1&x=2', headers, body: 'identifier=a' }))
        .status,
    ).toBe(400)
  })

  it('S41: NUL bytes, broken UTF-8 and other kinds of bodies are refused', async () => {
    const { issuer } = await openSignet()
    const post = (contentType: string, body: string | Buffer) =>
      send(issuer, { method: 'POST', path: '/recovery', headers: { 'content-type': contentType }, body })
    expect((await post(urlencoded, 'identifier=a%00b')).status).toBe(400)
    expect((await post(urlencoded, Buffer.from([0x61, 0x3d, 0xff, 0xfe]))).status).toBe(400)
    expect((await post('application/json', '{"identifier":"a\\u0000"}')).status).toBe(400)
    expect((await post('text/plain', 'identifier=a')).status).toBe(400)
    expect((await post('multipart/form-data; boundary=x', '--x--')).status).toBe(400)
    expect((await send(issuer, { path: '/recovery/link?token=%00' })).status).toBe(400)
  })

  it('S41: protocol endpoints refuse the same with the errors of the RFC', async () => {
    const { issuer } = await openSignet()
    const post = (body: string, contentType = urlencoded) =>
      send(issuer, { method: 'POST', path: '/token', headers: { 'content-type': contentType }, body })
    const twice = await post(
      'grant_type=client_credentials&grant_type=client_credentials&client_id=signet-account',
    )
    expect([twice.status, JSON.parse(twice.body).error]).toEqual([400, 'invalid_request'])
    const large = await post(`grant_type=${'a'.repeat(70_000)}`)
    expect([large.status, JSON.parse(large.body).error]).toEqual([400, 'invalid_request'])
    const json = await post('{"grant_type":{"$ne":null}}', 'application/json')
    expect([json.status, JSON.parse(json.body).error]).toEqual([400, 'invalid_request'])
  })

  it('keeps what was typed when a form is shown again, but never a password', async () => {
    const { issuer, house } = await openSignet()
    const { link } = await invite(house)
    const visitor = createVisitor()
    const page = await visitor.get(link)
    const again = await visitor.submit(page, { password: 'too short one' })
    expect(again.status).toBe(422)
    expect(again.body).not.toContain('too short one')
    expect(again.document.querySelector('[autocomplete=new-password]')?.getAttribute('aria-invalid')).toBe(
      'true',
    )
    const request = await visitor.get(`${issuer}/recovery`)
    const empty = await visitor.submit(request, { identifier: '   ' })
    expect(empty.status).toBe(422)
  })
})

async function invite({ identities, links }: Awaited<ReturnType<typeof openSignet>>['house']) {
  const by = { kind: 'system' } as const
  const created = await identities.create(
    { identifiers: [{ kind: 'email', written: 'ana@example.com' }], state: 'invited' },
    by,
  )
  if (created.status !== 'created') throw new Error(created.status)
  return links.invite(created.identity.id, by, { language: 'en' })
}
