import { Problem } from '../../domain/problem.ts'
import { seeOther, type WebContext } from '../context.ts'
import type { WebSettings } from '../dependencies.ts'
import type { Middleware } from './middleware.ts'
import { isLoopback } from './proxy.ts'

type Settings = Pick<WebSettings, 'mode' | 'issuer' | 'allowed_hosts'>

/**
 * Only hosts that are ours (S40): the issuer's, the configured ones, and the address we listen on when asked over loopback.
 * In development a browser that came to 127.0.0.1 or [::1] is sent to the issuer, where its cookies are.
 */
export function hostGuard(settings: Settings): Middleware {
  const issuer = new URL(settings.issuer)
  const allowed = new Set([issuer.host, ...settings.allowed_hosts].map((host) => host.toLowerCase()))
  return (ctx, next) => {
    if (ctx.path.startsWith('/health/')) return next()
    const host = (ctx.req.headers.host ?? '').toLowerCase()
    if (allowed.has(host)) return next()
    if (!isOwnLoopback(ctx, host)) throw new Problem('foreign-host')
    const reads = ctx.method === 'GET' || ctx.method === 'HEAD'
    if (settings.mode === 'development' && reads && !host.startsWith('localhost')) {
      return seeOther(ctx, `${issuer.origin}${ctx.url}`)
    }
    return next()
  }
}

function isOwnLoopback(ctx: WebContext, host: string): boolean {
  const { localAddress, localPort } = ctx.req.socket
  if (localAddress === undefined || !isLoopback(localAddress)) return false
  const port = localPort === 80 ? '' : `:${localPort}`
  return [`127.0.0.1${port}`, `[::1]${port}`, `localhost${port}`].includes(host)
}
