import type { AuditLog } from '../ports/audit-log.ts'
import type { Credentials } from './credentials.ts'
import type { Enrolments } from './enrolment.ts'
import { refused } from './refusal.ts'

export interface RenamingTools {
  readonly credentials: Credentials
  readonly audit: AuditLog
}

const longestLabel = 64
const mostRounds = 10

export function createRenaming({ credentials, audit }: RenamingTools): Enrolments['rename'] {
  return async function rename(identityId, credentialId, written, by) {
    const label = written.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim()
    if (label === '' || [...label].length > longestLabel) return refused('label')
    // Whoever signs in with it meanwhile writes the same row.
    for (let round = 0; round < mostRounds; round += 1) {
      const stored = await credentials.get(credentialId)
      if (stored?.identityId !== identityId) return refused('unknown')
      if (!(await credentials.rename(stored, label))) continue
      const details = { factor: stored.factor }
      await audit.record({ action: 'credential.renamed', result: 'success', actor: by, identityId, details })
      return { status: 'renamed' }
    }
    return refused('conflict')
  }
}
