/** The inbox of development mode: every mail and SMS that was caught. */
import type { AppDependencies } from './dependencies.ts'
import type { Route } from './routes.ts'

/** Its route table. */
export function inboxRoutes(_deps: AppDependencies): readonly Route[] {
  return []
}
