/** Owns the address at which people's pictures are shown: to everybody who knows it, since applications show them on pages of their own. */
import { Problem } from '../domain/problem.ts'
import { picturesPath } from '../identities/pictures.ts'
import type { AppDependencies } from './dependencies.ts'
import { get, type Route } from './routes.ts'

/** What stands at an address never changes; after a week a picture that was taken away is gone from caches too. */
const kept = 'public, max-age=604800, immutable'

/** Its route table. */
export function pictureRoutes({ pictures }: Pick<AppDependencies, 'pictures'>): readonly Route[] {
  return [
    get(`${picturesPath}/:picture`, {}, async (ctx) => {
      const bytes = await pictures.find(ctx.params.picture ?? '')
      if (bytes === undefined) throw new Problem('not-found')
      ctx.set({
        'Cache-Control': kept,
        'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
        // Everything else here is for our own pages alone.
        'Cross-Origin-Resource-Policy': 'cross-origin',
      })
      ctx.type = 'image/jpeg'
      ctx.body = Buffer.from(bytes)
    }),
  ]
}
