import { Problem } from '../../domain/problem.ts'
import type { WebSettings } from '../dependencies.ts'
import type { FormTokens } from '../form-token.ts'
import type { Middleware } from './middleware.ts'

/**
 * A POST to our own forms comes from our own pages (S36). Checked before the body is read.
 * `Origin: null` is what browsers send from a page with `no-referrer`: then Sec-Fetch-Site, which no page can forge, has to vouch,
 * or, in a browser too old to send it, the form token alone.
 */
export function sameSite(settings: Pick<WebSettings, 'issuer' | 'allowed_hosts'>): Middleware {
  const { origin, protocol } = new URL(settings.issuer)
  const own = new Set([
    '',
    'null',
    origin,
    ...settings.allowed_hosts.map((host) => `${protocol}//${host.toLowerCase()}`),
  ])
  return (ctx, next) => {
    const site = ctx.get('Sec-Fetch-Site')
    const from = ctx.get('Origin').toLowerCase()
    if (site !== '' && site !== 'same-origin') throw new Problem('cross-site')
    if (!own.has(from)) throw new Problem('cross-site')
    return next()
  }
}

/** The form was made for this browser. After the body is read. */
export function formToken(tokens: FormTokens): Middleware {
  return (ctx, next) => {
    const { csrf } = ctx.state.form
    if (!tokens.matches(ctx.state.browser, csrf)) throw new Problem('cross-site')
    return next()
  }
}
