import { describe, expect, it } from 'vitest'
import { openSignet, send } from './support/server.ts'

describe('hosts and paths', () => {
  it('S40: answers a foreign Host with 400, on pages and protocol endpoints alike', async () => {
    const { issuer } = await openSignet()
    for (const path of [
      '/recovery',
      '/.well-known/openid-configuration',
      '/jwks',
      '/authorize?client_id=x',
    ]) {
      const answer = await send(issuer, { path, headers: { host: 'evil.example' } })
      expect(answer.status, path).toBe(400)
      expect(answer.body).not.toContain('evil.example')
    }
    const posted = await send(issuer, { method: 'POST', path: '/token', headers: { host: 'evil.example' } })
    expect(posted.status).toBe(400)
  })

  it('S40: does not take a host from X-Forwarded-Host, Forwarded, or a name that begins or ends like the issuer', async () => {
    const { issuer } = await openSignet()
    const { host, port } = new URL(issuer)
    for (const foreign of [
      `${host}.evil.example`,
      `evil-${host}`,
      `localhost:${Number(port) + 1}`,
      `${host}@evil.example`,
    ]) {
      expect((await send(issuer, { path: '/recovery', headers: { host: foreign } })).status, foreign).toBe(
        400,
      )
    }
    const forwarded = {
      host,
      'x-forwarded-host': 'evil.example',
      forwarded: 'host=evil.example',
      'x-forwarded-proto': 'https',
    }
    const discovery = await send(issuer, { path: '/.well-known/openid-configuration', headers: forwarded })
    expect(discovery.status).toBe(200)
    expect(discovery.body).not.toContain('evil.example')
    expect(JSON.parse(discovery.body).issuer).toBe(issuer)
  })

  it('S40: answers health checks under any Host', async () => {
    const { issuer } = await openSignet()
    const answer = await send(issuer, { path: '/health/live', headers: { host: '10.0.0.7' } })
    expect(answer.status).toBe(200)
  })

  it('S40: answers a configured further host, and still makes every link from the issuer', async () => {
    const { issuer } = await openSignet({ SIGNET_ALLOWED_HOSTS: '["signet.internal"]' })
    const answer = await send(issuer, {
      path: '/.well-known/openid-configuration',
      headers: { host: 'signet.internal' },
    })
    expect(JSON.parse(answer.body).authorization_endpoint).toBe(`${issuer}/authorize`)
  })

  it('sends a browser at 127.0.0.1 to the issuer in development, and posts nothing on', async () => {
    const { issuer } = await openSignet()
    const { port } = new URL(issuer)
    const local = { host: `127.0.0.1:${port}` }
    const answer = await send(issuer, { path: '/recovery?a=b', headers: local })
    expect(answer.status).toBe(303)
    expect(answer.headers.location).toBe(`${issuer}/recovery?a=b`)
    const posted = await send(issuer, {
      method: 'POST',
      path: '/recovery',
      headers: { ...local, origin: `http://127.0.0.1:${port}` },
    })
    expect(posted.status).toBe(403)
  })

  it('S40: refuses paths that can be read in two ways, before limits and routes', async () => {
    const { issuer } = await openSignet()
    const twofold = [
      '//recovery',
      '/recovery//link',
      '//evil.example/%2e%2e',
      '/x/../recovery',
      '/./recovery',
      '/%2e%2e/recovery',
      '/%2E/recovery',
      '/recovery%2flink',
      '/recovery%5clink',
      '/recovery\\link',
      '/recovery%00',
      '/recovery%zz',
      'http://evil.example/recovery',
    ]
    for (const path of twofold) {
      const answer = await send(issuer, { path })
      expect(answer.status, path).toBe(400)
      expect(answer.headers.location, path).toBeUndefined()
    }
  })
})
