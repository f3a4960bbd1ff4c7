/**
 * Owns `/answer`: where somebody answers a question that a sign-in put to them outside the browser that waits, through a link that they were sent.
 * GET shows buttons, POST answers (S33). In the browser that waits the sign-in goes on from here; in any other the person enters the number
 * that the waiting page shows. What the question is about knows the engine.
 */
import type { OpenQuestion } from '../authentication/elsewhere.ts'
import { problems } from '../domain/problem.ts'
import { queryValue, seeOther, type WebContext } from './context.ts'
import type { AppDependencies } from './dependencies.ts'
import { deviceShown } from './device.ts'
import { rememberWay } from './interaction/used-way.ts'
import { momentOf } from './moments.ts'
import { addressShown } from './place.ts'
import { get, post, type Route } from './routes.ts'
import { interactionOf, visitOf } from './visit.ts'

const invalid = 422

export function answerRoutes(deps: AppDependencies): readonly Route[] {
  return [
    get('/answer', {}, (ctx) => show(deps, ctx)),
    post('/answer', {}, (ctx) => reply(deps, ctx)),
    get('/answer/done', {}, (ctx) => ended(deps, ctx, 'done')),
    get('/answer/stopped', {}, (ctx) => ended(deps, ctx, 'stopped')),
  ]
}

async function show(deps: AppDependencies, ctx: WebContext): Promise<void> {
  const key = queryValue(ctx, 'key') ?? ''
  const question = await deps.authentication.elsewhere.look(key, ctx.state.browser)
  return question === undefined ? gonePage(deps, ctx) : questionPage(deps, ctx, { key, question })
}

interface Asked {
  readonly key: string
  readonly question: OpenQuestion
  readonly mistake?: string
}

function questionPage(
  { web, places }: AppDependencies,
  ctx: WebContext,
  { key, question, mistake }: Asked,
): void {
  const { language } = ctx.state
  const t = web.words.translate(language)
  const here = question.consumer !== undefined
  web.render(ctx, {
    view: 'answer/question',
    title: t('answer.title'),
    status: mistake === undefined ? 200 : invalid,
    values: {
      scripts: ['local-time.js'],
      key,
      here,
      mistake,
      application: question.application ?? web.settings.brand.name,
      address: addressShown(question.address, language, places),
      device: deviceShown(question.userAgent, t).name,
      at: momentOf(question.at, language),
    },
  })
}

async function reply(deps: AppDependencies, ctx: WebContext): Promise<void> {
  const { authentication } = deps
  const { key = '', number = '', decision } = ctx.state.form
  const { browser, language } = ctx.state
  const question = await authentication.elsewhere.look(key, browser)
  const approve = decision !== 'deny'
  const answered = await authentication.elsewhere.answer(key, browser, { approve, number })
  switch (answered.status) {
    case 'approved':
      return goOn(deps, ctx, answered.question)
    case 'refused':
      return seeOther(ctx, '/answer/stopped')
    case 'mismatch': {
      if (question === undefined) return gonePage(deps, ctx)
      const mistake = deps.web.words.translate(language)('answer.mismatch', { count: answered.triesLeft })
      return questionPage(deps, ctx, { key, question, mistake })
    }
    case 'gone':
      return gonePage(deps, ctx)
  }
}

/** In the browser that waits the proof is collected at once, so that its other tab and this one are not in each other's way. */
async function goOn(deps: AppDependencies, ctx: WebContext, question: OpenQuestion): Promise<void> {
  const uid = interactionOf(question.consumer)
  if (question.consumer === undefined || uid === undefined) return seeOther(ctx, '/answer/done')
  const { authentication } = deps
  const asker = { consumer: question.consumer, browser: ctx.state.browser }
  const visit = visitOf(deps, ctx, question.application)
  rememberWay(deps, ctx, question.factor, await authentication.prove(asker, visit, question.factor, {}))
  seeOther(ctx, `/interaction/${uid}`)
}

function ended({ web }: AppDependencies, ctx: WebContext, how: 'done' | 'stopped'): void {
  const t = web.words.translate(ctx.state.language)
  web.render(ctx, { view: 'answer/ended', title: t(`answer.${how}.heading`), values: { how } })
}

function gonePage({ web }: AppDependencies, ctx: WebContext): void {
  const t = web.words.translate(ctx.state.language)
  const again = { href: '/account', text: t('recovery-done.sign-in') }
  const values = { text: t('answer.gone'), again }
  web.render(ctx, {
    view: 'recovery/gone',
    title: t('recovery-gone.title'),
    status: problems.expired,
    values,
  })
}
