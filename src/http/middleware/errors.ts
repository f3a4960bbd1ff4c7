import { Problem, type ProblemCode } from '../../domain/problem.ts'
import { second } from '../../domain/time.ts'
import type { Logger } from '../../ports/logger.ts'
import type { WebContext } from '../context.ts'
import { languageOf } from '../language.ts'
import { inWords } from '../moments.ts'
import type { Web } from '../web.ts'
import type { Middleware } from './middleware.ts'

/** Turns whatever is thrown below into one failed request: a page or JSON with words and trace id; the cause goes to the log only (S42). */
export function errors(web: Web, log: Logger): Middleware {
  return async (ctx, next) => {
    try {
      await next()
      if (ctx.status === 404 && ctx.body === undefined) throw new Problem('not-found')
    } catch (cause) {
      const problem = problemOf(cause)
      report(log, ctx, problem)
      answer(web, ctx, problem)
    }
  }
}

/** Our own problems as they are, a client's malformed request by its status, anything else as our fault. */
function problemOf(cause: unknown): Problem {
  if (cause instanceof Problem) return cause
  if (cause instanceof URIError) return new Problem('bad-request', { cause })
  const { status, expose } = (cause ?? {}) as { status?: unknown; expose?: unknown }
  if (expose === true && typeof status === 'number' && status >= 400 && status < 500) {
    return new Problem(status === 413 ? 'too-large' : 'bad-request', { cause })
  }
  return new Problem('internal', { cause })
}

function report(log: Logger, ctx: WebContext, problem: Problem): void {
  const fields = { traceId: ctx.state.traceId, problem: problem.code, err: problem.cause }
  if (problem.code === 'internal') log.error(fields, 'request failed')
  else if (problem.status >= 500) log.warn(fields, problem.message)
  else log.debug(fields, problem.message)
}

function answer(web: Web, ctx: WebContext, problem: Problem): void {
  if (ctx.headerSent) return
  ctx.state.language ??= languageOf(ctx, web.words, web.cookies, [])
  if (problem.retryAfter !== undefined) ctx.set('Retry-After', String(Math.ceil(problem.retryAfter)))
  if (ctx.state.json || ctx.accepts('html', 'json') === 'json') asJson(web, ctx, problem)
  else asPage(web, ctx, problem)
}

function asPage(web: Web, ctx: WebContext, problem: Problem): void {
  try {
    renderProblem(web, ctx, problem)
  } catch {
    // The page itself is broken: still one failed request with a trace id.
    ctx.status = problem.status
    ctx.type = 'text/plain'
    ctx.body = `${problem.code} (${ctx.state.traceId})`
  }
}

/** The page for a problem, also used by handlers that have a status and words but nothing else to show. */
export function renderProblem(
  web: Web,
  ctx: WebContext,
  problem: Pick<Problem, 'code' | 'status' | 'retryAfter'>,
): void {
  const t = web.words.translate(ctx.state.language)
  const { code, retryAfter } = problem
  const seconds = retryAfter === undefined ? undefined : Math.ceil(retryAfter)
  ctx.state.page = ctx.method === 'GET' || ctx.method === 'HEAD' ? ctx.state.page : undefined
  web.render(ctx, {
    view: 'error',
    title: t(`problems:${code}.title`),
    status: problem.status,
    values: {
      heading: t(`problems:${code}.title`),
      text: t(`problems:${code}.text`),
      advice:
        seconds === undefined
          ? t(`problems:${code}.advice`)
          : t('problems:try-again', { when: inWords(seconds * second, ctx.state.language) }),
      details: undefined,
      again: code === 'not-found' ? { href: '/account', text: t('error.account') } : undefined,
    },
  })
}

/** The words of a problem as JSON, in the shape of OAuth errors. */
function asJson(web: Web, ctx: WebContext, problem: Problem): void {
  const t = web.words.translate(ctx.state.language)
  const code: ProblemCode = problem.code
  ctx.status = problem.status
  ctx.set('Cache-Control', 'no-store')
  ctx.body = { error: code, error_description: t(`problems:${code}.text`), trace_id: ctx.state.traceId }
}
