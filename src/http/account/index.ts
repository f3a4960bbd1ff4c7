/** The account portal. */
import type { AppDependencies } from '../dependencies.ts'
import type { Route } from '../routes.ts'

/** Its route table. */
export function accountRoutes(_deps: AppDependencies): readonly Route[] {
  return []
}
