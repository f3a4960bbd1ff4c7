import { describe, expect, it } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { startScene } from '../support/app.ts'
import { jsonOf } from '../support/relying-party.ts'

describe('discovery', () => {
  eachStore((_, open) => {
    it('says what the server does and nothing that it does not', async () => {
      const { app } = await startScene(open)
      const response = await fetch(`${app.origin}/.well-known/openid-configuration`)
      const found = await jsonOf<Record<string, string[]>>(response)
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
      expect(found).toMatchObject({
        issuer: app.issuer,
        authorization_endpoint: `${app.issuer}/authorize`,
        token_endpoint: `${app.issuer}/token`,
        userinfo_endpoint: `${app.issuer}/userinfo`,
        introspection_endpoint: `${app.issuer}/introspect`,
        revocation_endpoint: `${app.issuer}/revoke`,
        end_session_endpoint: `${app.issuer}/logout`,
        jwks_uri: `${app.issuer}/jwks`,
        response_types_supported: ['code', 'none'],
        response_modes_supported: ['form_post', 'fragment', 'query'],
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: [
          'client_secret_basic',
          'client_secret_post',
          'private_key_jwt',
          'none',
        ],
        subject_types_supported: ['public', 'pairwise'],
        authorization_response_iss_parameter_supported: true,
        backchannel_logout_supported: true,
        claims_parameter_supported: true,
        request_uri_parameter_supported: false,
        ui_locales_supported: ['en', 'de'],
        prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
      })
      expect([...(found.grant_types_supported ?? [])].sort()).toEqual([
        'authorization_code',
        'client_credentials',
        'refresh_token',
      ])
      expect([...(found.id_token_signing_alg_values_supported ?? [])].sort()).toEqual([
        'ES256',
        'EdDSA',
        'RS256',
      ])
      // RFC 8414 2: MUST be present where private_key_jwt is.
      for (const endpoint of ['introspection', 'revocation']) {
        expect(found[`${endpoint}_endpoint_auth_methods_supported`]).toContain('private_key_jwt')
        expect(found[`${endpoint}_endpoint_auth_signing_alg_values_supported`]).toEqual(
          found.token_endpoint_auth_signing_alg_values_supported,
        )
      }
      expect(found.acr_values_supported).toContain('urn:signet:acr:two-factor')
      expect(JSON.stringify(found)).not.toMatch(
        /"HS\d|A128KW|"dir"|client_secret_jwt|"plain"|implicit|"token"/,
      )
      expect(found).not.toHaveProperty('registration_endpoint')
      expect(found).not.toHaveProperty('pushed_authorization_request_endpoint')
    })

    it('is the same at the OAuth address (RFC 8414)', async () => {
      const { app } = await startScene(open)
      const [one, other] = await Promise.all(
        ['openid-configuration', 'oauth-authorization-server'].map(async (name) =>
          (await fetch(`${app.origin}/.well-known/${name}`)).text(),
        ),
      )
      expect(one).toBe(other)
    })

    it('is cached, and answers 304 to who has it', async () => {
      const { app } = await startScene(open)
      for (const path of ['/.well-known/openid-configuration', '/jwks']) {
        const first = await fetch(app.origin + path)
        const etag = first.headers.get('etag') ?? ''
        expect(first.headers.get('cache-control')).toBe('public, max-age=600')
        expect(first.headers.get('access-control-allow-origin')).toBe('*')
        const again = await fetch(app.origin + path, { headers: { 'if-none-match': etag } })
        expect([again.status, await again.text()]).toEqual([304, ''])
        const head = await fetch(app.origin + path, { method: 'HEAD' })
        expect([head.status, head.headers.get('etag')]).toEqual([200, etag])
      }
    })

    it('publishes only public halves of keys', async () => {
      const { app } = await startScene(open)
      const response = await fetch(`${app.origin}/jwks`)
      expect(response.headers.get('content-type')).toBe('application/jwk-set+json; charset=utf-8')
      const { keys } = await jsonOf<{ keys: { alg: string }[] }>(response)
      expect(keys.map((key) => key.alg).sort()).toEqual(['ES256', 'EdDSA', 'RS256'])
      for (const key of keys) {
        for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(name)
      }
    })

    it('leaves other paths, and the same paths in other letters, to whoever is next', async () => {
      const { app } = await startScene(open)
      for (const path of ['/TOKEN', '/token/', '/reg', '/request', '/device', '/me', '/authorizeX']) {
        expect((await fetch(app.origin + path, { method: 'POST' })).status).toBe(404)
      }
    })
  })
})
