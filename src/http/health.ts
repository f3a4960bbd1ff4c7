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

async function ready({ store, queue }: AppDependencies, ctx: WebContext): Promise<void> {
  const storage = await works(() => store.ping(second))
  const messages = queue === undefined ? true : await works(() => queue.healthy())
  const isReady = storage && messages
  const word = (good: boolean) => (good ? 'up' : 'down')
  if (!isReady) ctx.set('Retry-After', '5')
  answer(ctx, isReady ? 200 : 503, {
    status: isReady ? 'ready' : 'unready',
    storage: word(storage),
    queue: word(messages),
  })
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
