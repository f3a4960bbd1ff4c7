/**
 * Takes a person through an authentication process: of a sign-in, a recovery, a fire drill. Their answers go to the engine, and they go where its
 * outcome leads. It decides nothing: the engine says which step is next, the caller what follows from the last one.
 */
import type { Asker, AuthenticationEngine, Current, Outcome, Visit } from '../authentication/index.ts'
import type { Form } from '../ports/factor.ts'
import { seeOther, type WebContext } from './context.ts'
import type { AppDependencies } from './dependencies.ts'
import { type Mistake, type StepPlace, showStep } from './interaction/steps.ts'
import { inSeconds, inWords } from './moments.ts'
import { refusalText } from './refusal.ts'
import type { Web } from './web.ts'

type Throttling = Extract<Outcome, { status: 'throttled' }>
type Waiting = AuthenticationEngine['waiting']

/** One request on the way. */
export interface Walk {
  readonly place: StepPlace
  readonly asker: Asker
  readonly visit: Visit
  /** Whether the first page may offer to create an account. */
  readonly registration?: boolean
}

interface WalkEnds<W extends Walk> {
  /** The process came to its end: everything was proved. Without `now` an answer said so, and nobody looked since. */
  readonly done: (walk: W, now?: Current) => Promise<void> | void
  /** Nothing that is left helps, or it is over. Absent: the page that says so. */
  readonly refused?: (walk: W, now: Current) => Promise<boolean> | boolean
  /** None, expired, or another browser's. */
  readonly lost: (walk: W) => Promise<void> | void
  /** Told of what became of each answer to a factor's question. */
  readonly answered?: (walk: W, factor: string, outcome: Outcome) => void
}

export interface Walks<W extends Walk> {
  /** Shows the step the process is at, or what follows from its end. */
  readonly show: (walk: W) => Promise<void>
  /** Goes on after any answer of the engine; `factor`: whose form it was. */
  readonly follow: (walk: W, outcome: Outcome, factor?: string) => Promise<void>
  readonly identify: (walk: W) => Promise<void>
  readonly choose: (walk: W) => Promise<void>
  readonly prove: (walk: W, factor: string) => Promise<void>
}

const invalid = 422

export function createWalks<W extends Walk>(deps: AppDependencies, ends: WalkEnds<W>): Walks<W> {
  const { authentication, web } = deps

  async function show(walk: W, mistake?: Mistake): Promise<void> {
    const { asker, visit, place, registration = false } = walk
    const now = await authentication.current(asker, visit)
    if (now === undefined) return ends.lost(walk)
    if (now.step.kind === 'done') return ends.done(walk, now)
    if (now.step.kind === 'refused' && (await ends.refused?.(walk, now))) return
    const answered = await collected(walk, now)
    if (answered !== undefined) return follow(walk, answered.outcome, answered.factor)
    showStep(web, now.step, { found: place, now, mistake, registration })
  }

  /** What became of a question that was answered elsewhere, once the page that waits for it is loaded again. */
  async function collected(walk: W, { step, show: shown }: Current) {
    const { place, asker } = walk
    const waits = step.kind === 'prove' && shown?.waitsUntil !== undefined
    if (place.ctx.method !== 'GET' || !waits) return undefined
    if ((await authentication.waiting(asker)) !== 'answered') return undefined
    const outcome = await answer(walk, step.chosen, {})
    return outcome.status === 'pending' ? undefined : { outcome, factor: step.chosen }
  }

  async function answer(walk: W, factor: string, form: Form): Promise<Outcome> {
    const outcome = await authentication.prove(walk.asker, walk.visit, factor, form)
    ends.answered?.(walk, factor, outcome)
    return outcome
  }

  async function follow(walk: W, outcome: Outcome, factor?: string): Promise<void> {
    const { ctx, base } = walk.place
    switch (outcome.status) {
      case 'moved':
        return outcome.step.kind === 'done' ? ends.done(walk) : seeOther(ctx, base)
      case 'pending':
        return seeOther(ctx, base)
      case 'lost':
        return ends.lost(walk)
      case 'throttled':
        return show(walk, throttled(web, ctx, outcome))
      case 'refused': {
        const text =
          factor === undefined
            ? web.words.translate(ctx.state.language)('identify.malformed')
            : refusalText(web, ctx, factor, outcome, 'prove.refused')
        return show(walk, { status: invalid, text, reason: outcome.reason, factor })
      }
    }
  }

  return {
    show: (walk) => show(walk),
    follow,
    async identify(walk) {
      const text = walk.place.ctx.state.form.identifier ?? ''
      await follow(walk, await authentication.identify(walk.asker, walk.visit, text))
    },
    async choose(walk) {
      const factor = walk.place.ctx.state.form.factor ?? ''
      await follow(walk, await authentication.choose(walk.asker, walk.visit, factor))
    },
    async prove(walk, factor) {
      await follow(walk, await answer(walk, factor, walk.place.ctx.state.form), factor)
    },
  }
}

function throttled({ words, clock }: Web, ctx: WebContext, { retryAt, locked }: Throttling): Mistake {
  const wait = Math.max(0, retryAt - clock())
  ctx.set('Retry-After', String(inSeconds(wait)))
  const when = inWords(wait, ctx.state.language)
  const t = words.translate(ctx.state.language)
  return { status: 429, throttled: t(locked ? 'throttled.locked' : 'throttled.text', { when }), locked }
}

/** For the script of a page that waits: whether its question was answered elsewhere. */
export function tellWaiting(ctx: WebContext, state: Awaited<ReturnType<Waiting>>): void {
  ctx.set('Cache-Control', 'no-store')
  ctx.body = { state }
}
