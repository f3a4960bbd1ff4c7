import type { WebContext } from '../context.ts'

export type Middleware = (ctx: WebContext, next: () => Promise<void>) => Promise<void> | void
