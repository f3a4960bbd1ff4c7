import { Problem } from '../domain/problem.ts'
import type { AppDependencies } from './dependencies.ts'
import { get, type Route } from './routes.ts'

/** Which other origins may use keys that were made for this host (WebAuthn L3 5.11.1): browsers ask here. Not there unless somebody configured some. */
export function relatedOriginRoutes({ settings }: AppDependencies): readonly Route[] {
  const { related_origins: origins } = settings.webauthn
  return [
    get('/.well-known/webauthn', { json: true }, (ctx) => {
      if (origins.length === 0) throw new Problem('not-found')
      ctx.type = 'application/json'
      ctx.body = JSON.stringify({ origins })
    }),
  ]
}
