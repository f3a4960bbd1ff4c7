/** The authentication process of an interaction: how it is opened, and what becomes of its result. The way through it is that of every process (walk.ts). */
import type { Outcome } from '../../authentication/index.ts'
import { isOurOwn } from '../../domain/client.ts'
import { seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import type { Translate } from '../language.ts'
import { writeDevice } from '../middleware/browser.ts'
import type { Handler } from '../routes.ts'
import { askerOf, visitOf } from '../visit.ts'
import { createWalks, tellWaiting, type Walk } from '../walk.ts'
import type { Found, FoundHandler } from './found.ts'
import { lostPage } from './lost.ts'
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

type SignIn = Walk & { readonly found: Found }

export function createAuthenticationPages(deps: AppDependencies): AuthenticationPages {
  const { authentication, web, registrations } = deps
  const asker = ({ ctx, interaction }: Found) => askerOf(ctx, interaction.uid)
  const walks = createWalks<SignIn>(deps, {
    done: (walk) => finish(deps, walk),
    lost: ({ found }) => lostPage(deps, found.ctx),
    answered: ({ found }, factor, outcome) => rememberWay(deps, found.ctx, factor, outcome),
  })

  function walkOf(found: Found): SignIn {
    const { ctx, application } = found
    const again = isAgain(found)
    return {
      found,
      place: again ? { ...found, more: againWords(web.words.translate(ctx.state.language)) } : found,
      asker: asker(found),
      visit: visitOf(deps, ctx, application.name),
      registration: registrations.open && !again,
    }
  }

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
    open,
    async running(found) {
      const { asker, visit } = walkOf(found)
      const step = (await authentication.current(asker, visit))?.step
      return step !== undefined && !(step.kind === 'refused' && step.reason === 'expired')
    },
    show: (found) => walks.show(walkOf(found)),
    follow: (found, outcome) => walks.follow(walkOf(found), outcome),
    async waiting(ctx) {
      const { uid = '' } = ctx.params
      const interaction = await deps.oidc.interactions.find(ctx as never, uid)
      const over = interaction === undefined || interaction.resumeAt !== undefined
      tellWaiting(ctx, over ? 'moved' : await authentication.waiting(askerOf(ctx, uid)))
    },
    identify: (found) => walks.identify(walkOf(found)),
    choose: (found) => walks.choose(walkOf(found)),
    async prove(found) {
      const { ctx, interaction } = found
      if (ctx.state.form.remember !== undefined) web.cookies.write(ctx, 'remember', interaction.uid)
      await walks.prove(walkOf(found), ctx.params.factor ?? '')
    },
    async enrol(found) {
      const { ctx } = found
      const { factor = '' } = ctx.params
      const walk = walkOf(found)
      const outcome = await authentication.enrol(walk.asker, walk.visit, factor, ctx.state.form)
      await walks.follow(walk, outcome, factor)
    },
    async postpone(found) {
      const walk = walkOf(found)
      await walks.follow(walk, await authentication.postpone(walk.asker, walk.visit))
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
  return interaction.requirement.stepUp === true && isOurOwn(client)
}

/** Why somebody who is signed in is asked who they are. */
function againWords(t: Translate): Readonly<Record<string, string>> {
  const heading = t('prove.heading-again')
  return { who: heading, welcome: heading, lead: t('prove.lead-again') }
}

/** Hands the result over, once, and sends the browser on to the application. */
async function finish(deps: AppDependencies, { found, asker, visit }: SignIn): Promise<void> {
  const { ctx, interaction, base } = found
  const { cookies } = deps.web
  const redeemed = await deps.authentication.redeem(asker, visit)
  // Somebody else was first with the same form: their answer is on its way, and the page of the interaction leads to it.
  if (redeemed === undefined) return ctx.method === 'POST' ? seeOther(ctx, base) : lostPage(deps, ctx)
  const remember = cookies.read(ctx, 'remember') === interaction.uid || ctx.state.form?.remember !== undefined
  cookies.write(ctx, 'remember', '')
  const { device, ...result } = redeemed
  if (device !== undefined) writeDevice(ctx, cookies, device)
  await deps.oidc.interactions.login(ctx as never, interaction, result, { remember })
}
