import type { Actor } from '../domain/audit-event.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Factors, Form } from '../ports/factor.ts'
import type { Credentials } from './credentials.ts'
import type { Enrolments, Finished } from './enrolment.ts'
import { refused } from './refusal.ts'

export interface AdoptionTools {
  readonly factors: Factors
  readonly credentials: Credentials
  readonly audit: AuditLog
}

export function createAdoption({ factors, credentials, audit }: AdoptionTools): Enrolments['adopt'] {
  return async function adopt(
    identityId: string,
    name: string,
    material: Form,
    by: Actor = { kind: 'system' },
  ): Promise<Finished> {
    const factor = factors.find((one) => one.name === name)
    const data = factor?.enrolment?.adopt?.(material)
    if (factor === undefined || data === undefined) return refused('unknown')
    const credential = await credentials.insert({ identityId, factor: name, data }, { only: factor.single })
    if (credential === undefined) return refused('conflict')
    await audit.record({
      action: 'credential.enrolled',
      result: 'success',
      actor: by,
      identityId,
      reason: 'adopted',
      details: { factor: name, credential: credential.id },
    })
    return { status: 'enrolled', credential } as const
  }
}
