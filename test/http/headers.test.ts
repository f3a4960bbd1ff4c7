import { describe, expect, it } from 'vitest'
import type { Client, ClientMetadata } from '../../src/domain/client.ts'
import { applicationOf, sourcesOf, startOf } from '../../src/http/application.ts'
import { contentSecurityPolicy, securityHeaders } from '../../src/http/middleware/security-headers.ts'
import { createVisitor } from '../support/visitor.ts'
import { openSignet, send, serve } from './support/server.ts'

function client(metadata: ClientMetadata): Client {
  const base = {
    id: 'x',
    version: 1,
    state: 'enabled',
    secrets: [],
    firstParty: false,
    origin: 'store',
    createdAt: 0,
    updatedAt: 0,
  } as const
  return { ...base, metadata }
}

function directive(policy: string, name: string): string {
  return policy.split('; ').find((part) => part.startsWith(`${name} `)) ?? ''
}

describe('headers', () => {
  it('S7: every page is kept by nobody and tells nobody where it was', async () => {
    const { issuer } = await openSignet({ SIGNET_DEMO__ENABLED: 'true' })
    const visitor = createVisitor()
    const sent = await visitor.get(`${issuer}/recovery`)
    for (const path of [
      '/recovery',
      '/recovery/sent',
      '/recovery/link?token=x',
      '/interaction/x',
      '/nowhere',
      '/logout',
    ]) {
      const { headers } = await visitor.get(issuer + path)
      expect(headers.get('cache-control'), path).toContain('no-store')
      expect(headers.get('referrer-policy'), path).toBe('no-referrer')
      expect(headers.get('x-content-type-options'), path).toBe('nosniff')
      const policy = headers.get('content-security-policy') ?? ''
      expect(directive(policy, 'frame-ancestors'), path).toBe("frame-ancestors 'none'")
      expect(directive(policy, 'script-src'), path).toBe("script-src 'self'")
      expect(directive(policy, 'style-src'), path).toBe("style-src 'self'")
      expect(policy).not.toContain('unsafe')
    }
    const answer = await visitor.send(`${issuer}/recovery`, {
      method: 'POST',
      body: new URLSearchParams({
        identifier: 'x@example.com',
        csrf: sent.document.querySelector('[name=csrf]')?.getAttribute('value') ?? '',
      }),
    })
    expect(answer.status).toBe(303)
  })

  it('S37: no address of a logo begins a directive of its own', () => {
    const [evil, good] = ['https://logo;sandbox', 'https://logo.example']
    const { images = [] } = sourcesOf(client({ logo_uri: `${evil}/x.png` }))
    expect(images).toEqual([evil])
    expect(contentSecurityPolicy({ images: [evil, good], forms: [evil] })).toBe(
      contentSecurityPolicy({ images: [good] }),
    )
  })

  it('S7: HSTS is sent under an https issuer only', async () => {
    const over = async (issuer: string) => {
      const { url } = await serve([securityHeaders({ issuer })], () => 'x')
      return (await send(url)).headers['strict-transport-security']
    }
    expect(await over('https://id.example.com')).toContain('max-age=63072000')
    expect(await over('http://localhost:3000')).toBeUndefined()
  })

  it('lets a form end where its client is: https as a whole, http by origin, loopback on any port, an application by its scheme', () => {
    const forms = (uri: string) =>
      directive(contentSecurityPolicy(sourcesOf(client({ redirect_uris: [uri] }))), 'form-action')
    expect(forms('https://app.example/cb')).toBe("form-action 'self' https:")
    expect(forms('http://intranet.example:81/cb')).toBe(
      "form-action 'self' https: http://intranet.example:81",
    )
    // A server on a developer's machine often leads on to another one beside it.
    expect(forms('http://localhost:3001/cb')).toBe("form-action 'self' https: http://localhost:*")
    expect(forms('http://127.0.0.1/cb')).toBe("form-action 'self' https: http://127.0.0.1:*")
    expect(forms('com.example.app:/cb')).toBe("form-action 'self' https: com.example.app:")
    expect(forms('javascript:alert(1)')).toBe("form-action 'self' https:")
  })

  it('S37: no address of a client is linked to or shown but https, or http on this machine', () => {
    const issuer = 'https://id.example.com'
    const shown = (address: string) => {
      const given = client({ logo_uri: address, policy_uri: address, tos_uri: address, client_uri: address })
      const { logo, policy, terms, home } = applicationOf(given)
      return [logo, policy, terms, home, startOf(client({ initiate_login_uri: address }), issuer)]
    }
    for (const bad of [
      'javascript:alert(1)',
      ' JavaScript:alert(1)',
      'data:text/html,x',
      'http://evil.example/x',
      'vbscript:x',
      '//x',
      'x',
    ]) {
      expect(shown(bad), bad).toEqual([undefined, undefined, undefined, undefined, undefined])
    }
    expect(shown('https://app.example/logo.svg')[0]).toBe('https://app.example/logo.svg')
    expect(startOf(client({ initiate_login_uri: 'https://app.example/start?a=b' }), issuer)).toBe(
      'https://app.example/start?a=b&iss=https%3A%2F%2Fid.example.com',
    )
    expect(shown('http://localhost:3001/logo.svg')[0]).toBe('http://localhost:3001/logo.svg')
  })

  it('S7: a language switch leads back to the same page only', async () => {
    const { issuer } = await openSignet()
    const answer = await send(issuer, { path: '/recovery/link?token=abc&lang=de' })
    expect([answer.status, answer.headers.location]).toEqual([303, '/recovery/link?token=abc'])
    expect((await send(issuer, { path: '//evil.example?lang=de' })).status).toBe(400)
  })
})
