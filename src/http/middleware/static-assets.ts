import type { Asset, Assets } from '../assets.ts'
import type { WebContext } from '../context.ts'
import type { Middleware } from './middleware.ts'

/** Serves views/assets from memory; a fingerprint in the path makes every answer good for a year. */
export function staticAssets(assets: Assets): Middleware {
  return async (ctx, next) => {
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') return next()
    const asset = assets.find(ctx.path === '/favicon.ico' ? assets.url('mark.svg') : ctx.path)
    if (asset === undefined) return next()
    ctx.set(
      'Cache-Control',
      ctx.path === '/favicon.ico' ? 'public, max-age=86400' : 'public, max-age=31536000, immutable',
    )
    ctx.type = asset.type
    ctx.body = await bodyOf(ctx, asset)
  }
}

async function bodyOf(ctx: WebContext, asset: Asset): Promise<Buffer> {
  ctx.vary('Accept-Encoding')
  const encoding = ctx.acceptsEncodings('br', 'gzip', 'identity')
  if (encoding !== 'br' && encoding !== 'gzip') return asset.plain
  const body = await asset.compressed(encoding)
  if (body === undefined) return asset.plain
  ctx.set('Content-Encoding', encoding)
  return body
}
