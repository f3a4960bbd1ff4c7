import { describe, expect, it } from 'vitest'
import { openSignet, send } from './support/server.ts'

async function cookiesOf(env: Record<string, string>, host: string | undefined): Promise<string[]> {
  const { issuer, house } = await openSignet(env)
  const url = `http://localhost:${house.config.port}`
  const answer = await send(url, { path: '/recovery', headers: { host: host ?? new URL(issuer).host } })
  expect(answer.status).toBe(200)
  const set = answer.headers['set-cookie'] ?? []
  return typeof set === 'string' ? [set] : set
}

describe('cookies of ours', () => {
  it('S29: are __Host-, Secure, HttpOnly and Lax under an https issuer, though the proxy speaks http to us', async () => {
    const [browser = ''] = await cookiesOf({ SIGNET_ISSUER: 'https://id.example.com' }, 'id.example.com')
    expect(browser).toMatch(/^__Host-signet-browser=[\w-]{43}; path=\/; /)
    for (const attribute of ['secure', 'httponly', 'samesite=lax']) expect(browser).toContain(attribute)
    expect(browser).not.toContain('domain')
  })

  it('keep their plain names under http, where browsers take no others', async () => {
    const [browser = ''] = await cookiesOf({}, undefined)
    expect(browser).toMatch(/^signet-browser=[\w-]{43}; path=\/; /)
    expect(browser).not.toContain('secure')
  })

  it('are not set for machines: discovery, keys and tokens answer without any', async () => {
    const { issuer } = await openSignet()
    for (const path of ['/.well-known/openid-configuration', '/jwks', '/health/ready']) {
      expect((await send(issuer, { path })).headers['set-cookie'], path).toBeUndefined()
    }
    const token = await send(issuer, {
      method: 'POST',
      path: '/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=x',
    })
    expect(token.headers['set-cookie']).toBeUndefined()
  })
})
