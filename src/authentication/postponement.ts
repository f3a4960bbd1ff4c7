import type { Arrival } from './arrival.ts'
import type { Deferrals } from './deferrals.ts'
import type { AuthenticationEngine, Outcome } from './index.ts'
import { aboutProcess, type Journal, reasonsOf } from './journal.ts'
import { type Processes, sameQuestion } from './processes.ts'
import type { Questions } from './questions.ts'

export interface PostponementTools {
  readonly processes: Processes
  readonly questions: Questions
  readonly deferrals: Pick<Deferrals, 'putOff'>
  readonly journal: Journal
  readonly arrival: Pick<Arrival, 'complete'>
}

/** "Remind me later": good for this process, and only where its step says that it may wait. */
export function createPostponement(tools: PostponementTools): AuthenticationEngine['postpone'] {
  const { processes, questions, deferrals, journal, arrival } = tools

  return async (asker, visit): Promise<Outcome> => {
    const process = await processes.load(asker)
    if (process === undefined) return { status: 'lost' }
    const { step } = await questions.decide(process)
    const { identityId } = process
    if (step.kind !== 'enrol' || step.mayWait === undefined || identityId === undefined)
      return { status: 'moved', step }
    const changed = await processes.change(asker, (now) =>
      sameQuestion(now, process) ? { ...now, postponed: true } : undefined,
    )
    if (changed === undefined) return { status: 'moved', step }
    if (step.why === 'suggested') await deferrals.putOff(identityId)
    const decided = await questions.stand(asker, visit, changed)
    const next = decided.step
    const about = aboutProcess(changed, { id: identityId })
    const details = { factors: step.oneOf, ...reasonsOf(next.because) }
    await journal.record({ ...about, details, action: 'credential.postponed', result: 'success' }, visit)
    if (next.kind === 'done') await arrival.complete(visit, changed, decided, [])
    return { status: 'moved', step: next }
  }
}
