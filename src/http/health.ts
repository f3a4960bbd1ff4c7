/** Owns `/health/live` (the process answers) and `/health/ready` (it can do its work). JSON, whatever the Host header says. */
import { second } from '../domain/time.ts'
import type { WebContext } from './context.ts'
import type { AppDependencies } from './dependencies.ts'
import { get, type Route } from './routes.ts'

export function healthRoutes(deps: AppDependencies): readonly Route[] {
  return [
    get('/health/live', { json: true }, (ctx) => answer(ctx, 200, { status: 'live' })),
    get('/health/ready', { json: true }, (ctx) => ready(deps, ctx)),
  ]
}

async function ready({ store, health = {} }: AppDependencies, ctx: WebContext): Promise<void> {
  const checks = { storage: () => store.ping(second), ...health }
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await works(check)] as const),
  )
  const isReady = results.every(([, good]) => good)
  const words = Object.fromEntries(results.map(([name, good]) => [name, good ? 'up' : 'down']))
  if (!isReady) ctx.set('Retry-After', '5')
  answer(ctx, isReady ? 200 : 503, { status: isReady ? 'ready' : 'unready', ...words })
}

async function works(check: () => Promise<unknown> | unknown): Promise<boolean> {
  try {
    return (await check()) !== false
  } catch {
    return false
  }
}

function answer(ctx: WebContext, status: number, body: Readonly<Record<string, string>>): void {
  ctx.status = status
  ctx.set('Cache-Control', 'no-store')
  ctx.body = body
}
