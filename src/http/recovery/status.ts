/**
 * Owns `/recovery/status`: how it stands, for whoever began to get back in, in the browser in which they did or with the code that they were shown; and,
 * once it is time, the page that sets up one new way to sign in. GET of a mailed link shows a button, POST uses it (S33).
 */
import type { Recovery } from '../../domain/recovery.ts'
import type { Form } from '../../ports/factor.ts'
import { queryValue, seeOther, type WebContext } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { saveWords } from '../enrolment-words.ts'
import { inWords, momentOf } from '../moments.ts'
import { refusalText } from '../refusal.ts'
import { get, post, type Route } from '../routes.ts'
import { visitOf } from '../visit.ts'
import { statusOf } from './case.ts'
import { gonePage } from './lost.ts'

const path = '/recovery/status'
const setUpPath = '/recovery/set-up'

export function recoveryStatusRoutes(deps: AppDependencies): readonly Route[] {
  return [
    get(path, {}, (ctx) => show(deps, ctx)),
    post(path, {}, (ctx) => find(deps, ctx)),
    get(`${path}/link`, {}, (ctx) => linkPage(deps, ctx)),
    post(`${path}/link`, {}, (ctx) => useLink(deps, ctx)),
    get(`${setUpPath}/:factor`, {}, (ctx) => setUpPage(deps, ctx)),
    post(`${setUpPath}/:factor`, {}, (ctx) => setUp(deps, ctx)),
  ]
}

/** In this browser. `?code`: another one's is asked for. */
async function show(deps: AppDependencies, ctx: WebContext): Promise<void> {
  const asks = queryValue(ctx, 'code') !== undefined
  const recovery = asks ? undefined : await deps.recoveries.find({ browser: ctx.state.browser })
  return recovery === undefined ? codePage(deps, ctx) : statusPage(deps, ctx, recovery)
}

function codePage({ web }: AppDependencies, ctx: WebContext, mistake?: string): void {
  const t = web.words.translate(ctx.state.language)
  ctx.state.page = path
  const status = mistake === undefined ? 200 : 422
  web.render(ctx, { view: 'recovery/code', title: t('cases:code.title'), status, values: { mistake } })
}

async function find(deps: AppDependencies, ctx: WebContext): Promise<void> {
  const { code = '' } = ctx.state.form
  if (await deps.recoveries.bind(code, ctx.state.browser)) return seeOther(ctx, path)
  const one = await deps.cases.find(code)
  if (one !== undefined) return seeOther(ctx, statusOf(ctx, one.id))
  codePage(deps, ctx, deps.web.words.translate(ctx.state.language)('cases:code.unknown'))
}

async function statusPage(deps: AppDependencies, ctx: WebContext, recovery: Recovery): Promise<void> {
  const { web, recoveries, clock } = deps
  const { language, browser } = ctx.state
  const t = web.words.translate(language)
  const { state, dueAt, expiresAt, told, enrolled, reviewed, lost } = recovery
  const waits = state === 'waiting' || state === 'contested'
  ctx.state.page = path
  web.render(ctx, {
    view: 'recovery/status',
    title: t(`recoveries:status.${state}.heading`),
    values: {
      // For browsers without scripts.
      ...(waits ? { refresh: { every: 60 }, base: path } : {}),
      scripts: ['local-time.js', ...(waits ? ['reload.js'] : [])],
      state,
      reviewed: reviewed === true,
      told,
      wait: inWords(Math.max(1, dueAt - clock()), language),
      due: momentOf(dueAt, language),
      ends: momentOf(expiresAt, language),
      enrolled: enrolled === undefined ? undefined : t(`factors:${enrolled}.name`),
      removed: lost.length > 0,
      offers: state === 'ready' ? await recoveries.offers({ browser }) : [],
      setUpPath,
    },
  })
}

async function linkPage(deps: AppDependencies, ctx: WebContext): Promise<void> {
  const key = queryValue(ctx, 'key') ?? ''
  if (!(await deps.recoveries.lookAtLink(key))) return gonePage(deps, ctx)
  const t = deps.web.words.translate(ctx.state.language)
  deps.web.render(ctx, { view: 'recovery/status-link', title: t('recoveries:link.title'), values: { key } })
}

async function useLink(deps: AppDependencies, ctx: WebContext): Promise<void> {
  const { key = '' } = ctx.state.form
  if (!(await deps.recoveries.bindByLink(key, ctx.state.browser))) return gonePage(deps, ctx)
  seeOther(ctx, path)
}

/** The form of one way; `running` goes on with the question of a refused answer. */
async function setUpPage(
  deps: AppDependencies,
  ctx: WebContext,
  mistake?: string,
  running?: string,
): Promise<void> {
  const { web, recoveries } = deps
  const { factor = '' } = ctx.params
  const claim = { browser: ctx.state.browser }
  const visit = visitOf(deps, ctx)
  const question = await recoveries.question(claim, factor, visit, running)
  // Used, over, or not this one: the page of the recovery says so.
  if (question === undefined) return seeOther(ctx, path)
  const { show: shown = {}, ticket } = question
  const t = web.words.translate(ctx.state.language)
  ctx.state.page = `${setUpPath}/${factor}`
  web.render(ctx, {
    view: 'recovery/set-up',
    title: t(`factors:${factor}.enrol.heading`),
    status: mistake === undefined ? 200 : 422,
    values: {
      factor,
      ticket,
      show: shown,
      mistake,
      reason: undefined,
      action: `${setUpPath}/${factor}`,
      back: path,
      identifier: '',
      save: saveWords(web, ctx.state.language, factor, 'recoveries:set-up.save', shown),
    },
  })
}

async function setUp(deps: AppDependencies, ctx: WebContext): Promise<void> {
  const { web, recoveries } = deps
  const { factor = '' } = ctx.params
  const { csrf: _csrf, ...typed }: Form = ctx.state.form
  const visit = visitOf(deps, ctx)
  const used = await recoveries.finish({ browser: ctx.state.browser }, factor, typed, visit)
  if (used.status !== 'refused') return seeOther(ctx, path)
  // A question that was answered or is too old is asked anew; any other goes on.
  const running = used.reason === 'challenge-expired' ? undefined : typed.ticket
  if (used.reason === 'pending') return setUpPage(deps, ctx, undefined, running)
  const mistake = refusalText(web, ctx, factor, used, 'account:security.form.refused')
  await setUpPage(deps, ctx, mistake, running)
}
