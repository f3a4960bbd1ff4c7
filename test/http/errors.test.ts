import { describe, expect, it } from 'vitest'
import { Problem } from '../../src/domain/problem.ts'
import { errors } from '../../src/http/middleware/errors.ts'
import { traceId } from '../../src/http/middleware/trace.ts'
import { createWeb } from '../../src/http/web.ts'
import { createVault, random } from '../../src/vault/vault.ts'
import { openSignet, send, serve } from './support/server.ts'

const settings = {
  mode: 'development',
  issuer: 'http://localhost:3000',
  trusted_proxies: [],
  allowed_hosts: [],
  brand: { name: 'Signet', support_url: null, terms_url: null, privacy_url: null },
  languages: ['en', 'de'],
} as const

async function serveThrowing(error: () => unknown) {
  const lines: string[] = []
  const write = (fields: object, text: string) =>
    void lines.push(
      JSON.stringify(fields, (_, value) => (value instanceof Error ? value.message : value)) + text,
    )
  const web = await createWeb({ settings, vault: createVault(new Uint8Array(32)), clock: Date.now })
  const log = { debug: write, info: write, warn: write, error: write }
  const { url } = await serve([traceId(random), errors(web, log)], (ctx) => {
    if (ctx.path === '/good') return 'good'
    throw error()
  })
  return { url, lines }
}

describe('errors', () => {
  it('F20: a handler that throws fails one request, with a page that carries the trace id; the next one works', async () => {
    const { url } = await serveThrowing(() => new Error('the secret cause'))
    const answers = await Promise.all(
      ['/bad', '/good', '/bad', '/good'].map((path) => send(url, { path, headers: { accept: 'text/html' } })),
    )
    expect(answers.map(({ status }) => status)).toEqual([500, 200, 500, 200])
    expect(answers[0]?.body).toContain(String(answers[0]?.headers['x-trace-id']))
    expect((await send(url, { path: '/good' })).status).toBe(200)
  })

  it('F20: whatever is thrown', async () => {
    for (const thrown of [undefined, null, 'text', 7, { status: 200, expose: true }, { status: 'x' }]) {
      const { url } = await serveThrowing(() => thrown)
      expect((await send(url)).status).toBe(500)
    }
  })

  it('S42: the cause goes to the log with the trace id, and to nobody else', async () => {
    const { url, lines } = await serveThrowing(
      () => new Problem('busy', { cause: new Error('the secret cause'), retryAfter: 1.2 }),
    )
    const answer = await send(url, { headers: { accept: 'application/json' } })
    expect(answer.status).toBe(503)
    expect(answer.headers['retry-after']).toBe('2')
    const { error, trace_id } = JSON.parse(answer.body)
    expect([error, trace_id]).toEqual(['busy', answer.headers['x-trace-id']])
    expect(answer.body).not.toContain('secret cause')
    expect(lines.join()).toContain('the secret cause')
    expect(lines.join()).toContain(trace_id)
  })

  it('names every request itself: no trace id is taken from outside', async () => {
    const { issuer } = await openSignet()
    const answer = await send(issuer, {
      path: '/nowhere',
      headers: { 'x-trace-id': 'mine', traceparent: '00-mine' },
    })
    expect(answer.headers['x-trace-id']).not.toBe('mine')
    expect(answer.status).toBe(404)
    expect(answer.body).toContain(String(answer.headers['x-trace-id']))
  })

  it('speaks the language of the browser, and answers JSON to whoever asks for it', async () => {
    const { issuer } = await openSignet()
    const german = await send(issuer, { path: '/nowhere', headers: { 'accept-language': 'de-AT, en;q=0.5' } })
    expect(german.body).toContain('Hier ist nichts')
    expect(german.body).toMatch(/href="\/account">\s*Zu meinem Konto/)
    const json = await send(issuer, { path: '/nowhere', headers: { accept: 'application/json' } })
    expect(JSON.parse(json.body).error).toBe('not-found')
  })
})
