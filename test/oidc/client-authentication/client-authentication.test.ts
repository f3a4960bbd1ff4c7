import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { startScene } from '../support/app.ts'
import { post } from '../support/relying-party.ts'

const machine = { grant_types: ['client_credentials'], response_types: [], redirect_uris: [] }
const ask = { grant_type: 'client_credentials' }
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

async function startSigner(open: Parameters<typeof startScene>[0]) {
  const scene = await startScene(open)
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', use: 'sig', kid: 'one' }] }
  const client = await scene.app.addClient({
    metadata: { ...machine, token_endpoint_auth_method: 'private_key_jwt', jwks },
  })
  const now = Math.floor(Date.now() / 1000)
  const send = async (claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}) => {
    const payload = {
      iss: client.id,
      sub: client.id,
      aud: scene.app.issuer,
      jti: randomUUID(),
      iat: now,
      exp: now + 60,
      ...claims,
    }
    const assertion = await new SignJWT(payload)
      .setProtectedHeader({ alg: 'ES256', kid: 'one', ...header })
      .sign(privateKey)
    return post(scene.app, '/token', undefined, {
      ...ask,
      client_assertion: assertion,
      client_assertion_type: assertionType,
    })
  }
  return { ...scene, client, send, now }
}

describe('client authentication', () => {
  eachStore((_, open) => {
    it('takes the secret in the header or in the body', async () => {
      const { app } = await startScene(open)
      const client = await app.addClient({
        metadata: { ...machine, token_endpoint_auth_method: 'client_secret_post' },
      })
      expect(
        (await post(app, '/token', undefined, { ...ask, client_id: client.id, client_secret: client.secret }))
          .status,
      ).toBe(200)
      expect((await post(app, '/token', client, ask)).status).toBe(200)
    })

    it('takes any of several secrets until it expires', async () => {
      const { app } = await startScene(open)
      const one = await app.addClient({ metadata: machine })
      const other = await app.addClient({ metadata: machine })
      await app.changeClient(one.id, { secrets: [...one.secrets, ...other.secrets] })
      expect((await post(app, '/token', one, ask)).status).toBe(200)
      expect((await post(app, '/token', { ...one, secret: other.secret }, ask)).status).toBe(200)
      const stored = await app.store.clients.get(one.id)
      await app.changeClient(one.id, {
        secrets: (stored?.secrets ?? []).map((secret) => ({ ...secret, expiresAt: Date.now() - 1 })),
      })
      expect((await post(app, '/token', one, ask)).status).toBe(401)
    })

    it('refuses a wrong secret, an empty one, none, and the placeholder, all alike', async () => {
      const { app } = await startScene(open)
      const client = await app.addClient({ metadata: machine })
      for (const secret of ['wrong', 'kept-elsewhere', `${client.secret} `, '']) {
        const answer = await post(app, '/token', { ...client, secret }, ask)
        expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client'])
        expect(answer.headers.get('www-authenticate')).toContain('Basic')
      }
      const none = await post(app, '/token', undefined, { ...ask, client_id: client.id })
      expect([none.status, none.body.error]).toEqual([401, 'invalid_client'])
      const unknown = await post(app, '/token', { ...client, id: 'nobody' }, ask)
      expect([unknown.status, unknown.body.error]).toEqual([401, 'invalid_client'])
    })

    it('asks for authentication with 401 where there was none, and whichever way it failed (RFC 6749 5.2, RFC 9110 15.5.2)', async () => {
      const { app } = await startScene(open)
      const client = await app.addClient({ metadata: machine })
      for (const path of ['/token', '/introspect', '/revoke']) {
        for (const credentials of [{}, { client_id: client.id, client_secret: 'wrong' }]) {
          const answer = await post(app, path, undefined, { ...ask, token: 'x', ...credentials })
          expect([path, answer.status, answer.body.error]).toEqual([path, 401, 'invalid_client'])
          expect(answer.headers.get('www-authenticate')).toContain(`Basic realm="${app.issuer}"`)
        }
      }
    })

    it('says which methods an endpoint takes (RFC 9110 15.5.6)', async () => {
      const { app } = await startScene(open)
      for (const [path, method, allow] of [
        ['/token', 'GET', 'POST'],
        ['/revoke', 'PUT', 'POST'],
        ['/userinfo', 'DELETE', 'GET, HEAD, POST'],
        ['/jwks', 'POST', 'GET, HEAD'],
      ] as const) {
        const answer = await fetch(app.origin + path, { method, headers: { accept: 'text/html' } })
        expect([path, answer.status, answer.headers.get('allow')]).toEqual([path, 405, allow])
        expect(answer.headers.get('cache-control')).toBe('no-store')
        expect(await answer.json()).toMatchObject({ error: 'invalid_request' })
      }
    })

    it('answers in JSON whatever a client says it accepts', async () => {
      const { app } = await startScene(open)
      for (const path of ['/token', '/userinfo', '/introspect', '/revoke']) {
        const headers = { accept: 'text/html', authorization: 'Bearer x' }
        const answer = await fetch(app.origin + path, { method: 'POST', headers })
        expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
        expect(await answer.json()).toHaveProperty('error')
      }
    })

    it('answers a client that does two things at once with an error', async () => {
      const { app } = await startScene(open)
      const client = await app.addClient({ metadata: machine })
      const twice = await post(app, '/token', client, {
        ...ask,
        client_secret: client.secret,
        client_id: client.id,
      })
      expect(twice.body.error).toBe('invalid_request')
      const repeated = await post(app, '/token', client, {
        ...ask,
        grant_type: ['client_credentials', 'refresh_token'],
      })
      expect(repeated.body.error).toBe('invalid_request')
    })

    it('S9: an assertion for the issuer works once, in whichever order it is sent', async () => {
      const { send } = await startSigner(open)
      const jti = randomUUID()
      expect((await send({ jti })).status).toBe(200)
      const again = await send({ jti })
      expect([again.status, again.body.error]).toEqual([401, 'invalid_client'])
      const racing = randomUUID()
      const answers = await Promise.all(Array.from({ length: 8 }, () => send({ jti: racing })))
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    })

    it('S9: the audience is the issuer as one string and nothing else', async () => {
      const { app, send } = await startSigner(open)
      for (const aud of [
        [app.issuer],
        [app.issuer, 'https://other.example'],
        `${app.issuer}/token`,
        `${app.issuer}/`,
        'https://other.example',
      ]) {
        expect((await send({ aud })).status).toBe(401)
      }
    })

    it('S9: it ends within five minutes, and clocks may be ten seconds apart but not a minute', async () => {
      const { send, now } = await startSigner(open)
      expect((await send({ exp: now + 300 })).status).toBe(200)
      expect((await send({ exp: now + 360 })).status).toBe(401)
      expect((await send({ exp: now - 60 })).status).toBe(401)
      expect((await send({ exp: undefined })).status).toBe(401)
      for (const name of ['iat', 'nbf']) {
        expect((await send({ [name]: now + 10 })).status).toBe(200)
        expect((await send({ [name]: now + 61 })).status).toBe(401)
      }
    })

    it('S9: issuer, subject, jti and key must be right', async () => {
      const { app, send, client } = await startSigner(open)
      expect((await send({ iss: 'other' })).status).toBe(401)
      expect((await send({ sub: 'other' })).status).toBe(401)
      expect((await send({ jti: undefined })).status).toBe(401)
      const { privateKey } = await generateKeyPair('ES256')
      const forged = await new SignJWT({
        iss: client.id,
        sub: client.id,
        aud: app.issuer,
        jti: 'x',
        exp: Date.now() / 1000 + 60,
      })
        .setProtectedHeader({ alg: 'ES256', kid: 'one' })
        .sign(privateKey)
      const params = { ...ask, client_assertion_type: assertionType }
      expect((await post(app, '/token', undefined, { ...params, client_assertion: forged })).status).toBe(401)
    })

    it('S9: no unsigned assertion, and none signed with the placeholder of a secret', async () => {
      const { app, client } = await startSigner(open)
      const other = await app.addClient({ metadata: machine })
      for (const one of [client, other]) {
        const claims = {
          iss: one.id,
          sub: one.id,
          aud: app.issuer,
          jti: randomUUID(),
          exp: Math.floor(Date.now() / 1000) + 60,
        }
        const none = `${encode({ alg: 'none' })}.${encode(claims)}.`
        const hmac = await new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256' })
          .sign(Buffer.from('kept-elsewhere'.padEnd(32, '\0')))
        for (const assertion of [none, hmac]) {
          const { status } = await post(app, '/token', undefined, {
            ...ask,
            client_assertion: assertion,
            client_assertion_type: assertionType,
          })
          expect(status).toBe(401)
        }
      }
    })

    it('does not accept a client that wants symmetric algorithms', async () => {
      const { app } = await startScene(open)
      for (const metadata of [
        { token_endpoint_auth_method: 'client_secret_jwt' },
        { id_token_signed_response_alg: 'HS256' },
        { id_token_encrypted_response_alg: 'A128KW' },
        { id_token_encrypted_response_alg: 'dir' },
      ]) {
        const client = await app.addClient({ metadata: { ...machine, ...metadata } })
        expect((await post(app, '/token', client, ask)).status).toBeGreaterThanOrEqual(400)
      }
    })
  })
})

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
