import { Problem } from '../../domain/problem.ts'
import { type CaseReason, isOver, type Review, refusalReasons } from '../../domain/recovery-case.ts'
import type { CaseShown } from '../../recovery/cases/index.ts'
import { seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { longestText } from '../recovery/case.ts'
import { actorOf, type SignedIn } from '../session.ts'
import { caseOf, casePath, createNames } from './cases.ts'
import type { Action, Frame } from './frame.ts'

/** What a reviewer decides. Each says first what it will do; the form knows what was there to see when it was made. */
export function createCaseDecisions(
  deps: AppDependencies,
  frame: Frame,
): Readonly<Record<Review['action'], Action>> {
  const { cases, web } = deps
  const people = createNames(deps)

  async function form(
    page: SignedIn,
    one: CaseShown,
    action: Review['action'],
    mistake?: string,
  ): Promise<void> {
    const { ctx } = page
    const t = web.words.translate(ctx.state.language)
    const person = await people.nameOf(one.identityId, t)
    const path = `${casePath(one.id)}/${action}`
    ctx.state.page = path
    frame(page, {
      view: 'case-decision',
      place: 'cases',
      title: t(`cases:review.${action}.title`, { person }),
      status: mistake === undefined ? 200 : 422,
      values: {
        action,
        who: person,
        path,
        back: casePath(one.id),
        seen: one.evidence,
        reasons: refusalReasons,
        typed: ctx.state.form ?? {},
        mistake,
        longestText,
      },
    })
  }

  function stopped(page: SignedIn, one: CaseShown, reason: string): void {
    const t = web.words.translate(page.ctx.state.language)
    page.ctx.state.page = casePath(one.id)
    frame(page, {
      view: 'case-stopped',
      place: 'cases',
      title: t('cases:review.decide'),
      status: 409,
      values: { text: t(`cases:review.refused.${reason}`), back: casePath(one.id) },
    })
  }

  function action(name: Review['action']): Action {
    return {
      async ask(page) {
        const one = await caseOf(deps, page)
        if (isOver(one.state)) return stopped(page, one, 'over')
        if (name === 'approve' && one.approvedBy === page.identity.id && one.state === 'approved-once')
          return stopped(page, one, 'same-reviewer')
        return form(page, one, name)
      },
      async do(page) {
        const t = web.words.translate(page.ctx.state.language)
        const { text = '', seen = '', reason } = page.ctx.state.form
        const one = await caseOf(deps, page)
        if (name === 'ask' && text.trim() === '') return form(page, one, name, t('cases:review.ask.missing'))
        const chosen = refusalReasons.find((each) => each === reason)
        if (name === 'refuse' && chosen === undefined)
          return form(page, one, name, t('cases:review.refuse.missing'))
        const decided = await cases.decide(one.id, actorOf(page), {
          action: name,
          // Whoever did not say what they saw has seen nothing.
          seen: /^\d{1,6}$/.test(seen) ? Number(seen) : 0,
          text: text.trim().slice(0, longestText),
          ...reasonOf(name, chosen),
        })
        if (decided.status === 'unknown') throw new Problem('not-found')
        if (decided.status === 'refused') return stopped(page, one, decided.reason)
        seeOther(page.ctx, casePath(one.id))
      },
    }
  }

  return { ask: action('ask'), approve: action('approve'), refuse: action('refuse') }
}

function reasonOf(action: Review['action'], reason: CaseReason | undefined) {
  return action === 'refuse' && reason !== undefined ? { reason } : {}
}
