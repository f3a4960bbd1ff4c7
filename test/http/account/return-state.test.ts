import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openReturn, sealReturn } from '../../../src/http/return-state.ts'

const browser = 'b'.repeat(43)

/** What a page of another origin would have to make, if it knew the browser's secret. */
function forged(to: string, secret = browser): string {
  const text = Buffer.from(JSON.stringify([to, null])).toString('base64url')
  return `${text}.${createHmac('sha256', secret).update(`return ${text}`).digest('base64url')}`
}

describe('the way back after a sign-in', () => {
  it('leads to the page that was wanted, in the browser that wanted it', () => {
    const state = sealReturn(browser, { to: '/account/activity?after=x', fresh: 'ana' })
    expect(openReturn(browser, state, '/account')).toEqual({ to: '/account/activity?after=x', fresh: 'ana' })
    expect(openReturn('c'.repeat(43), state, '/account')).toBeUndefined()
    expect(openReturn(browser, state, '/admin')).toBeUndefined()
  })

  it('S7: is no open redirector, even with a valid signature', () => {
    const elsewhere = [
      'https://evil.example/account',
      '//evil.example',
      '/account//evil.example',
      '/account/..//evil.example',
      '/account\\@evil.example',
      '/accountant',
      '/account.evil.example',
      '/account@evil.example',
      '',
      'account',
    ]
    for (const to of elsewhere) expect(openReturn(browser, forged(to), '/account'), to).toBeUndefined()
    expect(openReturn(browser, forged('/account?to=//evil.example'), '/account')).toEqual({
      to: '/account?to=//evil.example',
    })
  })

  it('refuses whatever it did not write', () => {
    const state = sealReturn(browser, { to: '/account' })
    const others = [
      undefined,
      '',
      '.',
      'x',
      `${state}x`,
      state.slice(1),
      `x.${state.split('.')[1]}`,
      `${state}.x`,
    ]
    for (const other of others) expect(openReturn(browser, other, '/account'), String(other)).toBeUndefined()
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(openReturn(browser, text, '/account')).toBeUndefined()
      }),
    )
  })
})
