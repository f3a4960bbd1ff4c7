/** Takes the answers of an authentication process to the engine, and goes where its outcome leads: the next step, the same page again, or the end. */
import type { Current, Outcome } from '../../authentication/index.ts'
import { seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import type { Translate } from '../language.ts'
import { writeDevice } from '../middleware/browser.ts'
import { inSeconds, inWords } from '../moments.ts'
import { refusalText } from '../refusal.ts'
import type { Handler } from '../routes.ts'
import { askerOf, visitOf } from '../visit.ts'
import type { Found, FoundHandler } from './found.ts'
import { lostPage } from './lost.ts'
import { type Mistake, showStep } from './steps.ts'
import { rememberWay } from './used-way.ts'

export interface AuthenticationPages {
  /** Opens a process for the interaction when there is none. */
  readonly open: (found: Found) => Promise<void>
  /** Whether a process runs for it that the person is in the middle of. */
  readonly running: (found: Found) => Promise<boolean>
  /** Shows the step the process is at, or finishes it. */
  readonly show: (found: Found) => Promise<void>
  /** Goes on after any answer of the engine. */
  readonly follow: (found: Found, outcome: Outcome) => Promise<void>
  /** For the script of a page that waits: `{ state }`, whether its question was answered elsewhere. */
  readonly waiting: Handler
  readonly identify: FoundHandler
  readonly choose: FoundHandler
  readonly prove: FoundHandler
  readonly enrol: FoundHandler
  /** "Remind me later". */
  readonly postpone: FoundHandler
  readonly restart: (found: Found) => Promise<void>
}

/** The words for a refusal, by the engine's or the factor's reason. */
type RefusalWords = (reason: string | undefined, values: Refusal['values']) => string
type Refusal = Extract<Outcome, { status: 'refused' }>
type Throttling = Extract<Outcome, { status: 'throttled' }>

const invalid = 422

export function createAuthenticationPages(deps: AppDependencies): AuthenticationPages {
  const flow = createFlow(deps)
  const { authentication, web } = deps
  const { asker, visit, translate, follow } = flow

  async function open(found: Found): Promise<void> {
    const { interaction, client } = found
    const { requirement } = interaction
    const privileged = isAgain(found) ? { privileged: true } : {}
    await authentication.open(asker(found), {
      requirement: { ...requirement, ...privileged },
      clientId: client.id,
    })
  }

  return {
    ...flow,
    open,
    async running(found) {
      const step = (await authentication.current(asker(found), visit(found)))?.step
      return step !== undefined && !(step.kind === 'refused' && step.reason === 'expired')
    },
    async waiting(ctx) {
      const { uid = '' } = ctx.params
      const interaction = await deps.oidc.interactions.find(ctx as never, uid)
      const over = interaction === undefined || interaction.resumeAt !== undefined
      ctx.set('Cache-Control', 'no-store')
      ctx.body = { state: over ? 'moved' : await authentication.waiting(askerOf(ctx, uid)) }
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
      const { factor = '' } = ctx.params
      if (ctx.state.form.remember !== undefined) web.cookies.write(ctx, 'remember', interaction.uid)
      const outcome = await authentication.prove(asker(found), visit(found), factor, ctx.state.form)
      rememberWay(deps, ctx, factor, outcome)
      await follow(found, outcome, refusalOf(deps, found, factor), factor)
    },
    async enrol(found) {
      const { ctx } = found
      const { factor = '' } = ctx.params
      const outcome = await authentication.enrol(asker(found), visit(found), factor, ctx.state.form)
      await follow(found, outcome, refusalOf(deps, found, factor), factor)
    },
    async postpone(found) {
      await follow(found, await authentication.postpone(asker(found), visit(found)))
    },
    async restart(found) {
      await open(found)
      await authentication.restart(asker(found))
      seeOther(found.ctx, found.base)
    },
  }
}

/** In our own areas a sign-in is asked for anew only before a privileged action. */
function isAgain({ interaction, client }: Found): boolean {
  return interaction.requirement.stepUp === true && client.origin === 'built-in' && client.firstParty
}

/** Why somebody who is signed in is asked who they are. */
function againWords(t: Translate): Readonly<Record<string, string>> {
  const heading = t('prove.heading-again')
  return { who: heading, welcome: heading, lead: t('prove.lead-again') }
}

/** Where an outcome leads. */
function createFlow(deps: AppDependencies) {
  const { authentication, web, oidc, registrations, clock } = deps
  const { words, cookies } = web
  const translate = ({ ctx }: Found) => words.translate(ctx.state.language)
  const asker = ({ ctx, interaction }: Found) => askerOf(ctx, interaction.uid)
  const visit = ({ ctx, application }: Found) => visitOf(deps, ctx, application.name)

  async function show(found: Found, mistake?: Mistake): Promise<void> {
    const now = await authentication.current(asker(found), visit(found))
    if (now === undefined) return lostPage(deps, found.ctx)
    if (now.step.kind === 'done') return finish(found)
    const answered = await collected(found, now)
    if (answered !== undefined) return follow(found, answered, refusalOf(deps, found, answered.factor))
    const again = isAgain(found)
    const place = again ? { ...found, more: againWords(translate(found)) } : found
    showStep(web, now.step, { found: place, now, mistake, registration: registrations.open && !again })
  }

  /** What became of a question that was answered elsewhere, once the page that waits for it is loaded again. */
  async function collected(found: Found, { step, show: shown }: Current) {
    if (found.ctx.method !== 'GET' || step.kind !== 'prove' || shown?.waitsUntil === undefined)
      return undefined
    if ((await authentication.waiting(asker(found))) !== 'answered') return undefined
    const outcome = await authentication.prove(asker(found), visit(found), step.chosen, {})
    rememberWay(deps, found.ctx, step.chosen, outcome)
    return outcome.status === 'pending' ? undefined : { ...outcome, factor: step.chosen }
  }

  /** Hands the result over, once, and sends the browser on to the application. */
  async function finish(found: Found): Promise<void> {
    const { ctx, interaction, base } = found
    const redeemed = await authentication.redeem(asker(found), visit(found))
    // Somebody else was first with the same form: their answer is on its way, and the page of the interaction leads to it.
    if (redeemed === undefined) return ctx.method === 'POST' ? seeOther(ctx, base) : lostPage(deps, ctx)
    const remember =
      cookies.read(ctx, 'remember') === interaction.uid || ctx.state.form?.remember !== undefined
    cookies.write(ctx, 'remember', '')
    const { device, ...result } = redeemed
    if (device !== undefined) writeDevice(ctx, cookies, device)
    await oidc.interactions.login(ctx as never, interaction, result, { remember })
  }

  async function follow(
    found: Found,
    outcome: Outcome,
    refusal?: RefusalWords,
    factor?: string,
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
      case 'refused': {
        const text = refusal?.(outcome.reason, outcome.values) ?? translate(found)('prove.refused')
        return show(found, { status: invalid, text, reason: outcome.reason, factor })
      }
    }
  }

  function throttled(found: Found, { retryAt, locked }: Throttling): Mistake {
    const wait = Math.max(0, retryAt - clock())
    found.ctx.set('Retry-After', String(inSeconds(wait)))
    const when = inWords(wait, found.ctx.state.language)
    const text = translate(found)(locked ? 'throttled.locked' : 'throttled.text', { when })
    return { status: 429, throttled: text, locked }
  }

  return { asker, visit, translate, show, follow }
}

/** A factor's own words for its refusal, else the engine's, else the plain ones. */
function refusalOf({ web }: AppDependencies, { ctx }: Found, factor: string): RefusalWords {
  return (reason, values) => refusalText(web, ctx, factor, { reason, values }, 'prove.refused')
}
