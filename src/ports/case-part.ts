import type { Instant } from '../domain/time.ts'
import type { Entity } from './storage.ts'

/** Something that was written for a recovery case, or a piece of a file that was attached. `id` = `<case> entry <when>` or `<case> file <name> <number>`. */
export interface CasePart extends Entity {
  readonly caseId: string
  /** Whom the case is about; absent when that is nobody. */
  readonly identityId?: string
  readonly sealed: string
  readonly expiresAt: Instant
}
