import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { startScene } from '../support/app.ts'
import { requestOf } from '../support/relying-party.ts'

const names = [
  'client_id',
  'redirect_uri',
  'response_type',
  'response_mode',
  'scope',
  'state',
  'nonce',
  'prompt',
  'max_age',
  'claims',
  'acr_values',
  'id_token_hint',
  'login_hint',
  'ui_locales',
  'resource',
  'code_challenge',
  'code_challenge_method',
  'request',
  'request_uri',
  'registration',
  'posted',
  'grant_type',
  'code',
  'refresh_token',
  'token',
  'token_type_hint',
  'client_assertion',
  'client_assertion_type',
  'client_secret',
  'logout',
  'xsrf',
  'post_logout_redirect_uri',
  'access_token',
  '__proto__',
  'constructor',
]
const nasty = [
  '',
  ' ',
  '\u0000',
  '\ud800',
  '{}',
  '{"id_token":{"acr":{"essential":true,"values":"x"}}}',
  '{"id_token":{"acr":{"essential":true,"values":[1,null,{}]}}}',
  '{"id_token":{"acr":{"essential":true,"value":{}},"sub":{"value":[]}}}',
  '{"userinfo":{"__proto__":null}}',
  '{"id_token":null}',
  'a.b.c',
  'eyJhbGciOiJub25lIn0.e30.',
  '[object Object]',
  '-1',
  '1e400',
  '__proto__',
  'none login',
  'code',
  'authorization_code',
  'client_credentials',
  'x'.repeat(3_000),
  '%',
  '../../etc',
  'https://rp.example.com/callback',
]
const pairs = fc.array(
  fc.tuple(fc.constantFrom(...names), fc.oneof(fc.constantFrom(...nasty), fc.string())),
  { maxLength: 6 },
)

function encode(value: string): string {
  return encodeURIComponent(value.toWellFormed())
}

describe('malformed requests', () => {
  eachStore((_, open) => {
    it('F15: get an error of the protocol, never a failure of the server', async () => {
      const { app, client } = await startScene(open)
      const good = requestOf(client).params
      const paths = [
        '/authorize',
        '/token',
        '/userinfo',
        '/introspect',
        '/revoke',
        '/logout',
        '/logout/confirm',
        '/authorize/x',
      ]
      const basic = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`
      const authorization = fc.constantFrom('', basic, 'Basic !', 'Bearer x', 'Bearer', 'Basic Og==')
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...paths),
          fc.boolean(),
          fc.boolean(),
          pairs,
          authorization,
          async (path, posts, complete, change, header) => {
            const base = complete
              ? Object.entries(good).filter(([name]) => !change.some(([changed]) => changed === name))
              : []
            const form = [...base, ...change]
              .map(([name, value]) => `${encode(name)}=${encode(String(value))}`)
              .join('&')
            const headers = { ...(header === '' ? {} : { authorization: header }) }
            const response = posts
              ? await fetch(app.origin + path, {
                  method: 'POST',
                  redirect: 'manual',
                  headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
                  body: form,
                })
              : await fetch(`${app.origin}${path}?${form}`, { redirect: 'manual', headers })
            await response.body?.cancel()
            expect([path, form.slice(0, 300), response.status < 500]).toEqual([
              path,
              form.slice(0, 300),
              true,
            ])
          },
        ),
        { numRuns: 400 },
      )
      expect(app.errors).toEqual([])
    }, 60_000)

    it('F15: get the same with bytes that are no text, and with no content type', async () => {
      const { app } = await startScene(open)
      for (const path of ['/authorize', '/token', '/introspect', '/revoke', '/logout', '/userinfo']) {
        for (const type of [
          'application/x-www-form-urlencoded',
          'application/json',
          'multipart/form-data',
          '',
        ]) {
          const response = await fetch(app.origin + path, {
            method: 'POST',
            redirect: 'manual',
            headers: type === '' ? {} : { 'content-type': type },
            body: new Uint8Array([0xff, 0xfe, 0x00, 0x25, 0x3d, 0x26]),
          })
          expect([path, type, response.status < 500]).toEqual([path, type, true])
        }
      }
      expect(app.errors).toEqual([])
    })
  })
})
