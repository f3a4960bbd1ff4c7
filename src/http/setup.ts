/** The set-up page of the first administrator. */
import type { AppDependencies } from './dependencies.ts'
import type { Route } from './routes.ts'

/** Its route table. */
export function setupRoutes(_deps: AppDependencies): readonly Route[] {
  return []
}
