import { describe, expect, it } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { createVisitor } from '../../support/visitor.ts'
import { startScene } from '../support/app.ts'
import { authorize, person, query, requestOf } from '../support/relying-party.ts'

const registered = 'https://rp.example.com/callback'
const lookalikes = [
  'https://rp.example.com/Callback',
  'https://rp.example.com/callback/',
  'https://rp.example.com/callback?x=1',
  'https://rp.example.com/callback#x',
  'https://rp.example.com/callback/../evil',
  'https://rp.example.com/call%62ack',
  'https://RP.example.com/callback',
  'https://rp.example.com:443/callback',
  'https://rp.example.com.evil.example/callback',
  'https://rp.example.com@evil.example/callback',
  'https://evil.example/callback',
  'http://rp.example.com/callback',
  'https://*.example.com/callback',
  'https://rp.example.com/callback\u0000',
  ' https://rp.example.com/callback',
  'javascript:alert(1)',
  '//rp.example.com/callback',
  '/callback',
]
const modes = ['', 'query', 'fragment', 'form_post']

describe('redirect URIs', () => {
  eachStore((_, open) => {
    it.each(modes)(
      'S1: nothing but the very registered URI gets an answer, in response mode "%s"',
      async (mode) => {
        const { app, client, ana } = await startScene(open)
        const browser = createVisitor()
        await authorize(app, browser, client, { as: person(ana.id) })
        for (const uri of lookalikes) {
          for (const prompt of ['', 'none']) {
            const params = { redirect_uri: uri, response_mode: mode, prompt }
            const answered = await authorize(app, browser, client, { params })
            expect([uri, answered.location]).toEqual([uri, undefined])
            expect(answered.body).toMatchObject({ page: 'error', error: 'invalid_redirect_uri', status: 400 })
          }
        }
      },
    )

    it('S1: an error in the request does not redirect to an unverified URI either, and neither does an unknown client', async () => {
      const { app, client } = await startScene(open)
      for (const mode of modes) {
        const bad = { redirect_uri: 'https://evil.example', response_mode: mode }
        for (const change of [
          { scope: 'nonsense\u0001' },
          { response_type: 'token' },
          { prompt: 'nonsense' },
        ]) {
          const answered = await authorize(app, createVisitor(), client, { params: { ...bad, ...change } })
          expect(answered.location).toBeUndefined()
          expect(answered.body.page).toBe('error')
        }
        const unknown = await authorize(app, createVisitor(), client, {
          params: { client_id: 'nobody', response_mode: mode },
        })
        expect(unknown.location).toBeUndefined()
        expect(unknown.body).toMatchObject({ page: 'error', error: 'invalid_client' })
      }
    })

    it('S1: a missing redirect_uri is refused even with one registered', async () => {
      const { app, client } = await startScene(open)
      const answered = await authorize(app, createVisitor(), client, { params: { redirect_uri: '' } })
      expect(answered.body).toMatchObject({ page: 'error', error: 'invalid_request' })
    })

    it('S1: a repeated redirect_uri is refused', async () => {
      const { app, client } = await startScene(open)
      const answered = await authorize(app, createVisitor(), client, {
        params: { redirect_uri: [registered, 'https://evil.example'] },
      })
      expect(answered.location).toBeUndefined()
    })

    it('S1: a native client may use any port of its loopback URI, and nothing else of it may differ', async () => {
      const { app, ana } = await startScene(open)
      const native = await app.addClient({
        metadata: {
          application_type: 'native',
          token_endpoint_auth_method: 'none',
          redirect_uris: ['http://127.0.0.1/callback', 'com.example.app:/callback'],
        },
      })
      const at = (uri: string) =>
        authorize(app, createVisitor(), native, { as: person(ana.id), params: { redirect_uri: uri } })
      expect((await at('http://127.0.0.1:51004/callback')).location?.href).toContain(
        'http://127.0.0.1:51004/callback?code=',
      )
      expect((await at('com.example.app:/callback')).location?.href).toContain(
        'com.example.app:/callback?code=',
      )
      for (const uri of [
        'http://127.0.0.1:51004/other',
        'http://localhost:51004/callback',
        'http://127.0.0.1.evil.example:1/callback',
      ]) {
        expect((await at(uri)).location).toBeUndefined()
      }
      const { params } = requestOf(native, { redirect_uri: 'http://127.0.0.1:8080/callback' })
      const web = await app.addClient({ metadata: { redirect_uris: ['http://127.0.0.1/callback'] } })
      const answer = await createVisitor().send(
        `${app.origin}/authorize?${query({ ...params, client_id: web.id })}`,
      )
      expect(answer.status).toBe(400)
    })

    it.each(modes)('S5: every answer names its issuer, errors too, in response mode "%s"', async (mode) => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      const params = { response_mode: mode }
      const error = await authorize(app, browser, client, { params: { ...params, prompt: 'none' } })
      expect(Object.fromEntries(error.params)).toMatchObject({
        error: 'login_required',
        state: 'st',
        iss: app.issuer,
      })
      const success = await authorize(app, browser, client, { params, as: person(ana.id) })
      expect(Object.fromEntries(success.params)).toMatchObject({ state: 'st', iss: app.issuer })
      expect(success.params.get('code')).toBeTruthy()
      const refused = await authorize(app, createVisitor(), client, {
        params,
        as: () => ({ refuse: { error: 'access_denied', description: 'no' } }),
      })
      expect(Object.fromEntries(refused.params)).toMatchObject({
        error: 'access_denied',
        error_description: 'no',
        iss: app.issuer,
      })
      if (mode !== 'form_post') expect(success.location?.href.split(/[?#]/)[0]).toBe(registered)
      else expect(success.body).toMatchObject({ page: 'form-post', action: registered })
      if (mode === 'fragment') expect(success.location?.search).toBe('')
    })

    it('S7: every redirect is a 303 that is neither stored nor told to the next site', async () => {
      const { app, client, ana } = await startScene(open)
      const browser = createVisitor()
      const { params } = requestOf(client)
      const first = await browser.send(`${app.origin}/authorize?${query(params)}`)
      expect(first.status).toBe(303)
      expect(first.headers.get('cache-control')).toContain('no-store')
      expect(first.headers.get('referrer-policy')).toBe('no-referrer')
      const login = await browser.send(new URL(first.headers.get('location') ?? '', app.origin), {
        method: 'POST',
        body: JSON.stringify({ login: { identityId: ana.id } }),
      })
      expect(login.status).toBe(303)
      const resumed = await browser.send(login.headers.get('location') ?? '')
      expect(resumed.status).toBe(303)
      expect(resumed.headers.get('cache-control')).toContain('no-store')
    })

    it('S4: a client is held to its own response modes', async () => {
      const { app } = await startScene(open)
      const client = await app.addClient({ metadata: { response_modes: ['query'] } })
      for (const mode of ['fragment', 'form_post']) {
        const { params } = await authorize(app, createVisitor(), client, { params: { response_mode: mode } })
        expect(params.get('error')).toBe('invalid_request')
      }
      const web = await authorize(app, createVisitor(), client, { params: { response_mode: 'web_message' } })
      expect(web.params.get('error')).toBe('unsupported_response_mode')
    })
  })
})
