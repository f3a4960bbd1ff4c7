import type { Asker, Visit } from '../authentication/index.ts'
import type { WebContext } from './context.ts'
import type { AppDependencies } from './dependencies.ts'
import { ensureDevice } from './middleware/browser.ts'
import type { SignedIn } from './session.ts'

/** Where a request comes from, as the services want to know it. A POST may end in a sign-in, so it makes the device cookie. */
export function visitOf({ web, random }: AppDependencies, ctx: WebContext, application?: string): Visit {
  const device = ctx.method === 'POST' ? ensureDevice(ctx, web.cookies, random) : ctx.state.device
  return {
    address: ctx.state.address,
    language: ctx.state.language,
    userAgent: ctx.get('User-Agent').slice(0, 512),
    traceId: ctx.state.traceId,
    ...(device === undefined ? {} : { device }),
    ...(application === undefined ? {} : { application }),
  }
}

/** … and of somebody who is signed in, with the session that what they do may spare. */
export function signedInVisit(deps: AppDependencies, { ctx, session }: SignedIn) {
  return { ...visitOf(deps, ctx), sessionUid: session.uid }
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
