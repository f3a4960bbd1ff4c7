/** Owns `/recovery/status`: with the code that somebody was shown when they began to get back in, they see how it stands. */
import { seeOther, type WebContext } from './context.ts'
import type { AppDependencies } from './dependencies.ts'
import { statusOf } from './recovery-case.ts'
import { get, post, type Route } from './routes.ts'

const path = '/recovery/status'

export function recoveryStatusRoutes(deps: AppDependencies): readonly Route[] {
  return [get(path, {}, (ctx) => codePage(deps, ctx)), post(path, {}, (ctx) => find(deps, ctx))]
}

function codePage({ web }: AppDependencies, ctx: WebContext, mistake?: string): void {
  const t = web.words.translate(ctx.state.language)
  ctx.state.page = path
  const status = mistake === undefined ? 200 : 422
  web.render(ctx, { view: 'recovery/code', title: t('cases:code.title'), status, values: { mistake } })
}

async function find(deps: AppDependencies, ctx: WebContext): Promise<void> {
  const { code = '' } = ctx.state.form
  const one = await deps.cases.find(code)
  if (one !== undefined) return seeOther(ctx, statusOf(ctx, one.id))
  codePage(deps, ctx, deps.web.words.translate(ctx.state.language)('cases:code.unknown'))
}
