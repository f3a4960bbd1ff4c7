import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { isIPv6 } from 'node:net'
import { Problem } from '../domain/problem.ts'
import { type Duration, second } from '../domain/time.ts'

export interface Listening {
  readonly port: number
  /** Takes no new connection, lets requests in flight end for at most `patience`, then hangs up. */
  close(patience?: Duration): Promise<void>
}

const patienceDefault: Duration = 10 * second

/**
 * Listens on `host` and `port`; `localhost` means both loopback addresses, as browsers do. A port that is taken or not allowed is a
 * `Problem('conflict')` with one sentence that says what to do.
 */
export async function listen(
  handle: RequestListener,
  { host, port }: { host: string; port: number },
): Promise<Listening> {
  const addresses = host === 'localhost' ? ['127.0.0.1', '::1'] : [host]
  const servers: Server[] = []
  try {
    for (const address of addresses) {
      const server = await open(handle, address, port)
      if (server !== undefined) servers.push(server)
    }
  } catch (error) {
    await Promise.all(servers.map((server) => closeServer(server, 0)))
    throw refused(error, host, port)
  }
  return {
    port,
    async close(patience = patienceDefault) {
      await Promise.all(servers.map((server) => closeServer(server, patience)))
    },
  }
}

async function open(handle: RequestListener, address: string, port: number): Promise<Server | undefined> {
  // Slow senders hold a connection, not a request: the whole head within 10 s, the whole request within 30 (F14).
  const server = createServer(
    {
      headersTimeout: 10 * second,
      requestTimeout: 30 * second,
      keepAliveTimeout: 65 * second,
      maxHeaderSize: 32 * 1024,
    },
    handle,
  )
  server.maxConnections = 10_000
  server.listen(port, address)
  try {
    await once(server, 'listening')
    return server
  } catch (error) {
    const noIpv6 = isIPv6(address) && ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(codeOf(error))
    if (noIpv6) return undefined
    throw error
  }
}

async function closeServer(server: Server, patience: Duration): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  // A connection that was kept for further requests is idle once its last answer is out.
  const idle = setInterval(() => server.closeIdleConnections(), 20)
  const timer = setTimeout(() => server.closeAllConnections(), patience)
  await closed
  clearInterval(idle)
  clearTimeout(timer)
}

function refused(error: unknown, host: string, port: number): unknown {
  const sentences: Record<string, string> = {
    EADDRINUSE: `Port ${port} is taken by another program: stop that one, or choose another port with SIGNET_PORT.`,
    EACCES: `Port ${port} needs rights that this user does not have: choose a port above 1023 with SIGNET_PORT.`,
    EADDRNOTAVAIL: `This machine has no address ${host} to listen on: check the setting "host".`,
    ENOTFOUND: `The host ${host} is not known on this machine: check the setting "host".`,
  }
  const detail = sentences[codeOf(error)]
  return detail === undefined ? error : new Problem('conflict', { detail, cause: error })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
