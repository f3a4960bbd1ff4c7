/** The page of each step of an authentication process. Decides nothing: the engine says which step it is, and what went wrong with the last form. */
import type { Current } from '../../authentication/index.ts'
import type { RefusalReason, Step } from '../../domain/authentication.ts'
import { second } from '../../domain/time.ts'
import { saveWords } from '../enrolment-words.ts'
import type { Translate } from '../language.ts'
import { inSeconds, inWords, lengthInWords, momentOf } from '../moments.ts'
import type { Page } from '../render.ts'
import type { Web } from '../web.ts'
import type { Found } from './found.ts'
import { offeredWays } from './used-way.ts'

const refreshEvery = 5

/** What went wrong with the last form: shown on the same page again, with what was typed but a secret. */
export interface Mistake {
  readonly status: number
  readonly text?: string
  /** The engine's or the factor's own word for it. */
  readonly reason?: string | undefined
  /** Whose form it was; absent for the form that asks who one is. */
  readonly factor?: string | undefined
  readonly throttled?: string
  readonly locked?: boolean
}

/** A step that has a page: all but the last. */
export type Shown = Exclude<Step, { kind: 'done' }>

/** Where the pages of a process are. `more`: values of its own for each page (`lead`, `note`; `welcome` heads the first proof), which win. */
export interface StepPlace extends Pick<Found, 'ctx' | 'application' | 'sources' | 'base'> {
  readonly more?: Readonly<Record<string, unknown>>
}

export interface StepView {
  readonly found: StepPlace
  readonly now: Current
  readonly mistake: Mistake | undefined
  /** Whether the first page may offer to create an account. */
  readonly registration: boolean
}

export function showStep(web: Web, step: Shown, view: StepView): void {
  const { ctx, application, sources, base, more } = view.found
  const page = pageOf(web, step, view)
  const values = { application, base, ...page.values, ...more }
  web.render(ctx, { status: view.mistake?.status ?? 200, sources, ...page, values })
}

function pageOf(web: Web, step: Shown, view: StepView): Page {
  if (step.kind === 'identify') return identifyPage(web, step, view)
  if (step.kind === 'prove') return provePage(web, step, view)
  if (step.kind === 'enrol') return enrolPage(web, step, view)
  return stoppedPage(web, step.reason, view)
}

const translate = ({ words }: Web, { found }: StepView) => words.translate(found.ctx.state.language)

function identifyPage(web: Web, step: Step & { kind: 'identify' }, view: StepView): Page {
  const { found, now, mistake, registration } = view
  const ownMistake = mistake?.factor === undefined ? mistake?.text : undefined
  const identifier = found.ctx.state.form?.identifier ?? step.hint ?? ''
  return {
    view: 'authentication/identify',
    title: translate(web, view)('identify.title'),
    values: {
      identifier,
      mistake: ownMistake,
      notice: mistake?.throttled ?? (ownMistake === undefined ? mistake?.text : undefined),
      registration,
      asks: now.asks,
      show: now.show ?? {},
      // Whatever the answer was, it is not asked for again before the person says so.
      reason: mistake?.reason ?? mistake?.factor,
    },
  }
}

function provePage(web: Web, step: Step & { kind: 'prove' }, view: StepView): Page {
  const { found, now, mistake } = view
  const t = translate(web, view)
  const first = step.why === 'first-proof'
  return {
    view: 'authentication/prove',
    title: t('prove.title'),
    values: {
      heading: first ? (found.more?.welcome ?? t('prove.heading')) : t('prove.heading-level'),
      factor: step.chosen,
      others: offeredWays(
        web,
        found.ctx,
        step.oneOf.filter((name) => name !== step.chosen),
      ),
      identifier: now.identifier,
      show: now.show ?? {},
      again: againOf(web, now, found),
      ...refreshOf(web, now),
      mistake: mistake?.text,
      reason: mistake?.reason,
      throttled: mistake?.throttled,
      locked: mistake?.locked === true,
      offerRemember: first,
      remember: found.ctx.state.form?.remember !== undefined,
      trustFor:
        now.trustFor === undefined ? undefined : lengthInWords(now.trustFor, found.ctx.state.language),
      trust: found.ctx.state.form?.trust !== undefined,
    },
  }
}

/** The button that asks the question anew (another message), and how long it is too early for that. */
function againOf({ clock }: Web, { show }: Current, { ctx }: StepPlace) {
  if (typeof show?.againAt !== 'number') return undefined
  const wait = show.againAt - clock()
  if (wait <= 0) return { wait: 0 }
  return { wait: inSeconds(wait), when: inWords(wait, ctx.state.language) }
}

/** A page that waits for an answer given elsewhere looks for it again by itself, as long as there may be one. */
function refreshOf({ clock }: Web, { show }: Current) {
  if (typeof show?.waitsUntil !== 'number') return {}
  const seconds = Math.floor((show.waitsUntil - clock()) / second) - refreshEvery
  return seconds > 0
    ? { refresh: { every: refreshEvery, seconds }, scripts: ['waiting.js'] }
    : { refresh: undefined }
}

function enrolPage(web: Web, step: Step & { kind: 'enrol' }, view: StepView): Page {
  const { now, mistake } = view
  const t = translate(web, view)
  return {
    view: 'authentication/enrol',
    title: t(`factors:${step.chosen}.enrol.heading`),
    values: {
      factor: step.chosen,
      others: step.oneOf.filter((name) => name !== step.chosen),
      identifier: now.identifier ?? now.identity?.identifiers[0]?.written,
      why: whyEnrol(t, step, view),
      later: step.mayWait === undefined ? undefined : t('enrol.later'),
      save: saveWords(web, view.found.ctx.state.language, step.chosen, 'enrol.finish', now.show),
      show: now.show ?? {},
      mistake: mistake?.text ?? mistake?.throttled,
      reason: mistake?.reason,
    },
  }
}

/** Why this is asked for just now; nothing where the page itself says it. */
function whyEnrol(t: Translate, { why, mayWait }: Step & { kind: 'enrol' }, { found }: StepView) {
  const { until } = mayWait ?? {}
  if (why === 'suggested' || why === 'running-out') return t(`enrol.why.${why}`)
  if (why === 'backup' && until === undefined) return t('enrol.why.backup')
  if (why !== 'level' && why !== 'backup') return undefined
  if (until === undefined) return t('enrol.why.level', { application: found.application.name })
  return t('enrol.why.until', { date: momentOf(until, found.ctx.state.language).text })
}

function stoppedPage(web: Web, reason: RefusalReason, view: StepView): Page {
  const t = translate(web, view)
  const late = reason === 'expired'
  return {
    view: 'authentication/stopped',
    title: t(`stopped.${reason}.heading`),
    status: late ? 410 : 403,
    values: {
      icon: late ? 'clock' : 'shield',
      heading: t(`stopped.${reason}.heading`),
      text: t(`stopped.${reason}.text`),
      // What is over for good has none.
      button: web.words.has(web.words.languages[0] ?? 'en', `stopped.${reason}.button`)
        ? t(`stopped.${reason}.button`)
        : undefined,
      unmet: reason === 'unreachable',
    },
  }
}
