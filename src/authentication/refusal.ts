import type { Enrolled } from '../ports/factor.ts'

/** `reason` is a locale key under `factors.<name>.refused.`, or one of ours: `unknown challenge-expired conflict taken too-many throttled`. */
export type EnrolmentRefusal = Extract<Enrolled<unknown>, { status: 'refused' }>

export function refused(reason: string): EnrolmentRefusal {
  return { status: 'refused', reason }
}
