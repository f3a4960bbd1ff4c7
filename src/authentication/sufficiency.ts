import { reaches } from '../domain/assurance.ts'
import { type Earlier, isEnough } from '../domain/sufficiency.ts'
import type { Clock } from '../ports/clock.ts'
import type { Deferrals } from './deferrals.ts'
import type { Observe } from './observation.ts'
import type { PolicyNow } from './policy-now.ts'
import type { People, Situations } from './situations.ts'

/** What somebody proved earlier, for whom it is to do now, and from where they come. */
export interface Standing extends Earlier {
  readonly identityId: string
  readonly clientId: string
  /** The secret that their browser keeps. */
  readonly device?: string
  readonly address: string
  /** For what the rules call a privileged action. */
  readonly privileged?: boolean
  /** More was asked for by name, as in a `Requirement`. */
  readonly stepUp?: boolean
}

export interface SufficiencyTools {
  readonly clock: Clock
  readonly identities: People
  readonly situations: Situations
  readonly policy: PolicyNow
  readonly deferrals: Pick<Deferrals, 'peek'>
  readonly observe: Observe
}

/** Changes nothing: neither does a rule's time begin, nor does the device become known. */
export function createSufficiency(tools: SufficiencyTools): (standing: Standing) => Promise<boolean> {
  const { clock, identities, situations, policy, deferrals, observe } = tools

  return async (standing) => {
    const { identityId, clientId, level, privileged = false, stepUp = false } = standing
    const now = await policy()
    if (now.rules.length === 0 && reaches(level, now.level)) return true
    const known = await situations.ofIdentity(await identities.get(identityId))
    const observed = await observe(standing, identityId, [])
    const facts = { identity: known.identity, clientId, signals: observed.signals, privileged }
    const deferred = await deferrals.peek(identityId)
    const trustedUntil = stepUp ? undefined : observed.trustedUntil
    const at = { facts, trustedUntil, enrolled: known.enrolled, deferred }
    return isEnough(standing, at, now, clock())
  }
}
