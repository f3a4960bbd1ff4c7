/** A real SMTP server in this process, which keeps what it is given. */
import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export interface MailServer {
  readonly port: number
  /** Raw messages, in the order in which they came. */
  readonly mails: string[]
  readonly logins: { readonly username: unknown; readonly password: unknown }[]
  close(): Promise<void>
}

const running = new Set<MailServer>()

/** Takes every mail over plain connections, unless the options say otherwise; `port` 0 chooses one. */
export async function startMailServer(options: SMTPServerOptions = {}, port = 0): Promise<MailServer> {
  const mails: string[] = []
  const logins: MailServer['logins'] = []
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: options.cert === undefined ? ['STARTTLS'] : [],
    closeTimeout: 100,
    onAuth(auth, _session, callback) {
      logins.push({ username: auth.username, password: auth.password })
      callback(null, { user: auth.username ?? '' })
    },
    async onData(stream, _session, callback) {
      const chunks: Buffer[] = []
      for await (const chunk of stream) chunks.push(chunk as Buffer)
      mails.push(Buffer.concat(chunks).toString('utf8'))
      callback()
    },
    ...options,
  })
  server.on('error', () => {})
  const listener = server.listen(port, '127.0.0.1') as unknown as Server
  await once(listener, 'listening')
  const started: MailServer = {
    port: (listener.address() as AddressInfo).port,
    mails,
    logins,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
  running.add(started)
  return started
}

export async function stopMailServers(): Promise<void> {
  await Promise.all([...running].map((server) => server.close()))
  running.clear()
}
