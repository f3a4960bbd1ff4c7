/**
 * By which way somebody last got in with this browser: the browser's own memory. It only orders what everybody is offered, and marks it; nothing that is
 * known here of a person ever decides about it (S32).
 */
import type { Outcome } from '../../authentication/index.ts'
import { day } from '../../domain/time.ts'
import type { WebContext } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import type { Web } from '../web.ts'

export interface OfferedWay {
  readonly name: string
  readonly usedLast: boolean
}

/** The ways in the order for this browser. Whatever its cookie says is one of them, or nothing. */
export function offeredWays(
  { cookies }: Web,
  ctx: WebContext,
  ways: readonly string[],
): readonly OfferedWay[] {
  const used = cookies.read(ctx, 'way')
  const offered = ways.map((name) => ({ name, usedLast: name === used }))
  return offered.toSorted((one, other) => Number(other.usedLast) - Number(one.usedLast))
}

/** After an answer that proved something: of the ways that are offered before anything was proved. */
export function rememberWay(
  { factors, web: { cookies } }: Pick<AppDependencies, 'factors' | 'web'>,
  ctx: WebContext,
  factor: string,
  outcome: Outcome,
): void {
  const first = factors.some((one) => one.name === factor && one.first)
  if (!first || !isProved(outcome) || cookies.read(ctx, 'way') === factor) return
  cookies.write(ctx, 'way', factor, 400 * day)
}

function isProved(outcome: Outcome): boolean {
  if (outcome.status !== 'moved') return false
  const { step } = outcome
  return step.kind !== 'identify' && !(step.kind === 'prove' && step.why === 'first-proof')
}
