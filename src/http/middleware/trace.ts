import type { Random } from '../../ports/clock.ts'
import type { WebContext } from '../context.ts'
import type { Middleware } from './middleware.ts'

/** Names every request. A trace id from outside is never taken over: it ends in logs and on pages. */
export function traceId(random: Random): Middleware {
  return (ctx: WebContext, next) => {
    ctx.state.traceId = random(12)
    ctx.set('X-Trace-Id', ctx.state.traceId)
    return next()
  }
}
