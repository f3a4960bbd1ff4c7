import { createJournal } from '../../authentication/journal.ts'
import type { AuditLog } from '../../ports/audit-log.ts'
import type { Logger } from '../../ports/logger.ts'
import type { NewSession, SessionRegistry } from '../../ports/session-registry.ts'
import type { Recoveries } from './index.ts'

export interface RecoveryWatchTools {
  readonly recoveries: Pick<Recoveries, 'of' | 'contest'>
  readonly sessions: () => Pick<SessionRegistry, 'list'>
  readonly audit: AuditLog
  readonly log: Logger
}

export interface RecoveryWatch {
  /**
   * Somebody signs in as they always did while somebody else says that they cannot: one of the two is not who they say. Returns at once. Whoever was
   * signed in before and only proves it again is no news: they see the banner, and may be about to end it.
   */
  signedIn(session: Pick<NewSession, 'identityId' | 'uid'>): void
  /** Resolves when everything that was put off is done. Before the store closes. */
  settle(): Promise<void>
}

export function createRecoveryWatch(tools: RecoveryWatchTools): RecoveryWatch {
  const { recoveries, sessions } = tools
  const { later, settle } = createJournal(tools)

  return {
    settle,
    signedIn({ identityId, uid }) {
      later(async () => {
        const running = await recoveries.of(identityId)
        if (running === undefined || running.state === 'contested' || running.reviewed) return
        const session = (await sessions().list(identityId)).find((one) => one.uid === uid)
        const isOld = session !== undefined && session.startedAt < running.startedAt
        if (!isOld) await recoveries.contest(running.id, 'sign-in')
      })
    },
  }
}
