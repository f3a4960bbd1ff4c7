/** Servers for the tests of the entrance: a whole Signet on a store of its own, or a few middlewares with a probe behind them. */
import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import Koa, { type Middleware as KoaMiddleware } from 'koa'
import { onTestFinished } from 'vitest'
import type { WebContext } from '../../../src/http/context.ts'
import type { Middleware } from '../../../src/http/middleware/middleware.ts'
import { type Signet, startSignet } from '../../support/signet.ts'
import { freshSqlite } from '../../support/stores.ts'

/** A whole Signet in this process, gone after the test. The demo application only where a test needs a relying party. */
export async function openSignet(env: Readonly<Record<string, string>> = {}): Promise<Signet> {
  const store = await freshSqlite()
  const signet = await startSignet({ storage: store.url, env: { SIGNET_DEMO__ENABLED: 'false', ...env } })
  onTestFinished(async () => {
    await signet.stop()
    await store.drop()
  })
  return signet
}

/** These middlewares in front of `handle`; the address of the server. */
export async function serve(
  order: readonly Middleware[],
  handle: (ctx: WebContext) => unknown,
): Promise<{ url: string; port: number }> {
  const app = new Koa()
  app.proxy = true
  app.on('error', () => undefined)
  for (const middleware of order) app.use(middleware as unknown as KoaMiddleware)
  app.use(async (ctx) => {
    ctx.body = await handle(ctx as unknown as WebContext)
  })
  const url = await listen(app)
  return { url, port: Number(new URL(url).port) }
}

/** On a free port, gone after the test; the address. */
export async function listen(app: Pick<Koa, 'callback'>): Promise<string> {
  const server = createServer(app.callback())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** One request with exactly this request target and these headers: `fetch` would tidy both. */
export function send(
  url: string,
  options: { method?: string; path?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(url)
  const { method = 'GET', path = '/', headers = {}, body } = options
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      )
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end(body)
  })
}
