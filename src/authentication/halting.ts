import type { Authentication } from '../domain/authentication.ts'
import type { Clock } from '../ports/clock.ts'
import type { Store } from '../ports/store.ts'
import type { People } from './situations.ts'

export interface HaltingTools {
  readonly store: Pick<Store, 'authentications'>
  readonly identities: Pick<People, 'findByIdentifier'>
  readonly clock: Clock
}

/**
 * Ends a process, its questions with it, whoever is at it; true when it was on its way. One that meanwhile is about somebody else is left alone:
 * in a shared browser another person may have begun anew.
 */
export type Halt = (processId: string, identityId: string) => Promise<boolean>

const mostRounds = 50

export function createHalt({ store, identities, clock }: HaltingTools): Halt {
  async function isAbout(process: Authentication, whom: string): Promise<boolean> {
    const { identifier, requirement } = process
    // An application can say whom it wants: then nobody types it.
    const identityId = process.identityId ?? requirement.identityId
    if (identityId !== undefined || identifier === undefined) return identityId === whom
    return (await identities.findByIdentifier('any', identifier))?.id === whom
  }

  return async (processId, identityId) => {
    for (let round = 0; round < mostRounds; round += 1) {
      const process = await store.authentications.get(processId)
      if (process === undefined || !(await isAbout(process, identityId))) return false
      if (await store.authentications.replace({ ...process, expiresAt: clock() }))
        return process.redeemedAt === undefined
    }
    return false
  }
}
