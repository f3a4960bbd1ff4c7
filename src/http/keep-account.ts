/**
 * Owns `/keep-account`: calling a deletion off from a message, without signing in. GET shows a button, POST does it (S33): keeping an account takes
 * nothing from anybody, so that whoever holds the message may.
 */
import type { Actor } from '../domain/audit-event.ts'
import { problems } from '../domain/problem.ts'
import { queryValue, seeOther, type WebContext } from './context.ts'
import type { AppDependencies } from './dependencies.ts'
import { momentOf } from './moments.ts'
import { get, post, type Route } from './routes.ts'

export function keepAccountRoutes(deps: AppDependencies): readonly Route[] {
  const { deletions, web } = deps

  function show(ctx: WebContext, view: 'question' | 'done' | 'gone', values = {}): void {
    const t = web.words.translate(ctx.state.language)
    const status = view === 'gone' ? problems.expired : 200
    const title = t(`pages:keep-account.${view}.heading`)
    web.render(ctx, { view: `keep-account/${view}`, title, status, values })
  }

  return [
    get('/keep-account', {}, async (ctx) => {
      const key = queryValue(ctx, 'key') ?? ''
      const found = await deletions.look(key)
      if (found === undefined) return show(ctx, 'gone')
      const due = momentOf(found.plan.dueAt, ctx.state.language)
      show(ctx, 'question', { key, due, scripts: ['local-time.js'] })
    }),
    // It sends a message.
    post('/keep-account', { limit: 'message' }, async (ctx) => {
      const found = await deletions.look(ctx.state.form.key ?? '')
      const { identityId, plan } = found ?? {}
      const kept =
        identityId !== undefined && (await deletions.keep(identityId, somebody(ctx), plan?.request))
      if (!kept) return show(ctx, 'gone')
      seeOther(ctx, '/keep-account/done')
    }),
    get('/keep-account/done', {}, (ctx) => show(ctx, 'done')),
  ]
}

/** Whoever it is holds a message, which proves nothing about who they are. */
function somebody(ctx: WebContext): Actor {
  const { address, traceId } = ctx.state
  return { kind: 'system', address, userAgent: ctx.get('User-Agent').slice(0, 512), traceId }
}
