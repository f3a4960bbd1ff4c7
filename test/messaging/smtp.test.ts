import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { createSmtpDelivery, type MailSettings, type SmtpDelivery } from '../../src/messaging/smtp.ts'
import { createCertificate } from './certificate.ts'
import { startMailServer, stopMailServers } from './mail-server.ts'

const deliveries: SmtpDelivery[] = []
const certificate = createCertificate()
const usualAuthorities = getCACertificates('default')

function deliver(settings: Partial<MailSettings>, change: { to?: string; subject?: string } = {}) {
  const from = 'Signet <no-reply@id.example.com>'
  const delivery = createSmtpDelivery(
    { url: '', from, require_tls: true, ...settings },
    { connection: 2_000, silence: 2_000 },
  )
  deliveries.push(delivery)
  return delivery.deliver(mail(change))
}

function mail(change: { to?: string; subject?: string } = {}) {
  const body = {
    subject: 'Your code',
    text: 'code 483920',
    html: '<p>483920</p>',
    links: [],
    codes: ['483920'],
  }
  return { id: 'same-each-try', channel: 'email' as const, to: 'ana@example.org', ...body, ...change }
}

afterEach(async () => {
  for (const delivery of deliveries.splice(0)) delivery.close()
  setDefaultCACertificates(usualAuthorities)
  await stopMailServers()
})

describe('a mail', () => {
  test('arrives with both bodies, sender, recipient and headers', async () => {
    const server = await startMailServer()
    await deliver({ url: `smtp://localhost:${server.port}`, require_tls: false })
    const [raw = ''] = server.mails
    expect(raw).toContain('From: Signet <no-reply@id.example.com>')
    expect(raw).toContain('To: ana@example.org')
    expect(raw).toContain('Subject: Your code')
    expect(raw).toContain('Message-ID: <same-each-try@id.example.com>')
    expect(raw).toContain('Auto-Submitted: auto-generated')
    expect(raw).toContain('multipart/alternative')
    expect(raw).toContain('code 483920')
    expect(raw).toContain('<p>483920</p>')
  })

  test('goes to exactly one recipient, and no value adds a header', async () => {
    const recipients: string[] = []
    const server = await startMailServer({
      onRcptTo({ address }, _session, callback) {
        recipients.push(address)
        callback()
      },
    })
    const url = `smtp://localhost:${server.port}`
    await deliver({ url, require_tls: false }, { subject: 'Hello\r\nBcc: eve@example.org' })
    await deliver({ url, require_tls: false }, { to: 'ana@example.org, eve@example.org' }).catch(() => {})
    expect(recipients).not.toContain('eve@example.org')
    expect(server.mails.join()).not.toMatch(/^Bcc:/m)
  })

  test('logs in with what the URL says', async () => {
    const server = await startMailServer({ authOptional: false })
    await deliver({ url: `smtp://us%40er:p%3Aw@localhost:${server.port}`, require_tls: false })
    expect(server.logins).toEqual([{ username: 'us@er', password: 'p:w' }])
    expect(server.mails).toHaveLength(1)
  })

  test('is given up when the server refuses the recipient for good, and tried again otherwise', async () => {
    let code = 550
    const server = await startMailServer({
      onRcptTo({ address }, _session, callback) {
        callback(Object.assign(new Error(`<${address}> unknown`), { responseCode: code }))
      },
    })
    const url = `smtp://localhost:${server.port}`
    expect(await deliver({ url, require_tls: false })).toBe('given-up')
    code = 450
    await expect(deliver({ url, require_tls: false })).rejects.toThrow('mail was not taken (EENVELOPE 450)')
  })

  test('S42: an error tells neither address, nor code, nor the password of the mail server', async () => {
    const server = await startMailServer({
      onAuth: (auth, _session, callback) => callback(new Error(`bad ${auth.password}`)),
    })
    const failure = deliver({ url: `smtp://user:hunter2@localhost:${server.port}`, require_tls: false })
    const error = await failure.catch((caught: unknown) => caught)
    expect((error as Error).message).toMatch(/^mail was not taken \(EAUTH 535\)$/)
  })

  test('still goes out when the server closed a kept connection', async () => {
    const server = await startMailServer()
    const settings = { url: `smtp://localhost:${server.port}`, from: 'a@example.com', require_tls: false }
    const delivery = createSmtpDelivery(settings)
    deliveries.push(delivery)
    await delivery.deliver(mail())
    await server.close()
    const again = await startMailServer({}, server.port)
    await delivery.deliver(mail())
    expect(again.mails).toHaveLength(1)
  })

  test('a server that cannot be reached, or never speaks, is an error in time', async () => {
    await expect(deliver({ url: 'smtp://127.0.0.1:1' })).rejects.toThrow('mail was not taken')
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    await expect(deliver({ url: `smtp://127.0.0.1:${port}` })).rejects.toThrow('mail was not taken')
    silent.close()
  })
})

describe('TLS settings are not ignored', () => {
  test('a server without STARTTLS gets neither mail nor password', async () => {
    const server = await startMailServer()
    await expect(deliver({ url: `smtp://user:secret@localhost:${server.port}` })).rejects.toThrow(/ETLS|502/)
    expect(server.logins).toEqual([])
    expect(server.mails).toEqual([])
  })

  test.each([
    ['self-signed', certificate, false],
    ['trusted but expired', createCertificate(-1_000), true],
  ])('a certificate that is %s is refused, upgraded or from the start', async (_what, own, trusted) => {
    if (trusted) setDefaultCACertificates([own.cert])
    for (const secure of [false, true]) {
      const server = await startMailServer({ ...own, secure })
      const url = `${secure ? 'smtps' : 'smtp'}://user:secret@localhost:${server.port}`
      for (const query of ['', '?tls.rejectUnauthorized=false', '?requireTLS=false&ignoreTLS=true']) {
        await expect(deliver({ url: url + query }), url + query).rejects.toThrow('mail was not taken')
      }
      expect(server.logins).toEqual([])
      expect(server.mails).toEqual([])
    }
  })

  test('a certificate is checked even where TLS is not required', async () => {
    const server = await startMailServer(certificate)
    const url = `smtp://localhost:${server.port}`
    await expect(deliver({ url, require_tls: false })).rejects.toThrow('mail was not taken')
    expect(server.mails).toEqual([])
  })

  test('a trusted certificate is accepted, for its own name only', async () => {
    setDefaultCACertificates([certificate.cert])
    for (const secure of [false, true]) {
      const server = await startMailServer({ ...certificate, secure })
      const scheme = secure ? 'smtps' : 'smtp'
      await deliver({ url: `${scheme}://localhost:${server.port}` })
      await expect(deliver({ url: `${scheme}://127.0.0.1:${server.port}` })).rejects.toThrow(
        'mail was not taken',
      )
      expect(server.mails).toHaveLength(1)
    }
  })

  test('another scheme than smtp or smtps is refused at once', () => {
    expect(() => deliver({ url: 'http://localhost:25' })).toThrow('smtp')
  })
})
