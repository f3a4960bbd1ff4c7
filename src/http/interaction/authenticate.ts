/** The pages of an authentication process: identify, prove, enrol, and the ends it can come to. Each POST asks the engine and lands on the next step. */

import type { Current, Outcome } from '../../authentication/index.ts'
import type { Step } from '../../domain/authentication.ts'
import { seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { inSeconds, inWords } from '../moments.ts'
import { askerOf, visitOf } from '../visit.ts'
import type { Found } from './found.ts'
import { lostPage } from './lost.ts'

/** What went wrong with the last form; shown on the same page again, with what was typed but a secret. */
interface Mistake {
  readonly status: number
  readonly text?: string
  readonly throttled?: string
  readonly locked?: boolean
}

const invalid = 422

export interface AuthenticationPages {
  /** Opens a process for the interaction when there is none. */
  open(found: Found): Promise<void>
  /** Whether a process runs for it that the person is in the middle of. */
  running(found: Found): Promise<boolean>
  /** Shows the step the process is at, or finishes it. */
  show(found: Found): Promise<void>
  identify(found: Found): Promise<void>
  choose(found: Found): Promise<void>
  prove(found: Found): Promise<void>
  enrol(found: Found): Promise<void>
  restart(found: Found): Promise<void>
  /** Goes on after any answer of the engine. */
  follow(found: Found, outcome: Outcome): Promise<void>
}

export function createAuthenticationPages(deps: AppDependencies): AuthenticationPages {
  const { authentication, web, oidc, registrations, clock } = deps
  const { render, words, cookies } = web
  const translate = ({ ctx }: Found) => words.translate(ctx.state.language)
  const asker = ({ ctx, interaction }: Found) => askerOf(ctx, interaction.uid)
  const visit = ({ ctx, application }: Found) =>
    visitOf(ctx, { cookies, random: deps.random }, application.name)
  const current = (found: Found) => authentication.current(asker(found), visit(found))

  async function open(found: Found): Promise<void> {
    const { interaction, client } = found
    await authentication.open(asker(found), { requirement: interaction.requirement, clientId: client.id })
  }

  async function show(found: Found, mistake?: Mistake): Promise<void> {
    const now = await current(found)
    if (now === undefined) return lostPage(deps, found.ctx)
    await pageOf(found, now.step, now, mistake)
  }

  function pageOf(found: Found, step: Step, now: Current, mistake?: Mistake): Promise<void> | void {
    if (step.kind === 'identify') return identifyPage(found, step.hint ?? '', mistake)
    if (step.kind === 'prove') return provePage(found, step, now, mistake)
    if (step.kind === 'enrol') return enrolPage(found, step, now, mistake)
    if (step.kind === 'refused') return stoppedPage(found, step.reason)
    return finish(found)
  }

  function identifyPage(found: Found, typed: string, mistake?: Mistake): void {
    const { ctx, application, sources, base } = found
    const t = translate(found)
    render(ctx, {
      view: 'authentication/identify',
      title: t('identify.title'),
      status: mistake?.status ?? 200,
      sources,
      values: {
        application,
        base,
        identifier: ctx.state.form?.identifier ?? typed,
        mistake: mistake?.text,
        registration: registrations.open,
      },
    })
  }

  function provePage(found: Found, step: Step & { kind: 'prove' }, now: Current, mistake?: Mistake): void {
    const { ctx, application, sources, base } = found
    const t = translate(found)
    const first = step.why === 'first-proof'
    render(ctx, {
      view: 'authentication/prove',
      title: t('prove.title'),
      status: mistake?.status ?? 200,
      sources,
      values: {
        application,
        base,
        heading: t(first ? 'prove.heading' : 'prove.heading-level'),
        factor: step.chosen,
        others: step.oneOf.filter((name) => name !== step.chosen),
        identifier: now.identifier,
        show: now.show ?? {},
        mistake: mistake?.text,
        throttled: mistake?.throttled,
        locked: mistake?.locked === true,
        offerRemember: first,
        remember: ctx.state.form?.remember !== undefined,
      },
    })
  }

  function enrolPage(found: Found, step: Step & { kind: 'enrol' }, now: Current, mistake?: Mistake): void {
    const { ctx, application, sources, base } = found
    const t = translate(found)
    render(ctx, {
      view: 'authentication/enrol',
      title: t(`factors:${step.chosen}.enrol.heading`),
      status: mistake?.status ?? 200,
      sources,
      values: {
        application,
        base,
        factor: step.chosen,
        others: step.oneOf.filter((name) => name !== step.chosen),
        identifier: now.identifier ?? now.identity?.identifiers[0]?.written,
        show: now.show ?? {},
        mistake: mistake?.text ?? mistake?.throttled,
      },
    })
  }

  function stoppedPage(found: Found, reason: string): void {
    const { ctx, application, sources, base } = found
    const t = translate(found)
    render(ctx, {
      view: 'authentication/stopped',
      title: t(`stopped.${reason}.heading`),
      status: reason === 'expired' ? 410 : 403,
      sources,
      values: {
        application,
        base,
        icon: reason === 'expired' ? 'clock' : 'shield',
        heading: t(`stopped.${reason}.heading`),
        text: t(`stopped.${reason}.text`),
        button: t(`stopped.${reason}.button`),
      },
    })
  }

  /** Hands the result over, once, and sends the browser on to the application. */
  async function finish(found: Found): Promise<void> {
    const { ctx, interaction, base } = found
    const result = await authentication.redeem(asker(found))
    // Somebody else was first with the same form: their answer is on its way, and the page of the interaction leads to it.
    if (result === undefined) return ctx.method === 'POST' ? seeOther(ctx, base) : lostPage(deps, ctx)
    const remember =
      cookies.read(ctx, 'remember') === interaction.uid || ctx.state.form?.remember !== undefined
    cookies.write(ctx, 'remember', '')
    await oidc.interactions.login(ctx as never, interaction, result, { remember })
  }

  async function follow(
    found: Found,
    outcome: Outcome,
    refused?: (reason: string | undefined) => string,
  ): Promise<void> {
    const { ctx, base } = found
    switch (outcome.status) {
      case 'moved':
        return outcome.step.kind === 'done' ? finish(found) : seeOther(ctx, base)
      case 'pending':
        return seeOther(ctx, base)
      case 'lost':
        return lostPage(deps, ctx)
      case 'throttled':
        return show(found, throttled(found, outcome))
      case 'refused':
        return show(found, {
          status: invalid,
          text: refused?.(outcome.reason) ?? translate(found)('prove.refused'),
        })
    }
  }

  function throttled(found: Found, { retryAt, locked }: Outcome & { status: 'throttled' }): Mistake {
    const { ctx } = found
    const wait = Math.max(0, retryAt - clock())
    ctx.set('Retry-After', String(inSeconds(wait)))
    const when = inWords(wait, ctx.state.language)
    const throttled = translate(found)(locked ? 'throttled.locked' : 'throttled.text', { when })
    return { status: 429, throttled, locked }
  }

  /** A factor's own words for its refusal, else the engine's, else the plain ones. */
  function refusalOf(found: Found, factor: string, values?: Readonly<Record<string, string | number>>) {
    return (reason: string | undefined) => {
      const [language = 'en'] = words.languages
      const key = [`factors:${factor}.refused.${reason}`, `refused.${reason}`].find((one) =>
        words.has(language, one),
      )
      return translate(found)(key ?? 'prove.refused', values)
    }
  }

  return {
    open,
    show,
    follow,
    async running(found) {
      const step = (await current(found))?.step
      return step !== undefined && !(step.kind === 'refused' && step.reason === 'expired')
    },
    async identify(found) {
      const text = found.ctx.state.form.identifier ?? ''
      const outcome = await authentication.identify(asker(found), visit(found), text)
      await follow(found, outcome, () => translate(found)('identify.malformed'))
    },
    async choose(found) {
      const factor = found.ctx.state.form.factor ?? ''
      await follow(found, await authentication.choose(asker(found), visit(found), factor))
    },
    async prove(found) {
      const { ctx, interaction } = found
      const factor = ctx.params.factor ?? ''
      if (ctx.state.form.remember !== undefined) cookies.write(ctx, 'remember', interaction.uid)
      const outcome = await authentication.prove(asker(found), visit(found), factor, ctx.state.form)
      await follow(found, outcome, refusalOf(found, factor, valuesOf(outcome)))
    },
    async enrol(found) {
      const { ctx } = found
      const factor = ctx.params.factor ?? ''
      const outcome = await authentication.enrol(asker(found), visit(found), factor, ctx.state.form)
      await follow(found, outcome, refusalOf(found, factor, valuesOf(outcome)))
    },
    async restart(found) {
      await open(found)
      await authentication.restart(asker(found))
      seeOther(found.ctx, found.base)
    },
  }
}

function valuesOf(outcome: Outcome): Readonly<Record<string, string | number>> | undefined {
  return outcome.status === 'refused' ? outcome.values : undefined
}
