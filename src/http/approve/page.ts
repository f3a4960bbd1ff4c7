import type { AppDependencies } from '../dependencies.ts'
import { deviceShown } from '../device.ts'
import type { Handler } from '../routes.ts'

export interface ApprovePage {
  readonly show: Handler
  /** What a phone needs to know to install the page as an app (W3C Web App Manifest). */
  readonly manifest: Handler
  /** The script that is woken by the push service. */
  readonly worker: Handler
}

const scope = '/approve'

export function createApprovePage({ web, waker, clock }: AppDependencies): ApprovePage {
  const { assets, words, settings } = web
  return {
    async show(ctx) {
      const t = words.translate(ctx.state.language)
      ctx.state.page = scope
      web.render(ctx, {
        view: 'approve/app',
        title: t('approve:title'),
        sources: { app: true },
        values: {
          manifest: `${scope}/app.webmanifest`,
          scripts: ['approve.js'],
          now: clock(),
          key: await waker.publicKey(),
          issuer: settings.issuer,
          device: deviceShown(ctx.get('User-Agent'), t).name,
          styles: ['approve.css'],
        },
      })
    },
    manifest(ctx) {
      const t = words.translate(ctx.state.language)
      const { name } = settings.brand
      const icon = (size: number, purpose: string) => ({
        src: assets.url(`app-${size}.png`),
        sizes: `${size}x${size}`,
        type: 'image/png',
        purpose,
      })
      ctx.set('Cache-Control', 'no-cache')
      ctx.type = 'application/manifest+json'
      ctx.body = JSON.stringify({
        id: scope,
        name,
        short_name: name,
        description: t('approve:description'),
        lang: ctx.state.language,
        start_url: scope,
        scope,
        display: 'standalone',
        background_color: '#f6f5f2',
        theme_color: '#f6f5f2',
        icons: [icon(192, 'any'), icon(512, 'any'), icon(192, 'maskable'), icon(512, 'maskable')],
      })
    },
    worker(ctx) {
      ctx.set('Cache-Control', 'no-cache')
      ctx.set('Service-Worker-Allowed', scope)
      ctx.type = 'text/javascript; charset=utf-8'
      ctx.body = assets.find(assets.url('approve-worker.js'))?.plain
    },
  }
}
