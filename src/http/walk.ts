/**
 * Takes a person through an authentication process outside an interaction (a recovery, a fire drill), with the same step pages as a sign-in.
 * It decides nothing: the engine says which step is next, the caller what follows from the last one.
 */
import type { Asker, Current, Outcome, Visit } from '../authentication/index.ts'
import { seeOther } from './context.ts'
import type { AppDependencies } from './dependencies.ts'
import { type Mistake, type StepPlace, showStep } from './interaction/steps.ts'
import { inSeconds, inWords } from './moments.ts'
import { refusalText } from './refusal.ts'

/** One request on the way. */
export interface Walk {
  readonly place: StepPlace
  readonly asker: Asker
  readonly visit: Visit
}

export interface WalkEnds {
  /** The process came to its end: everything was proved. */
  readonly done: (walk: Walk, now: Current) => Promise<void> | void
  /** Nothing that is left helps, or it is over. Absent: the page that says so. */
  readonly refused?: (walk: Walk, now: Current) => Promise<boolean> | boolean
  /** None, expired, or another browser's. */
  readonly lost: (walk: Walk) => Promise<void> | void
}

export interface Walks {
  readonly show: (walk: Walk) => Promise<void>
  readonly identify: (walk: Walk) => Promise<void>
  readonly choose: (walk: Walk) => Promise<void>
  readonly prove: (walk: Walk, factor: string) => Promise<void>
}

const invalid = 422

export function createWalks(deps: AppDependencies, ends: WalkEnds): Walks {
  const { authentication, web, clock } = deps
  const translate = ({ place: { ctx } }: Walk) => web.words.translate(ctx.state.language)

  async function show(walk: Walk, mistake?: Mistake): Promise<void> {
    const { asker, visit, place } = walk
    const now = await authentication.current(asker, visit)
    if (now === undefined) return ends.lost(walk)
    if (now.step.kind === 'done') return ends.done(walk, now)
    if (now.step.kind === 'refused' && (await ends.refused?.(walk, now))) return
    const answered = await collected(walk, now)
    if (answered !== undefined) return follow(walk, answered.outcome, answered.factor)
    showStep(web, now.step, { found: place, now, mistake, registration: false })
  }

  /** What became of a question that was answered elsewhere, once the page that waits for it is loaded again. */
  async function collected({ place, asker, visit }: Walk, { step, show: shown }: Current) {
    const waits = step.kind === 'prove' && shown?.waitsUntil !== undefined
    if (place.ctx.method !== 'GET' || !waits) return undefined
    if ((await authentication.waiting(asker)) !== 'answered') return undefined
    const outcome = await authentication.prove(asker, visit, step.chosen, {})
    return outcome.status === 'pending' ? undefined : { outcome, factor: step.chosen }
  }

  async function follow(walk: Walk, outcome: Outcome, factor?: string): Promise<void> {
    const { ctx, base } = walk.place
    switch (outcome.status) {
      case 'moved':
        return outcome.step.kind === 'done' ? show(walk) : seeOther(ctx, base)
      case 'pending':
        return seeOther(ctx, base)
      case 'lost':
        return ends.lost(walk)
      case 'throttled':
        return show(walk, throttled(walk, outcome))
      case 'refused': {
        const text =
          factor === undefined
            ? translate(walk)('identify.malformed')
            : refusalText(web, ctx, factor, outcome, 'prove.refused')
        return show(walk, { status: invalid, text, reason: outcome.reason, factor })
      }
    }
  }

  function throttled(walk: Walk, { retryAt, locked }: Extract<Outcome, { status: 'throttled' }>): Mistake {
    const { ctx } = walk.place
    const wait = Math.max(0, retryAt - clock())
    ctx.set('Retry-After', String(inSeconds(wait)))
    const when = inWords(wait, ctx.state.language)
    const text = translate(walk)(locked ? 'throttled.locked' : 'throttled.text', { when })
    return { status: 429, throttled: text, locked }
  }

  return {
    show: (walk) => show(walk),
    async identify(walk) {
      const text = walk.place.ctx.state.form.identifier ?? ''
      await follow(walk, await authentication.identify(walk.asker, walk.visit, text))
    },
    async choose(walk) {
      const factor = walk.place.ctx.state.form.factor ?? ''
      await follow(walk, await authentication.choose(walk.asker, walk.visit, factor))
    },
    async prove(walk, factor) {
      const { form } = walk.place.ctx.state
      await follow(walk, await authentication.prove(walk.asker, walk.visit, factor, form), factor)
    },
  }
}
