/** The admin console. */
import type { AppDependencies } from '../dependencies.ts'
import type { Route } from '../routes.ts'

/** Its route table. */
export function adminRoutes(_deps: AppDependencies): readonly Route[] {
  return []
}
