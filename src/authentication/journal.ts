import type { AuditAction, AuditEvent } from '../domain/audit-event.ts'
import type { Authentication, Because } from '../domain/authentication.ts'
import type { Identity } from '../domain/identity.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Logger } from '../ports/logger.ts'
import type { Visit } from './contexts.ts'

export interface Entry {
  readonly action: Extract<AuditAction, `authentication.${string}` | `credential.${string}`>
  readonly result: 'success' | 'failure'
  readonly identityId?: string | undefined
  readonly clientId?: string | undefined
  readonly reason?: string
  readonly details?: NonNullable<AuditEvent['details']>
  /** As typed. */
  readonly identifier?: string | undefined
  /** Nothing was proved yet: the identity did not act, somebody said they were it. */
  readonly claimed?: boolean
}

export interface Journal {
  /** Stored when it returns: for what happens after somebody proved who they are. */
  record(entry: Entry, visit: Visit): Promise<void>
  /**
   * Recorded after the answer has gone out: before the first proof, the time of an answer must not tell whether there was an identity to
   * write about (S32).
   */
  recordLater(entry: Entry, visit: Visit): void
  /** The same for any other work. */
  later(work: () => Promise<void>): void
  /** Resolves when everything that was put off is done. */
  settle(): Promise<void>
}

const mostPending = 10_000

export function createJournal({ audit, log }: { audit: AuditLog; log: Logger }): Journal {
  const pending = new Set<Promise<void>>()

  function later(work: () => Promise<void>): void {
    // A store that stands still must not fill the memory.
    if (pending.size >= mostPending) {
      log.error(
        { pending: pending.size },
        'too much is put off: an entry or message about an attempt was dropped',
      )
      return
    }
    const done = new Promise<void>((resolve) => setImmediate(resolve))
      .then(work)
      .catch((error) => log.error({ err: error }, 'an entry or message about an attempt was lost'))
      .finally(() => pending.delete(done))
    pending.add(done)
  }

  const record = (entry: Entry, visit: Visit) => audit.record(eventOf(entry, visit))
  return {
    record,
    later,
    recordLater: (entry, visit) => later(() => record(entry, visit)),
    settle: async () => {
      while (pending.size > 0) await Promise.all(pending)
    },
  }
}

/** What an entry about a process always says. What was typed is kept only when it is somebody's. */
export function aboutProcess(
  { clientId, written }: Authentication,
  identity: Pick<Identity, 'id'> | undefined,
): Pick<Entry, 'clientId' | 'identifier' | 'identityId'> {
  return identity === undefined ? { clientId } : { clientId, identifier: written, identityId: identity.id }
}

/** For what it is, where that is not a sign-in. */
export function purposeOf({ requirement }: Authentication): NonNullable<AuditEvent['details']> {
  if (!requirement.recovery) return {}
  return { purpose: requirement.drill ? 'drill' : 'recovery' }
}

/** Why the process is where it is, for the details of an entry; `explain` reads them. */
export function reasonsOf(because: Because): NonNullable<AuditEvent['details']> {
  const { rules, demanded, reached, factors, freshWithin, excused, postponedUntil } = because
  return {
    demanded,
    reached,
    ...(rules.length === 0 ? {} : { rules }),
    ...(factors === undefined ? {} : { counted: factors }),
    ...(freshWithin === undefined ? {} : { freshWithin }),
    ...(excused ? { excused } : {}),
    ...(postponedUntil === undefined ? {} : { postponedUntil }),
  }
}

function eventOf({ identifier, identityId, clientId, claimed, ...entry }: Entry, visit: Visit): AuditEvent {
  return {
    ...entry,
    actor: {
      kind: 'identity',
      ...(identityId !== undefined && entry.result === 'success' && !claimed ? { id: identityId } : {}),
      address: visit.address,
      userAgent: visit.userAgent,
    },
    ...(identityId === undefined ? {} : { identityId }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(identifier === undefined ? {} : { personal: { identifier } }),
    ...(visit.traceId === undefined ? {} : { traceId: visit.traceId }),
  }
}
