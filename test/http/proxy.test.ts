import { describe, expect, it } from 'vitest'
import { addressGroup, proxy } from '../../src/http/middleware/proxy.ts'
import { send, serve } from './support/server.ts'

const issuer = 'https://id.example.com'

async function seen(trusted_proxies: readonly string[], headers: Record<string, string>) {
  const { url } = await serve([proxy({ issuer, trusted_proxies })], (ctx) => ({
    address: ctx.state.address,
    ip: ctx.ip,
    protocol: ctx.protocol,
    host: ctx.host,
  }))
  return JSON.parse((await send(url, { headers })).body)
}

describe('forwarded headers', () => {
  it('S40: are not believed from anyone but a configured proxy', async () => {
    const forged = {
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'evil.example',
    }
    expect(await seen([], forged)).toEqual({
      address: '127.0.0.1',
      ip: '127.0.0.1',
      protocol: 'https',
      host: 'id.example.com',
    })
    expect((await seen(['10.0.0.0/8'], forged)).address).toBe('127.0.0.1')
  })

  it('S40: name the client only as far as trusted proxies vouch for it', async () => {
    const forwarded = (chain: string) => ({ 'x-forwarded-for': chain })
    expect((await seen(['127.0.0.0/8'], forwarded('203.0.113.9'))).address).toBe('203.0.113.9')
    // What the client wrote itself stands to the left of what the first proxy saw.
    expect((await seen(['127.0.0.0/8'], forwarded('1.2.3.4, 203.0.113.9'))).address).toBe('203.0.113.9')
    expect((await seen(['127.0.0.0/8', '10.0.0.0/8'], forwarded('203.0.113.9, 10.1.1.1'))).address).toBe(
      '203.0.113.9',
    )
    expect((await seen(['127.0.0.1/32'], forwarded('not an address'))).address).toBe('127.0.0.1')
    expect((await seen(['127.0.0.1/32'], forwarded('2001:DB8::1'))).address).toBe('2001:db8::1')
  })

  it('S40: never say what protocol and host are: the issuer does', async () => {
    const { protocol, host } = await seen(['127.0.0.1/32'], {
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'evil.example',
    })
    expect([protocol, host]).toEqual(['https', 'id.example.com'])
  })

  it('count an IPv6 customer as one, whichever of its addresses it uses', () => {
    expect(addressGroup('2001:db8:1:2:3:4:5:6')).toBe(addressGroup('2001:db8:1:2::9'))
    expect(addressGroup('2001:db8:1:2::1')).not.toBe(addressGroup('2001:db8:1:3::1'))
    expect(addressGroup('::1')).toBe('0:0:0:0::/64')
    expect(addressGroup('203.0.113.9')).toBe('203.0.113.9')
  })
})
