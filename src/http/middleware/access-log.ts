import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Middleware } from './middleware.ts'

// The id in these addresses is what a cookie holds.
const interactionId = /^(\/(?:interaction|authorize)\/)[^/]+/

/** One line a request, without query and body: those carry codes and tokens (S42). */
export function accessLog(log: Logger, clock: Clock): Middleware {
  return async (ctx, next) => {
    const startedAt = clock()
    await next()
    const { traceId, address = ctx.req.socket.remoteAddress } = ctx.state
    const line = {
      traceId,
      address,
      method: ctx.method,
      path: ctx.path.replace(interactionId, '$1…'),
      status: ctx.status,
      ms: clock() - startedAt,
    }
    if (ctx.path.startsWith('/health/')) log.debug(line, 'request')
    else log.info(line, 'request')
  }
}
