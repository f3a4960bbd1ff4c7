import type { Asker, Visit } from '../authentication/index.ts'
import type { Random } from '../ports/clock.ts'
import type { WebContext } from './context.ts'
import type { Cookies } from './cookies.ts'
import { ensureDevice } from './middleware/browser.ts'

/** Where a request comes from, as the services want to know it. A POST may end in a sign-in, so it makes the device cookie. */
export function visitOf(
  ctx: WebContext,
  tools: { cookies: Cookies; random: Random },
  application?: string,
): Visit {
  const device = ctx.method === 'POST' ? ensureDevice(ctx, tools.cookies, tools.random) : ctx.state.device
  return {
    address: ctx.state.address,
    language: ctx.state.language,
    userAgent: ctx.get('User-Agent').slice(0, 512),
    traceId: ctx.state.traceId,
    ...(device === undefined ? {} : { device }),
    ...(application === undefined ? {} : { application }),
  }
}

const interactions = 'interaction:'

/** The process of one interaction, in this browser. */
export function askerOf(ctx: WebContext, uid: string): Asker {
  return { consumer: interactions + uid, browser: ctx.state.browser }
}

/** Which interaction a process belongs to; undefined when it belongs to something else. */
export function interactionOf(consumer: string | undefined): string | undefined {
  return consumer?.startsWith(interactions) ? consumer.slice(interactions.length) : undefined
}
