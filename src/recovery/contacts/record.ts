import type { Actor, AuditAction } from '../../domain/audit-event.ts'
import type { AuditLog } from '../../ports/audit-log.ts'

export type ContactAction = Extract<AuditAction, `contact.${string}`>

export interface Concerned {
  /** Whoever does it, if it is recorded for them too. */
  readonly doer?: string
  /** Whom else it concerns, if there is somebody. */
  readonly other?: string | undefined
  /** Of the relation. */
  readonly contact: string
}

/**
 * What happens between a person and a contact, recorded for both: from where only for whoever did it. `contact` in the details tells which two
 * entries belong together, `by` that it is the other one's.
 */
export function createContactRecord(audit: AuditLog) {
  return async (action: ContactAction, by: Actor, { doer, other, contact }: Concerned): Promise<void> => {
    const entry = { action, result: 'success' } as const
    if (doer !== undefined)
      await audit.record({ ...entry, actor: by, identityId: doer, details: { contact } })
    if (other === undefined) return
    const details = { contact, by: 'other' }
    await audit.record({ ...entry, actor: { kind: 'system' }, identityId: other, details })
  }
}
