import { hasProvedMail, may } from '../domain/identity.ts'
import { type Health, recoveryHealth } from '../domain/recovery-health.ts'
import type { Clock } from '../ports/clock.ts'
import type { Factors } from '../ports/factor.ts'
import type { PolicyNow } from './policy-now.ts'
import type { People, Situations } from './situations.ts'

export interface HealthTools {
  readonly clock: Clock
  readonly factors: Factors
  readonly identities: People
  readonly situations: Pick<Situations, 'ofIdentity'>
  readonly policy: PolicyNow
}

/** How a person gets back in after each loss, as the policy stands now. Reads only. Undefined for nobody, and for whoever may not recover. */
export function createHealth({ clock, factors, identities, situations, policy }: HealthTools) {
  const resettable = factors.find((factor) => factor.resettable)?.name

  return async (identityId: string): Promise<Health | undefined> => {
    const identity = await identities.get(identityId)
    if (identity === undefined || !may(identity, 'recover')) return undefined
    const { enrolled } = await situations.ofIdentity(identity, { recovery: true })
    const resets = hasProvedMail(identity.identifiers) ? resettable : undefined
    return recoveryHealth({ identity, enrolled, resets }, await policy(), clock())
  }
}
