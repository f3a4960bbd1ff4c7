import type { Facts } from '../ports/signal.ts'

export interface ManyFailuresSettings {
  /** Wrong answers in a row from which on it is raised. */
  readonly after: number
}

/** The right answer came after many wrong ones: perhaps it was guessed. */
export function manyFailures({ failures }: Facts, { after }: ManyFailuresSettings): boolean {
  return failures >= after
}
