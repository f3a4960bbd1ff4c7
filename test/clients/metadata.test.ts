import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { checkMetadata, completed, needsSecret } from '../../src/clients/metadata.ts'
import type { ClientMetadata } from '../../src/domain/client.ts'

const callback = 'https://app.example.com/callback'
const faults = (metadata: Record<string, unknown>) =>
  checkMetadata(completed({ client_name: 'App', redirect_uris: [callback], ...metadata } as ClientMetadata))
const ecJwk = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })

describe('redirect URIs', () => {
  it.each([
    callback,
    'https://app.example.com',
    'https://app.example.com/callback?tenant=1',
    'http://127.0.0.1:4000/callback',
    'http://[::1]/callback',
    'http://localhost:4000/callback',
    'https://xn--bcher-kva.example/%C3%A4',
  ])('S1: accepts %s', (uri) => {
    expect(faults({ redirect_uris: [uri] })).toEqual([])
    expect(faults({ post_logout_redirect_uris: [uri] })).toEqual([])
  })

  it.each([
    '',
    '/callback',
    'app.example.com/callback',
    '//app.example.com/callback',
    'https:app.example.com',
    'https:/app.example.com',
    'https:///app.example.com',
    'https://',
    'https://app.example.com/callback#',
    'https://app.example.com/callback#part',
    'https://*.example.com/callback',
    'https://app.example.com/*',
    'https://user@app.example.com/',
    'https://user:secret@app.example.com/',
    'https://@app.example.com/',
    'https://app.example.com\\@evil.example/',
    'https://app.example.com/call back',
    'https://app.example.com/\tcallback',
    'https://app.example.com/\u0000',
    'https://bücher.example/',
    'http://app.example.com/callback',
    'http://localhost.evil.example/',
    'http://127.0.0.1.evil.example/',
    'ftp://app.example.com/',
    'urn:ietf:wg:oauth:2.0:oob',
    `https://app.example.com/${'a'.repeat(2_000)}`,
  ])('S1: refuses %j', (uri) => {
    expect(faults({ redirect_uris: [uri] })).toHaveLength(1)
    expect(faults({ redirect_uris: [callback, uri] })).toHaveLength(1)
    expect(faults({ post_logout_redirect_uris: [uri] })).toHaveLength(1)
  })

  it.each([
    'javascript:alert(1)',
    'JavaScript://x.y/%0aalert(1)',
    'data:text/html,x',
    'vbscript:x',
    'blob:https://app.example.com/1',
    'file:///etc/passwd',
    'about:blank',
    'myapp://callback',
    'myapp:/callback',
  ])('S37: refuses %s for any kind of application', (uri) => {
    for (const application_type of ['web', 'native', undefined])
      expect(faults({ redirect_uris: [uri], application_type })).not.toEqual([])
  })

  it('S1: takes a private scheme in reverse-domain form from native applications only', () => {
    const uri = 'com.example.app:/callback'
    expect(faults({ redirect_uris: [uri], application_type: 'native' })).toEqual([])
    expect(faults({ redirect_uris: [uri] })).toEqual([])
    expect(completed({ redirect_uris: [uri] }).application_type).toBe('native')
    expect(faults({ redirect_uris: [uri], application_type: 'web' })).toHaveLength(1)
    expect(
      faults({ redirect_uris: ['https://localhost/callback'], application_type: 'native' }),
    ).toHaveLength(1)
  })

  it.each([[null], ['text'], [42], [[null]], [[{ $ne: null }]], [[[callback]]], [{ 0: callback }]])(
    'S41: refuses %j instead of a list of addresses',
    (value) => {
      expect(checkMetadata({ redirect_uris: value } as never)).not.toEqual([])
    },
  )
})

describe('addresses of the client', () => {
  const pages = ['logo_uri', 'policy_uri', 'tos_uri', 'client_uri', 'backchannel_logout_uri', 'jwks_uri']

  it.each([...pages, 'initiate_login_uri', 'sector_identifier_uri'])(
    'S37: %s is https and nothing that runs',
    (name) => {
      expect(faults({ [name]: 'https://app.example.com/x' })).toEqual([])
      for (const uri of [
        'javascript:alert(1)',
        'JAVASCRIPT:alert(1)',
        ' javascript:alert(1)',
        'data:image/svg+xml,x',
        'http://app.example.com/',
        '//x',
        'x',
        1,
        '',
      ]) {
        expect(faults({ [name]: uri })).toEqual([expect.stringContaining(`${name} `)])
      }
    },
  )

  it('allows http on a loopback host while developing, but not where the library wants https', () => {
    for (const name of pages) expect(faults({ [name]: 'http://localhost:4000/x' })).toEqual([])
    for (const name of ['initiate_login_uri', 'sector_identifier_uri'])
      expect(faults({ [name]: 'http://localhost:4000/x' })).toHaveLength(1)
  })
})

