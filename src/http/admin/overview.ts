import type { AppDependencies } from '../dependencies.ts'
import type { SignedInHandler } from '../session.ts'
import type { Frame } from './frame.ts'

/** Where to go, and what the people who build applications need to know. */
export function createOverviewPage({ settings }: AppDependencies, frame: Frame): SignedInHandler {
  return (page) => {
    frame(page, { view: 'overview', place: 'overview', values: { endpoints: endpointsOf(settings.issuer) } })
  }
}

export interface Endpoint {
  /** Its words are under `admin:endpoints.`. */
  readonly name: string
  readonly url: string
}

/** What every client library asks for first; it finds everything else at the second one (OIDC Discovery 4). */
export function endpointsOf(issuer: string): readonly Endpoint[] {
  return [
    { name: 'issuer', url: issuer },
    { name: 'discovery', url: `${issuer}/.well-known/openid-configuration` },
  ]
}
