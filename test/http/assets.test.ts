import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { createVisitor } from '../support/visitor.ts'
import { openSignet, send } from './support/server.ts'

describe('assets', () => {
  it('are served from fingerprinted addresses, for a year, in what the browser takes', async () => {
    const { issuer } = await openSignet()
    const page = await createVisitor().get(`${issuer}/recovery`)
    const path = page.document.querySelector('link[rel=stylesheet]')?.getAttribute('href') ?? ''
    expect(path).toMatch(/^\/assets\/signet\.[\w-]{10}\.css$/)
    const plain = await send(issuer, { path })
    expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    expect(plain.headers['content-type']).toBe('text/css; charset=utf-8')
    expect(plain.headers['set-cookie']).toBeUndefined()
    const zipped = await fetch(issuer + path, { headers: { 'accept-encoding': 'gzip' } })
    expect(zipped.headers.get('content-encoding')).toBe('gzip')
    expect(await zipped.text()).toBe(plain.body)
    expect(() => gunzipSync(plain.body)).toThrow()
  })

  it('know no other file', async () => {
    const { issuer } = await openSignet()
    for (const path of [
      '/assets/signet.css',
      '/assets/',
      '/assets/layout.ejs',
      '/assets/signet.aaaaaaaaaa.css',
      '/views/error.ejs',
    ]) {
      expect((await send(issuer, { path })).status, path).toBe(404)
    }
  })
})
