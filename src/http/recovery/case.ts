/**
 * Owns `/recovery/case`: for whoever has no way left to prove who they are. They say what happened and what they can show, get a code, and with it see
 * how their case stands, answer, or take it back. The pages are the same whether or not there is such an account (S32); no secret is asked for.
 */
import { parseAs } from '../../domain/identifier.ts'
import { evidenceKinds } from '../../domain/recovery-case.ts'
import { hour } from '../../domain/time.ts'
import type { Form } from '../../ports/factor.ts'
import type { Statement } from '../../recovery/cases/book.ts'
import type { ClaimedCase } from '../../recovery/cases/index.ts'
import { queryValue, seeOther, type WebContext } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { inSeconds, type Moment, momentOf } from '../moments.ts'
import { get, post, type Route, type RouteOptions } from '../routes.ts'
import { openSigned, signFor } from '../signed.ts'
import { visitOf } from '../visit.ts'

const invalid = 422
const overloaded = 503
const path = '/recovery/case'
export const caseStatusPath = `${path}/status`

/** Of what people write. */
export const longestText = 4_000
const longestAnswer = 300

export function recoveryCaseRoutes(deps: AppDependencies): readonly Route[] {
  const { cases } = deps
  if (!cases.settings.enabled) return []
  const { files, file_size } = cases.settings
  const rules = { fields: ['attachments'], most: files, maxBytes: file_size, types: caseFileTypes }
  const withFiles: RouteOptions = files === 0 ? {} : { upload: rules }
  return [
    get(path, {}, (ctx) => formPage(deps, ctx)),
    post(path, { limit: 'message', ...withFiles }, (ctx) => open(deps, ctx)),
    get(caseStatusPath, {}, (ctx) => status(deps, ctx)),
    // Where a mistake is shown, for whoever opens the tab again.
    get(`${path}/answer`, {}, (ctx) => seeOther(ctx, '/recovery/status')),
    post(`${path}/answer`, { limit: 'message', ...withFiles }, (ctx) => answer(deps, ctx)),
    post(`${path}/withdraw`, { limit: 'message' }, (ctx) => withdraw(deps, ctx)),
  ]
}

const caseFileTypes = ['application/pdf', 'image/png', 'image/jpeg'] as const

interface Mistake {
  readonly field: string
  readonly text: string
  /** 422 when absent. */
  readonly status?: number
}

function formPage({ web, cases }: AppDependencies, ctx: WebContext, typed: Form = {}, mistake?: Mistake) {
  const t = web.words.translate(ctx.state.language)
  ctx.state.page = path
  web.render(ctx, {
    view: 'recovery/case',
    title: t('cases:form.title'),
    status: mistake === undefined ? 200 : (mistake.status ?? invalid),
    values: { typed, mistake, evidenceKinds, longestText, longestAnswer, ...filesShown(cases.settings) },
  })
}

function filesShown({ files, file_size }: AppDependencies['cases']['settings']) {
  return { files, megabytes: Math.max(0.1, Math.floor(file_size / 1024 / 102.4) / 10) }
}

/** The first thing that is wrong, with its words. */
function mistakeIn(deps: AppDependencies, ctx: WebContext): Mistake | undefined {
  const t = deps.web.words.translate(ctx.state.language)
  const { identifier = '', reply = '', happened = '' } = ctx.state.form
  const mistake = (field: string, key: string) => ({ field, text: t(`cases:form.mistakes.${key}`) })
  if (identifier.trim() === '') return mistake('identifier', 'identifier')
  if (parseAs('email', reply) === undefined) return mistake('reply', 'reply')
  if (happened.trim() === '') return mistake('happened', 'happened')
  return refusedFile(deps, ctx)
}

function refusedFile({ web, cases }: AppDependencies, ctx: WebContext): Mistake | undefined {
  const [refused] = ctx.state.uploads?.refused ?? []
  if (refused === undefined) return undefined
  const t = web.words.translate(ctx.state.language)
  const values = filesShown(cases.settings)
  return {
    field: 'attachments',
    text: t(`cases:form.mistakes.${refused.reason}`, { ...values, count: values.files }),
  }
}

/** Field by field; what is too long is cut, as the page says. */
function statementOf(form: Form): Statement {
  const text = (name: string, longest = longestAnswer) => (form[name] ?? '').trim().slice(0, longest)
  const more = ['since', 'applications', 'contacts', 'device'].flatMap((name) =>
    text(name) === '' ? [] : [[name, text(name)]],
  )
  return {
    identifier: text('identifier'),
    reply: parseAs('email', form.reply ?? '')?.written ?? '',
    happened: text('happened', longestText),
    evidence: evidenceKinds.filter((kind) => form[`has_${kind}`] !== undefined),
    ...Object.fromEntries(more),
  }
}

