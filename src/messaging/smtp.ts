/** Brings mail to the one server that the operator named. Retries and durability are the outbox's. */
import { createTransport } from 'nodemailer'
import { type Duration, second } from '../domain/time.ts'
import type { Deliver } from './delivery.ts'

export interface MailSettings {
  /** `smtp://user:password@host:587` or `smtps://…`; its query string is not read. */
  readonly url: string
  /** `Name <address@domain>` or the bare address. */
  readonly from: string
  /** For smtp: refuse to go on unless the server upgrades to TLS. Certificates are checked whenever TLS is spoken. */
  readonly require_tls: boolean
}

export interface SmtpDelivery {
  readonly deliver: Deliver
  /** Hangs up; a delivery in flight fails. */
  close(): void
}

/** How long the server may take to be reached and to greet, and how long it may then be silent. */
export interface SmtpTiming {
  readonly connection: Duration
  readonly silence: Duration
}

const defaultTiming: SmtpTiming = { connection: 10 * second, silence: 20 * second }

/**
 * Keeps up to five connections. A throw carries our own words and the server's number only, because a server's text repeats addresses.
 * A refusal of the recipient that the server calls permanent (5xx at RCPT) is `'given-up'`.
 */
export function createSmtpDelivery(settings: MailSettings, timing: SmtpTiming = defaultTiming): SmtpDelivery {
  const transport = createTransport({
    ...addressOf(settings),
    pool: true,
    maxConnections: 5,
    // One more try covers a kept connection that the server closed meanwhile; the rest is the outbox's.
    maxRequeues: 1,
    connectionTimeout: timing.connection,
    greetingTimeout: timing.connection,
    dnsTimeout: timing.connection,
    socketTimeout: timing.silence,
    disableFileAccess: true,
    disableUrlAccess: true,
  } as Parameters<typeof createTransport>[0])
  const domain = /@([^\s@>]+)>?\s*$/.exec(settings.from)?.[1] ?? 'localhost'
  return {
    async deliver({ id, to, subject, text, html }) {
      const headers = { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' }
      const messageId = `<${id}@${domain}>`
      const address = { name: '', address: to }
      try {
        await transport.sendMail({
          from: settings.from,
          to: address,
          subject,
          text,
          html,
          messageId,
          headers,
        })
        return undefined
      } catch (error) {
        if (isPermanent(error)) return 'given-up'
        throw new Error(`mail was not taken (${numberOf(error)})`, { cause: error })
      }
    },
    close: () => transport.close(),
  }
}

/** Read here rather than by the library, which lets a URL's query string switch certificate checks off. */
function addressOf({ url, require_tls }: MailSettings) {
  const { protocol, hostname, port, username, password } = new URL(url)
  if (protocol !== 'smtp:' && protocol !== 'smtps:')
    throw new Error('the mail URL begins with smtp: or smtps:')
  const secure = protocol === 'smtps:'
  const auth = { user: decodeURIComponent(username), pass: decodeURIComponent(password) }
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port) || (secure ? 465 : 587),
    secure,
    requireTLS: require_tls && !secure,
    tls: { rejectUnauthorized: true, minVersion: 'TLSv1.2' as const },
    ...(username && { auth }),
  }
}

interface SmtpError {
  readonly code?: string
  readonly command?: string
  readonly responseCode?: number
}

function isPermanent(error: unknown): boolean {
  const { command, responseCode = 0 } = error as SmtpError
  return command === 'RCPT TO' && responseCode >= 500
}

function numberOf(error: unknown): string {
  const { code, responseCode } = error as SmtpError
  return [code, responseCode].filter(Boolean).join(' ') || 'no reason given'
}