describe('what a client may do', () => {
  it('S4: knows no implicit, password or hybrid flow', () => {
    for (const grant of ['implicit', 'password', 'urn:x'])
      expect(faults({ grant_types: ['authorization_code', grant] })).toHaveLength(1)
    for (const type of ['token', 'id_token', 'code id_token'])
      expect(faults({ response_types: [type] })).toHaveLength(1)
    expect(faults({ response_types: ['none'] })).toEqual([])
  })

  it('takes only authentication methods that work with hashed secrets', () => {
    for (const method of ['client_secret_basic', 'client_secret_post', 'none'])
      expect(faults({ token_endpoint_auth_method: method })).toEqual([])
    for (const method of ['client_secret_jwt', 'tls_client_auth', 'x', 1])
      expect(faults({ token_endpoint_auth_method: method })).toHaveLength(1)
    expect([{}, { token_endpoint_auth_method: 'client_secret_post' }].map(needsSecret)).toEqual([true, true])
    expect(
      [{ token_endpoint_auth_method: 'none' }, { token_endpoint_auth_method: 'private_key_jwt' }].map(
        needsSecret,
      ),
    ).toEqual([false, false])
  })

  it('takes asymmetric algorithms only: no HS*, no none, no key wrapping', () => {
    const names = [
      'id_token_signed_response_alg',
      'userinfo_signed_response_alg',
      'introspection_signed_response_alg',
    ]
    for (const name of names) {
      for (const alg of ['ES256', 'RS256', 'EdDSA']) expect(faults({ [name]: alg })).toEqual([])
      for (const alg of ['HS256', 'HS512', 'none', 'dir', 'A128KW', 'RS1'])
        expect(faults({ [name]: alg })).toHaveLength(1)
    }
    const keys = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [ecJwk()] } }
    expect(faults({ ...keys, token_endpoint_auth_signing_alg: 'ES256' })).toEqual([])
    expect(faults({ ...keys, token_endpoint_auth_signing_alg: 'HS256' })).toHaveLength(1)
    expect(faults({ id_token_encrypted_response_alg: 'RSA-OAEP' })).toHaveLength(1)
  })

  it('takes public keys, and refuses private parts, shared secrets and weak ones', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
    const ed = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
    expect(faults({ jwks: { keys: [publicKey.export({ format: 'jwk' }), rsa, ed] } })).toEqual([])
    const oct = { kty: 'oct', k: 'AAAA' }
    for (const key of [
      privateKey.export({ format: 'jwk' }),
      weak,
      oct,
      {},
      null,
      'x',
      { kty: 'EC', crv: 'secp256k1', x: 'x' },
    ])
      expect(faults({ jwks: { keys: [key] } })).toEqual([expect.stringMatching(/^jwks\.keys\[0\] /)])
    for (const jwks of [{}, { keys: [] }, [], 'x']) expect(faults({ jwks })).toHaveLength(1)
  })

  it('takes scopes that exist, levels that exist, and plain values of the right kind', () => {
    expect(
      faults({
        scope: 'openid email',
        default_acr_values: ['urn:signet:acr:two-factor'],
        default_max_age: 60,
        require_auth_time: true,
        contacts: ['dev@example.com'],
      }),
    ).toEqual([])
    expect(faults({ scope: 'openid admin' })).toEqual([expect.stringContaining('"admin"')])
    expect(checkMetadata({ redirect_uris: [callback], scope: 'openid read' }, { scopes: ['read'] })).toEqual(
      [],
    )
    for (const wrong of [
      { scope: ['openid'] },
      { default_acr_values: ['urn:x'] },
      { default_max_age: -1 },
      { require_auth_time: 'yes' },
      { contacts: ['dev'] },
    ])
      expect(faults(wrong)).toHaveLength(1)
  })

  it('refuses names that turn around what is read on the consent page', () => {
    for (const client_name of ['', ' ', 'a'.repeat(201), 'App\u202egro.live', 'App\n', 1])
      expect(faults({ client_name })).toHaveLength(1)
  })

  it('S38: refuses what is no client metadata, so that nothing is stored or silently ignored', () => {
    for (const name of [
      'client_id',
      'client_secret',
      'firstParty',
      'dpop_bound_access_tokens',
      '__proto__',
      'constructor',
      '$where',
    ])
      expect(
        checkMetadata(JSON.parse(`{ "redirect_uris": ["${callback}"], ${JSON.stringify(name)}: true }`)),
      ).toEqual([expect.stringContaining(`"${name}"`)])
  })

  it('lists everything that is wrong at once', () => {
    const reasons = faults({
      redirect_uris: ['http://a.example/', 'x'],
      logo_uri: 'javascript:1',
      grant_types: ['implicit'],
      client_secret: 'x',
    })
    expect(reasons).toHaveLength(5)
    for (const reason of reasons) expect(reason).toMatch(/^[a-z_"]+ .+/)
  })
})

describe('what belongs together', () => {
  it('completes a machine that only has client_credentials', () => {
    const machine = completed({ client_name: 'Machine', grant_types: ['client_credentials'] })
    expect(machine.response_types).toEqual([])
    expect(checkMetadata(machine)).toEqual([])
  })

  it.each([
    ['a code without a redirect URI', { redirect_uris: [] }],
    ['a code without its grant', { grant_types: ['client_credentials'], response_types: ['code'] }],
    ['a refresh token that nothing issues', { grant_types: ['refresh_token'], response_types: [] }],
    [
      'a public machine',
      { token_endpoint_auth_method: 'none', grant_types: ['authorization_code', 'client_credentials'] },
    ],
    ['private_key_jwt without keys', { token_endpoint_auth_method: 'private_key_jwt' }],
    ['keys in two places', { jwks: { keys: [ecJwk()] }, jwks_uri: 'https://app.example.com/jwks' }],
    ['a signing algorithm without a key', { token_endpoint_auth_signing_alg: 'ES256' }],
    [
      'pairwise subjects over several hosts',
      { subject_type: 'pairwise', redirect_uris: [callback, 'https://other.example.com/'] },
    ],
  ])('refuses %s', (_, metadata) => {
    expect(faults(metadata)).toHaveLength(1)
  })

  it('allows pairwise subjects over several hosts with a sector', () => {
    const metadata = {
      subject_type: 'pairwise',
      redirect_uris: [callback, 'https://other.example.com/'],
      sector_identifier_uri: 'https://app.example.com/sector',
    }
    expect(faults(metadata)).toEqual([])
  })
})
