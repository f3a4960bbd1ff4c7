/** Owns the set-up page: whoever has the code from the terminal becomes the first administrator, once. Gone for ever afterwards. */
import { Problem } from '../domain/problem.ts'
import { seeOther, type WebContext } from './context.ts'
import type { AppDependencies } from './dependencies.ts'
import { get, post, type Route } from './routes.ts'

const invalid = 422

/** Its route table. */
export function setupRoutes(deps: AppDependencies): readonly Route[] {
  return [
    get('/setup', {}, (ctx) => show(deps, ctx)),
    // The code has 128 random bits: the limit sheds load, guessing it is hopeless.
    post('/setup', { limit: 'message' }, (ctx) => complete(deps, ctx)),
  ]
}

async function show(
  deps: AppDependencies,
  ctx: WebContext,
  refused?: 'code' | 'email' | 'name' | 'taken',
): Promise<void> {
  if (refused === undefined && !(await deps.setup.needed())) throw new Problem('not-found')
  const t = deps.web.words.translate(ctx.state.language)
  const mistake = refused === undefined ? undefined : t(`setup:mistakes.${refused}`)
  ctx.state.page = '/setup'
  const typed: Readonly<Record<string, string>> = ctx.state.form ?? {}
  deps.web.render(ctx, {
    view: 'setup/form',
    title: t('setup:title'),
    status: refused === undefined ? 200 : invalid,
    values: {
      // What is already right is not typed twice; the code may be shown again, it is worth nothing without the terminal's owner.
      typed,
      mistakes: { [refused === 'taken' ? 'email' : (refused ?? '')]: mistake },
    },
  })
}

async function complete(deps: AppDependencies, ctx: WebContext): Promise<void> {
  const { code = '', email = '', name = '' } = ctx.state.form
  const done = await deps.setup.complete({ code, email, name: name.trim(), language: ctx.state.language })
  // The link leads to the form in which the way to sign in is chosen.
  if (done.status === 'created') return seeOther(ctx, done.link)
  if (done.reason === 'done') throw new Problem('not-found')
  await show(deps, ctx, done.reason)
}
