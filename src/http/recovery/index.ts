/** Owns the way back in by mail, and the links that lead there: `/recovery`, `/recovery/link`, `/invitation`. GET shows a form, POST consumes (S33). */
import { type Problem, problems } from '../../domain/problem.ts'
import type { Form } from '../../ports/factor.ts'
import type { Peeked, Redeemed } from '../../recovery/links/index.ts'
import { queryValue, seeOther, type WebContext } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { get, post, type Route } from '../routes.ts'
import { visitOf } from '../visit.ts'

type Purpose = Peeked['purpose']
type Refused = Extract<Redeemed, { status: 'refused' }>

const invalid = 422
const gone: Problem['status'] = problems.expired

export function recoveryRoutes(deps: AppDependencies): readonly Route[] {
  const pages = createLinkPages(deps)
  return [
    get('/recovery', {}, (ctx) => requestPage(deps, ctx)),
    post('/recovery', { limit: 'message' }, (ctx) => request(deps, ctx)),
    get('/recovery/sent', {}, (ctx) => sentPage(deps, ctx)),
    get('/recovery/link', {}, pages.show('recovery')),
    post('/recovery/link', {}, pages.redeem('recovery')),
    get('/recovery/done', {}, pages.done('recovery')),
    get('/invitation', {}, pages.show('invitation')),
    post('/invitation', {}, pages.redeem('invitation')),
    get('/invitation/done', {}, pages.done('invitation')),
  ]
}

function requestPage(
  { web, cases }: AppDependencies,
  ctx: WebContext,
  form: Form = {},
  mistake?: string,
): void {
  const t = web.words.translate(ctx.state.language)
  const status = mistake === undefined ? 200 : invalid
  const values = { identifier: form.identifier ?? '', mistake, cases: cases.settings.enabled }
  web.render(ctx, { view: 'recovery/request', title: t('recovery.title'), status, values })
}

/** The same answer for everyone, known or not (S32). */
async function request(deps: AppDependencies, ctx: WebContext): Promise<void> {
  const identifier = ctx.state.form.identifier?.trim() ?? ''
  if (identifier === '') {
    ctx.state.page = '/recovery'
    return requestPage(
      deps,
      ctx,
      ctx.state.form,
      deps.web.words.translate(ctx.state.language)('recovery.missing'),
    )
  }
  await deps.links.request(identifier, visitOf(deps, ctx))
  seeOther(ctx, '/recovery/sent')
}

function sentPage({ web }: AppDependencies, ctx: WebContext): void {
  web.render(ctx, {
    view: 'recovery/sent',
    title: web.words.translate(ctx.state.language)('recovery-sent.title'),
  })
}

/** The pages of a one-time link, for either purpose: the same link opened under the other address is not valid there. */
function createLinkPages(deps: AppDependencies) {
  const { web, links, factors, identities } = deps
  const translate = (ctx: WebContext) => web.words.translate(ctx.state.language)
  const paths: Record<Purpose, string> = { recovery: '/recovery/link', invitation: '/invitation' }
  const donePaths: Record<Purpose, string> = { recovery: '/recovery/done', invitation: '/invitation/done' }
  const resettable = () => {
    const factor = factors.find((one) => one.resettable)
    if (factor === undefined) throw new Error('no factor can be set through a link')
    return factor.name
  }

  /** The first administrator wants to go on to the console; the page names it, so that the way there stands in the address. */
  async function donePath(purpose: Purpose, identityId: string): Promise<string> {
    const roles = (await identities.get(identityId))?.roles ?? []
    const leads = purpose === 'invitation' && roles.includes('administrator')
    return `${donePaths[purpose]}${leads ? '?to=admin' : ''}`
  }

  async function peek(purpose: Purpose, token: string | undefined): Promise<Peeked | undefined> {
    const peeked = token === undefined || token === '' ? undefined : await links.peek(token)
    return peeked?.purpose === purpose ? peeked : undefined
  }

  function formPage(
    ctx: WebContext,
    token: string,
    { purpose, name, identifier }: Peeked,
    refused?: Refused,
  ): void {
    const t = translate(ctx)
    const factor = resettable()
    web.render(ctx, {
      view: 'recovery/link',
      title: t(`recovery-link.${purpose}.heading`, { name }),
      status: refused === undefined ? 200 : invalid,
      values: {
        heading: t(`recovery-link.${purpose}.heading`, { name }),
        text: t(`recovery-link.${purpose}.text`, { identifier, name }),
        action: paths[purpose],
        token,
        identifier,
        factor,
        mistake:
          refused === undefined
            ? undefined
            : t(`factors:${factor}.refused.${refused.reason}`, refused.values),
        show: {},
      },
    })
  }

  function gonePage(ctx: WebContext, purpose: Purpose): void {
    const t = translate(ctx)
    const again =
      purpose === 'recovery'
        ? { href: '/recovery', text: t('recovery-gone.again') }
        : { href: '/account', text: t('recovery-done.sign-in') }
    const values = { text: t(`recovery-gone.${purpose}`), again }
    web.render(ctx, { view: 'recovery/gone', title: t('recovery-gone.title'), status: gone, values })
  }

  return {
    show: (purpose: Purpose) => async (ctx: WebContext) => {
      const token = queryValue(ctx, 'token') ?? ''
      const peeked = await peek(purpose, token)
      return peeked === undefined ? gonePage(ctx, purpose) : formPage(ctx, token, peeked)
    },

    redeem: (purpose: Purpose) => async (ctx: WebContext) => {
      const { token = '' } = ctx.state.form
      const peeked = await peek(purpose, token)
      if (peeked === undefined) return gonePage(ctx, purpose)
      const visit = visitOf(deps, ctx)
      const redeemed = await links.redeem(token, resettable(), ctx.state.form, visit)
      if (redeemed.status === 'done') return seeOther(ctx, await donePath(purpose, redeemed.identityId))
      return redeemed.status === 'refused' ? formPage(ctx, token, peeked, redeemed) : gonePage(ctx, purpose)
    },

    done: (purpose: Purpose) => (ctx: WebContext) => {
      const t = translate(ctx)
      const values = {
        heading: t(`recovery-done.${purpose}.heading`),
        text: t(`recovery-done.${purpose}.text`),
        href: queryValue(ctx, 'to') === 'admin' ? '/admin' : '/account',
      }
      web.render(ctx, { view: 'recovery/done', title: t('recovery-done.title'), values })
    },
  }
}
