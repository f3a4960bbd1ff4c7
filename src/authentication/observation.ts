import type { Observed } from '../domain/authentication.ts'
import type { Visit } from './contexts.ts'
import type { TrustedDevices } from './trusted-devices.ts'

/** What is noticed of a visit by whoever just proved to be this identity; called once a process, before their device counts as known. */
export type Observe = (visit: Visit, identityId: string) => Promise<Observed>

/** Nothing is looked at before the first proof, so that nothing before it can depend on who it is (S32). */
export function createObservation({
  trustedDevices,
}: {
  readonly trustedDevices: Pick<TrustedDevices, 'until'>
}): Observe {
  return async ({ device }, identityId) => {
    const trustedUntil = await trustedDevices.until(device, identityId)
    return { signals: [], ...(trustedUntil === undefined ? {} : { trustedUntil }) }
  }
}
