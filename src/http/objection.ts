/**
 * Owns `/objection`: "this wasn't me", from a message. GET shows what the message was about and a button, POST ends it (S33); nobody signs in for
 * it, and the page says no more about the person than the message did. What is ended is the service's to know.
 */
import { problems } from '../domain/problem.ts'
import type { QuestionedMessage } from '../recovery/objections/book.ts'
import type { Looked } from '../recovery/objections/index.ts'
import { queryValue, seeOther, type WebContext } from './context.ts'
import type { AppDependencies } from './dependencies.ts'
import { deviceShown } from './device.ts'
import type { Translate } from './language.ts'
import { momentOf } from './moments.ts'
import { addressShown } from './place.ts'
import { get, post, type Route } from './routes.ts'
import { visitOf } from './visit.ts'

type Raised = NonNullable<Looked['raised']>

export function objectionRoutes(deps: AppDependencies): readonly Route[] {
  return [
    get('/objection', {}, (ctx) => show(deps, ctx)),
    // It sends a message.
    post('/objection', { limit: 'message' }, (ctx) => raise(deps, ctx)),
  ]
}

async function show(deps: AppDependencies, ctx: WebContext): Promise<void> {
  const key = queryValue(ctx, 'key') ?? ''
  const looked = await deps.objections.look(key)
  if (looked === undefined) return gonePage(deps, ctx)
  const { message, raised } = looked
  return raised === undefined ? questionPage(deps, ctx, key, message) : donePage(deps, ctx, message, raised)
}

/** Whoever clicks twice, or opens the message again, comes to the same page. */
async function raise(deps: AppDependencies, ctx: WebContext): Promise<void> {
  const { key = '' } = ctx.state.form
  const visit = visitOf(deps, ctx)
  const { status } = await deps.objections.raise(key, visit)
  if (status === 'gone') return gonePage(deps, ctx)
  seeOther(ctx, `/objection?${new URLSearchParams({ key })}`)
}

/** Their reader is asked to help somebody: nothing was done in their own name. */
const asked: ReadonlySet<string> = new Set(['contact-asked', 'contact-doubted'])

function questionPage(deps: AppDependencies, ctx: WebContext, key: string, message: QuestionedMessage): void {
  const { places, web } = deps
  const { language } = ctx.state
  const t = web.words.translate(language)
  const { application, address, userAgent, at, template } = message
  const said = (name: string) => t(`objections:${asked.has(template) ? `asked.${name}` : name}`)
  web.render(ctx, {
    view: 'objection/question',
    title: said('title'),
    values: {
      scripts: ['local-time.js'],
      key,
      heading: said('heading'),
      button: said('button'),
      otherwise: said('was-me'),
      about: sentence(t, 'about', message),
      will: sentence(t, 'will', message),
      application,
      device: userAgent === undefined ? undefined : deviceShown(userAgent, t).name,
      from: addressShown(address, language, places),
      at: momentOf(at, language),
    },
  })
}

function donePage(
  { web }: AppDependencies,
  ctx: WebContext,
  message: QuestionedMessage,
  { at, ended }: Raised,
): void {
  const { language } = ctx.state
  const t = web.words.translate(language)
  web.render(ctx, {
    view: 'objection/done',
    title: t('objections:done-title'),
    values: {
      scripts: ['local-time.js'],
      about: sentence(t, 'about', message),
      ended: ended.map((word) => t(`objections:done.${word}`)),
      raisedAt: momentOf(at, language),
    },
  })
}

function gonePage({ web }: AppDependencies, ctx: WebContext): void {
  const t = web.words.translate(ctx.state.language)
  web.render(ctx, { view: 'objection/gone', title: t('objections:gone.title'), status: problems.expired })
}

/** What the message was about, or what the button does: words of each message's own, where it has some. */
function sentence(t: Translate, kind: 'about' | 'will', { template, factor }: QuestionedMessage): string {
  const key = `objections:${kind}.${template}`
  const values = { factor: factor === undefined ? '' : t(`factors:${factor}.name`) }
  const text = t(key, values)
  return text === key || text === key.split(':')[1] ? t(`objections:${kind}.other`, values) : text
}
