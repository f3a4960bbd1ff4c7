import type { Level } from '../domain/assurance.ts'
import type { Rule } from '../domain/demand.ts'
import type { Policy } from '../domain/policy.ts'
import type { Duration } from '../domain/time.ts'
import type { WaysIn } from '../domain/ways-in.ts'
import type { Factors } from '../ports/factor.ts'
import { strengthOf } from './situations.ts'

export interface PolicyTools {
  /** In the order in which ways are offered. */
  readonly factors: Factors
  readonly rules: () => Promise<readonly Rule[]>
  readonly settings: {
    readonly policy: {
      readonly level: Level
      readonly suggest: Duration | null
      readonly ways_in?: WaysIn
    }
  }
}

/** The policy as it is now: what the configuration says once, and the rules that may change while we run. */
export type PolicyNow = () => Promise<Policy>

export function createPolicyNow({ factors, rules, settings: { policy } }: PolicyTools): PolicyNow {
  const { level, suggest, ways_in: waysIn = 1 } = policy
  const summaries = factors.map((factor) => ({
    ...strengthOf(factor),
    name: factor.name,
    first: factor.first,
    enrollable: factor.enrolment !== undefined,
    ...(factor.standIn ? { standIn: true } : {}),
    ...(factor.recovery === undefined ? {} : { recovery: factor.recovery }),
    ...(factor.lostWith === undefined ? {} : { lostWith: factor.lostWith }),
  }))
  return async () => ({ level, suggest, waysIn, rules: await rules(), factors: summaries })
}
