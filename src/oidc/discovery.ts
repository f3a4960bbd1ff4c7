import { createHash } from 'node:crypto'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Context } from 'koa'
import type { Provider } from 'oidc-provider'
import type { PublishedKeys } from './keys.ts'

/** Answers that are the same for everyone until the keys change: made once, sent as bytes. */
export interface PreparedDocuments {
  /** Answers GET and HEAD of a document; false when the request is for something else. */
  answer(ctx: Context): boolean
}

interface Document {
  readonly type: string
  readonly bytes: Buffer
  readonly etag: string
}

const configurationPaths = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']

/** The library writes the discovery document (so that it says what the library does), the key ring the key set. */
export async function prepareDocuments(provider: Provider, keys: PublishedKeys): Promise<PreparedDocuments> {
  const discovery = document('application/json; charset=utf-8', await discoveryOf(provider))
  const jwks = { type: 'application/jwk-set+json; charset=utf-8', bytes: keys.body, etag: keys.etag }
  const documents = new Map([
    ...configurationPaths.map((path) => [path, discovery] as const),
    ['/jwks', jwks],
  ])
  const caching = `public, max-age=${keys.maxAge}`
  return {
    answer(ctx) {
      const found = documents.get(ctx.path)
      if (found === undefined || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return false
      ctx.set({ 'Cache-Control': caching, ETag: found.etag, 'Access-Control-Allow-Origin': '*' })
      ctx.status = 200
      if (hasIt(ctx.get('if-none-match'), found.etag)) {
        ctx.status = 304
        return true
      }
      ctx.type = found.type
      ctx.body = found.bytes
      return true
    },
  }
}

/** Not Koa's `fresh`: every `fetch` adds `Cache-Control: no-cache` to a conditional request, which asks for just this comparison (RFC 9111 5.2.1.4). */
function hasIt(ifNoneMatch: string, etag: string): boolean {
  return ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
}

function document(type: string, bytes: Buffer): Document {
  return { type, bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"` }
}

/** Asks the library as a browser would, without a socket. */
async function discoveryOf(provider: Provider): Promise<Buffer> {
  const request = new IncomingMessage(new Socket())
  Object.assign(request, { method: 'GET', url: configurationPaths[0], headers: {} })
  const ctx = provider.createContext(request, new ServerResponse(request))
  const [route] = provider.middleware
  if (route === undefined) throw new Error('the library has no routes')
  await route(ctx, async () => {})
  return Buffer.from(JSON.stringify(ctx.body))
}
