import type { Observed } from '../domain/authentication.ts'
import type { RiskSignals } from '../ports/signal.ts'
import type { Receipt } from './attempts.ts'
import type { Visit } from './contexts.ts'
import type { GatherFacts } from './facts.ts'
import type { TrustedDevices } from './trusted-devices.ts'

export interface ObservationTools {
  readonly trustedDevices: Pick<TrustedDevices, 'until'>
  readonly signals: RiskSignals
  readonly facts: GatherFacts
}

/**
 * What is noticed of a visit by whoever just proved to be this identity; called once a process, before their device counts as known.
 * `receipts`: what the proof's own try paid.
 */
export type Observe = (
  visit: Pick<Visit, 'address' | 'device'>,
  identityId: string,
  receipts: readonly Receipt[],
) => Promise<Observed>

/** Nothing is looked at before the first proof, so that nothing before it can depend on who it is (S32). */
export function createObservation({ trustedDevices, signals, facts }: ObservationTools): Observe {
  return async (visit, identityId, receipts) => {
    const trustedUntil = await trustedDevices.until(visit.device, identityId)
    const raised = signals.names.length === 0 ? [] : signals.raised(await facts(visit, identityId, receipts))
    return { signals: raised, ...(trustedUntil === undefined ? {} : { trustedUntil }) }
  }
}
