import { Problem } from '../../domain/problem.ts'
import type { Form } from '../../ports/factor.ts'
import { seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { saveWords } from '../enrolment-words.ts'
import { refusalText } from '../refusal.ts'
import type { SignedIn, SignedInHandler } from '../session.ts'
import { visitOf } from '../visit.ts'
import { credentialShown } from './credential.ts'
import { noticeOf } from './notice.ts'
import type { Portal } from './portal.ts'
import { createSecurityOverview } from './security-overview.ts'

export interface SecurityPages {
  readonly show: SignedInHandler
  readonly form: SignedInHandler
  readonly change: SignedInHandler
  /** Where password managers send people who want another one. */
  readonly resettablePath: string
}

/** Each way to prove who one is, and the form that sets it. Which ways there are says the list of factors. */
export function createSecurityPages(deps: AppDependencies, portal: Portal): SecurityPages {
  const { enrolments, factors, changeCredential, web } = deps
  const translate = ({ ctx }: SignedIn) => web.words.translate(ctx.state.language)
  const visit = ({ ctx }: SignedIn) => visitOf(deps, ctx)

  function factorOf({ ctx }: SignedIn): string {
    const factor = factors.find(
      ({ name, enrolment }) => name === ctx.params.factor && enrolment !== undefined,
    )
    if (factor === undefined) throw new Problem('not-found')
    return factor.name
  }

  async function form(page: SignedIn, mistake?: string, running?: string): Promise<void> {
    const { ctx, identity } = page
    const t = translate(page)
    const factor = factorOf(page)
    const own = (await enrolments.list(identity.id)).filter((one) => one.factor === factor)
    const { show: shown = {}, ticket } = await enrolments.begin(identity.id, factor, visit(page), running)
    ctx.state.page = `/account/security/${factor}`
    portal(page, {
      view: 'change',
      place: 'security',
      title: t('account:security.form.title', { factor: t(`factors:${factor}.name`) }),
      status: mistake === undefined ? 200 : 422,
      values: {
        factor,
        heading: t(`factors:${factor}.enrol.heading`),
        identifier: identity.identifiers[0]?.written ?? '',
        own: own.map((one) => credentialShown(web, one, page)),
        notice: noticeOf(ctx, t, 'security', ['renamed', 'removed']),
        save: saveWords(web, ctx.state.language, factor, 'account:security.form.save', shown),
        ticket,
        show: shown,
        mistake,
      },
    })
  }

  async function change(page: SignedIn): Promise<void> {
    const { ctx, identity, session } = page
    const factor = factorOf(page)
    const { csrf: _csrf, ...typed }: Form = ctx.state.form
    const finished = await changeCredential(identity.id, factor, typed, {
      ...visit(page),
      sessionUid: session.uid,
    })
    if (finished.status === 'enrolled') return seeOther(ctx, '/account/security?done=changed')
    // A question that was answered or is too old is asked anew; any other goes on.
    const running = finished.reason === 'challenge-expired' ? undefined : typed.ticket
    // Not answered yet, or there is more to ask: no mistake.
    if (finished.reason === 'pending') return form(page, undefined, running)
    await form(page, refusalText(web, ctx, factor, finished, 'account:security.form.refused'), running)
  }

  const resettable = factors.find((factor) => factor.resettable)
  return {
    show: createSecurityOverview(deps, portal),
    form: (page) => form(page),
    change,
    resettablePath: resettable === undefined ? '/account/security' : `/account/security/${resettable.name}`,
  }
}
