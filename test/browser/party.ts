/** Relying parties that a browser can reach: each callback is a page that says what came, and others lead on. */
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'

export interface Site {
  readonly origin: string
  close(): Promise<void>
}

/** Serves `answer` on a free port of `host`: over TLS when there is a certificate. */
export async function serve(
  answer: RequestListener,
  certificate?: { readonly key: string; readonly cert: string },
  host = 'localhost',
): Promise<Site> {
  const server: Server =
    certificate === undefined ? createServer(answer) : createSecureServer(certificate, answer)
  await new Promise<void>((done) => server.listen(0, host, done))
  const { port } = server.address() as AddressInfo
  return {
    origin: `${certificate === undefined ? 'http' : 'https'}://${host}:${port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

/** A page with the path and what came by GET or POST. */
export const landing: RequestListener = async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const came = request.method === 'POST' ? new URLSearchParams(body) : searchParams
  response.setHeader('content-type', 'text/html; charset=utf-8')
  response.end(
    `<!doctype html><html lang="en"><meta name="color-scheme" content="light dark"><title>Landed</title><link rel="icon" href="data:,">` +
      `<main><h1>${pathname.replaceAll('<', '')}</h1><p id="method">${request.method}</p><ul id="came">${[...came.keys()].map((name) => `<li>${name.replaceAll('<', '')}</li>`).join('')}</ul></main>`,
  )
}
