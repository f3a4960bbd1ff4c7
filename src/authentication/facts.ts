import type { Clock } from '../ports/clock.ts'
import type { Factors } from '../ports/factor.ts'
import type { Places } from '../ports/places.ts'
import type { Facts } from '../ports/signal.ts'
import type { AttemptBudget, Receipt } from './attempts.ts'
import type { Visit } from './contexts.ts'
import type { Devices } from './devices.ts'
import type { People, Situations } from './situations.ts'
import { countersOf, deviceSubject } from './subjects.ts'
import type { Whereabouts } from './whereabouts.ts'

export interface FactsTools {
  readonly clock: Clock
  readonly factors: Factors
  readonly identities: People
  readonly situations: Pick<Situations, 'ofIdentity'>
  readonly attempts: Pick<AttemptBudget, 'failures'>
  readonly devices: Pick<Devices, 'find'>
  readonly whereabouts: Whereabouts
  readonly places: Places
}

/** Gathers what risk signals look at, for whoever gave a first proof. `receipts`: what that proof's own try paid and did not get back yet. */
export type GatherFacts = (
  visit: Pick<Visit, 'address' | 'device'>,
  identityId: string,
  receipts: readonly Receipt[],
) => Promise<Facts>

export function createFacts(tools: FactsTools): GatherFacts {
  const { clock, factors, identities, situations, attempts, devices, whereabouts, places } = tools

  return async (visit, identityId, receipts) => {
    const device = await devices.find(visit.device, identityId)
    const known = await situations.ofIdentity(await identities.get(identityId))
    // Strangers' guesses do not count against a browser that is known (S26): else anybody could make its owner prove more.
    const counters = device === undefined ? countersOf(known, factors) : [deviceSubject(device)]
    const place = places.find(visit.address)
    return {
      now: clock(),
      address: visit.address,
      ...(place === undefined ? {} : { place }),
      deviceKnown: device !== undefined,
      earlier: await whereabouts.of(identityId),
      failures: await attempts.failures(counters, receipts),
    }
  }
}
