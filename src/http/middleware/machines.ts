import { machinePaths } from '../../oidc/index.ts'
import type { Middleware } from './middleware.ts'

/** Applications that call by themselves read JSON, whatever they say they accept. */
export function forMachines(): Middleware {
  return (ctx, next) => {
    if (machinePaths.has(ctx.path)) ctx.state.json = true
    return next()
  }
}

/** For them there is no browser, language or page: nothing of it is made ready, a token request pays for none of it. */
export function forPeople(middleware: Middleware): Middleware {
  return (ctx, next) => (machinePaths.has(ctx.path) ? next() : middleware(ctx, next))
}
