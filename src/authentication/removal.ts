import type { Actor } from '../domain/audit-event.ts'
import { hasCompanion } from '../domain/ways.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Factors } from '../ports/factor.ts'
import type { Credentials } from './credentials.ts'
import { type EnrolmentRefusal, type Enrolments, refused } from './enrolment.ts'
import type { Known, People, Situations } from './situations.ts'
import type { TrustedDevices } from './trusted-devices.ts'

export interface RemovalTools {
  readonly identities: People
  readonly factors: Factors
  readonly credentials: Credentials
  readonly situations: Situations
  readonly audit: AuditLog
  readonly trustedDevices: Pick<TrustedDevices, 'revokeAll'>
}

export function createRemoval(tools: RemovalTools): Enrolments['remove'] {
  const { identities, factors, credentials, situations, audit, trustedDevices } = tools
  return async function remove(
    identityId: string,
    credentialId: string,
    by: Actor,
    { force = false }: { readonly force?: boolean } = {},
  ): Promise<{ readonly status: 'removed' } | EnrolmentRefusal> {
    const known = await situations.ofIdentity(await identities.get(identityId))
    const credential = known.credentials.find(({ id }) => id === credentialId)
    if (credential === undefined) return refused('unknown')
    const reason = force ? undefined : obstacle(factors, known, credentialId)
    if (reason !== undefined) return refused(reason)
    if (!(await credentials.remove(credentialId))) return refused('unknown')
    await trustedDevices.revokeAll(identityId, by, { reason: 'changed' })
    const { factor } = credential
    await audit.record({
      action: 'credential.removed',
      result: 'success',
      actor: by,
      identityId,
      details: { factor },
    })
    return { status: 'removed' }
  }
}

/** What keeps a credential from being removed, if anything. */
function obstacle(factors: Factors, { enrolled }: Known, credentialId: string): string | undefined {
  const left = enrolled.filter((way) => way.credentialId !== credentialId)
  const first = new Set(factors.filter((factor) => factor.first).map((factor) => factor.name))
  if (!left.some((way) => first.has(way.factor))) return 'last-way'
  return left.some((way) => way.needsCompanion && !hasCompanion(way, left)) ? 'needs-companion' : undefined
}
