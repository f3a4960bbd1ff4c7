import { expect, it } from 'vitest'
import { createVisitor, words } from '../../support/visitor.ts'
import { openSignet } from '../support/server.ts'

type Signet = Awaited<ReturnType<typeof openSignet>>

const code = {
  subject: 'Your code',
  text: 'It is 123456.',
  html: '<html><head></head><body>It is <b>123456</b>.</body></html>',
}

it('answers with every message, newest first, in exactly the shape that tests rely on', async () => {
  const signet = await openSignet()
  await caught(signet, { ...code, to: 'Ana@example.com', codes: ['123456'] })
  await caught(signet, {
    ...code,
    to: 'bo@example.com',
    subject: 'Later',
    links: [`${signet.issuer}/recovery`],
  })
  const messages = await read(signet, '')
  expect(messages.map(({ subject }) => subject)).toEqual(['Later', 'Your code'])
  expect(Object.keys(messages[0] ?? {})).toEqual([
    'id',
    'channel',
    'to',
    'subject',
    'text',
    'html',
    'links',
    'codes',
    'at',
  ])
  expect(messages[1]).toMatchObject({ channel: 'email', to: 'Ana@example.com', codes: ['123456'], links: [] })
  expect(new Date(String(messages[0]?.at)).getTime()).toBeGreaterThan(Date.now() - 60_000)
})

it('finds by exact address, channel and what came after', async () => {
  const signet = await openSignet()
  await caught(signet, { ...code, to: 'ana@example.com' })
  await caught(signet, { ...code, to: 'joana@example.com' })
  await caught(signet, { to: '+4915112345678', channel: 'sms', subject: '', html: '', text: 'code 42' })
  const subjects = async (query: string) => (await read(signet, query)).map(({ to }) => to)
  expect(await subjects('?to=ana@example.com')).toEqual(['ana@example.com'])
  expect(await subjects('?to=ANA%40example.com')).toEqual(['ana@example.com'])
  expect(await subjects('?to=ana')).toEqual([])
  expect(await subjects('?channel=sms')).toEqual(['+4915112345678'])
  const [, second] = await read(signet, '')
  expect(await subjects(`?after=${second?.id}`)).toEqual(['+4915112345678'])
})

it('holds the answer until a message is there, and no longer than asked', async () => {
  const signet = await openSignet()
  const waiting = read(signet, '?to=late@example.com&wait=10')
  setTimeout(() => void caught(signet, { ...code, to: 'late@example.com' }), 300)
  expect(await waiting).toHaveLength(1)
  expect(await read(signet, '?to=nobody@example.com&wait=1')).toEqual([])
})

it('refuses a channel or a wait that makes no sense, as JSON', async () => {
  const signet = await openSignet()
  for (const query of ['?channel=pigeon', '?wait=soon', '?wait=-1', '?to=a&to=b']) {
    const answer = await fetch(`${signet.issuer}/inbox/messages${query}`)
    expect(answer.status, query).toBe(400)
    expect(await answer.json(), query).toMatchObject({ error: 'bad-request' })
  }
})

it('shows codes and links to use, and a mail in a frame without any right', async () => {
  const signet = await openSignet()
  await caught(signet, {
    ...code,
    html: '<html><head></head><body><script>alert(1)</script><a href="/x">x</a></body></html>',
    to: '"><script>alert(1)</script>@example.com',
    codes: ['123456'],
    links: [`${signet.issuer}/recovery`, 'https://evil.example/', 'javascript:alert(1)'],
  })
  const visitor = createVisitor()
  const page = await visitor.get(`${signet.issuer}/inbox`)
  expect(words(page)).toContain('123456')
  expect(page.document.querySelectorAll('main script')).toHaveLength(0)
  const links = page.document.querySelectorAll('.message-use a').map((link) => link.getAttribute('href'))
  expect(links).toEqual([`${signet.issuer}/recovery`])
  const frame = page.document.querySelector('iframe')?.getAttribute('src') ?? ''
  const mail = await visitor.send(new URL(frame, signet.issuer))
  const policy = mail.headers.get('content-security-policy') ?? ''
  expect(policy).toMatch(/^sandbox /)
  expect(policy).not.toMatch(/allow-scripts|allow-same-origin|allow-forms/)
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("frame-ancestors 'self'")
  expect(page.headers.get('content-security-policy')).toContain("frame-src 'self'")
  expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
})

it('speaks German, and says so when there is nothing', async () => {
  const signet = await openSignet()
  const visitor = createVisitor({ headers: { 'accept-language': 'de' } })
  const page = await visitor.get(`${signet.issuer}/inbox?to=niemand@example.com`)
  expect(page.document.querySelector('h1')?.textContent).toBe('Posteingang')
  expect(words(page)).toContain('An niemand@example.com wurde noch nichts verschickt.')
})

it('does not exist where nothing is caught', async () => {
  const signet = await openSignet({
    SIGNET_INBOX: 'false',
    SIGNET_MAIL__URL: 'smtp://127.0.0.1:9',
    SIGNET_MAIL__FROM: 'a@b.example',
  })
  for (const path of ['/inbox', '/inbox/messages', '/inbox/messages/x'])
    expect((await fetch(`${signet.issuer}${path}`)).status, path).toBe(404)
})

interface Draft {
  readonly to: string
  readonly channel?: 'email' | 'sms'
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly links?: readonly string[]
  readonly codes?: readonly string[]
}

async function caught(signet: Signet, draft: Draft): Promise<void> {
  await signet.house.inbox?.deliver({ channel: 'email', links: [], codes: [], ...draft } as never)
}

async function read(signet: Signet, query: string): Promise<Record<string, unknown>[]> {
  const answer = await fetch(`${signet.issuer}/inbox/messages${query}`)
  expect(answer.status).toBe(200)
  return answer.json() as Promise<Record<string, unknown>[]>
}