async function open(deps: AppDependencies, ctx: WebContext): Promise<void> {
  const { cases, web } = deps
  const t = web.words.translate(ctx.state.language)
  const mistake = mistakeIn(deps, ctx)
  if (mistake !== undefined) return formPage(deps, ctx, ctx.state.form, mistake)
  const visit = visitOf(deps, ctx)
  const opened = await cases.open(statementOf(ctx.state.form), ctx.state.uploads?.files ?? [], visit)
  if (opened.status === 'refused') {
    const text = t(`cases:form.mistakes.${opened.reason}`)
    if (opened.reason !== 'busy') return formPage(deps, ctx, ctx.state.form, { field: 'form', text })
    deps.log.warn(
      { traceId: ctx.state.traceId },
      'as many recovery cases were opened today as recovery.cases.per_day says',
    )
    ctx.set('Retry-After', String(inSeconds(hour)))
    return formPage(deps, ctx, ctx.state.form, { field: 'form', text, status: overloaded })
  }
  // Not sent on: the code stands on this page and nowhere else.
  ctx.state.page = path
  const values = { code: opened.code }
  web.render(ctx, { view: 'recovery/case-opened', title: t('cases:opened.title'), status: 201, values })
}

/** The case that this browser showed the code of. */
async function caseOf({ cases }: AppDependencies, ctx: WebContext, ticket: string | undefined) {
  const id = openSigned(ctx.state.browser, 'claim', ticket)
  return id === undefined ? undefined : cases.claimed(id)
}

async function status(deps: AppDependencies, ctx: WebContext): Promise<void> {
  const one = await caseOf(deps, ctx, queryValue(ctx, 'at'))
  return one === undefined ? seeOther(ctx, '/recovery/status') : statusPage(deps, ctx, one)
}

function statusPage(
  { web, cases }: AppDependencies,
  ctx: WebContext,
  one: ClaimedCase,
  more: { readonly typed?: string; readonly mistake?: Mistake } = {},
): void {
  const { language, browser } = ctx.state
  const t = web.words.translate(language)
  const moment = (at: number | undefined): Moment | undefined =>
    at === undefined ? undefined : momentOf(at, language)
  ctx.state.page = caseStatusPath
  web.render(ctx, {
    view: 'recovery/case-status',
    title: t('cases:status.title'),
    status: more.mistake === undefined ? 200 : invalid,
    values: {
      scripts: ['local-time.js'],
      state: one.state,
      reason: one.reason,
      question: one.question,
      openedAt: moment(one.openedAt),
      endsAt: moment(one.endsAt),
      overAt: moment(one.overAt),
      ticket: signFor(browser, 'claim', one.id),
      recovering: one.recoveryId !== undefined,
      typed: more.typed ?? '',
      mistake: more.mistake,
      longestText,
      ...filesShown(cases.settings),
    },
  })
}

async function answer(deps: AppDependencies, ctx: WebContext): Promise<void> {
  const { cases, web } = deps
  const { at, answer: typed = '' } = ctx.state.form
  const one = await caseOf(deps, ctx, at)
  if (one === undefined) return seeOther(ctx, '/recovery/status')
  const t = web.words.translate(ctx.state.language)
  const missing = { field: 'answer', text: t('cases:status.missing') }
  const mistake = typed.trim() === '' ? missing : refusedFile(deps, ctx)
  if (mistake !== undefined) return statusPage(deps, ctx, one, { typed, mistake })
  const visit = visitOf(deps, ctx)
  const files = ctx.state.uploads?.files ?? []
  const taken = await cases.answer(one.id, typed.trim().slice(0, longestText), files, visit)
  // Asked no more, or too much in all.
  const tooMany = { field: 'attachments', text: t('cases:form.mistakes.files') }
  if (!taken && one.state === 'more-asked' && files.length > 0)
    return statusPage(deps, ctx, one, { typed, mistake: tooMany })
  seeOther(ctx, statusOf(ctx, one.id))
}

async function withdraw(deps: AppDependencies, ctx: WebContext): Promise<void> {
  const one = await caseOf(deps, ctx, ctx.state.form.at)
  if (one === undefined) return seeOther(ctx, '/recovery/status')
  await deps.cases.withdraw(one.id, visitOf(deps, ctx))
  seeOther(ctx, statusOf(ctx, one.id))
}

/** Where this browser sees how a case stands. */
export function statusOf(ctx: WebContext, id: string): string {
  return `${caseStatusPath}?${new URLSearchParams({ at: signFor(ctx.state.browser, 'claim', id) })}`
}
