import { describe, expect, it } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { createVisitor } from '../../support/visitor.ts'
import { startScene } from '../support/app.ts'
import { follow, jsonOf, person, query, requestOf } from '../support/relying-party.ts'

describe('POST at the authorization endpoint', () => {
  eachStore((_, open) => {
    it('S7: is answered with 303 to the same request as GET, so that the session cookie arrives', async () => {
      const { app, client, ana } = await startScene(open)
      const { params } = requestOf(client, { scope: 'openid email' })
      const browser = createVisitor()
      const posted = await browser.send(`${app.origin}/authorize`, {
        method: 'POST',
        body: new URLSearchParams(query(params)),
      })
      expect(posted.status).toBe(303)
      expect(posted.headers.get('location')).toBe(`/authorize?${query(params)}`)
      const ended = await follow(
        app,
        browser,
        `${app.origin}${posted.headers.get('location')}`,
        person(ana.id),
      )
      expect(ended.params.has('code')).toBe(true)
    })

    it('keeps repeated parameters repeated, so that they are refused', async () => {
      const { app, client } = await startScene(open)
      const { params } = requestOf(client, { scope: ['openid', 'openid email'] })
      const posted = await createVisitor().send(`${app.origin}/authorize`, {
        method: 'POST',
        body: new URLSearchParams(query(params)),
      })
      const ended = await follow(app, createVisitor(), `${app.origin}${posted.headers.get('location')}`)
      expect(ended.params.get('error')).toBe('invalid_request')
    })

    it('keeps a long request for a minute, once, and only of a client that is known by its redirect URI', async () => {
      const { app, client, ana } = await startScene(open)
      const long = { nonce: 'n'.repeat(7_000) }
      const send = (change: Record<string, string>) => {
        const { params } = requestOf(client, { ...long, ...change })
        return createVisitor().send(`${app.origin}/authorize`, {
          method: 'POST',
          body: new URLSearchParams(query(params)),
        })
      }
      for (const change of [
        { client_id: 'nobody' },
        { redirect_uri: 'https://evil.example' },
        { redirect_uri: '' },
      ]) {
        const refused = await send(change)
        expect([refused.status, (await jsonOf(refused)).page]).toEqual([400, 'error'])
      }
      const kept = await send({})
      const at = kept.headers.get('location') ?? ''
      expect(at.length).toBeLessThan(200)
      const ended = await follow(app, createVisitor(), app.origin + at, person(ana.id))
      expect(ended.params.has('code')).toBe(true)
      const again = await follow(app, createVisitor(), app.origin + at)
      expect(again.body).toMatchObject({ page: 'error', error: 'invalid_request' })
    })

    it('refuses what is no form, and what is too large', async () => {
      const { app, client } = await startScene(open)
      const at = `${app.origin}/authorize`
      const json = await fetch(at, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      })
      expect([json.status, (await jsonOf(json)).error]).toEqual([400, 'invalid_request'])
      const { params } = requestOf(client, { nonce: 'n'.repeat(70_000) })
      const large = await fetch(at, { method: 'POST', body: new URLSearchParams(query(params)) })
      expect(large.status).toBe(413)
    })
  })
})
