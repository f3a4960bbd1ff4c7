import type { WebSettings } from '../dependencies.ts'
import type { Middleware } from './middleware.ts'

/** What a page may reach besides ourselves. */
export interface PageSources {
  /** Origins or schemes (`com.example:`) at the end of a form's redirect chain that are not https. */
  readonly forms?: readonly string[]
  /** Origins of pictures: the logo of a client. */
  readonly images?: readonly string[]
  /** The page can be installed as an app: it has a manifest and a service worker of ours. */
  readonly app?: boolean
}

/**
 * Explicit for every kind of content; nothing inline. Browsers check `form-action` along the whole redirect chain, and a client's
 * callback may redirect on, so https as a whole is allowed there.
 */
export function contentSecurityPolicy({ forms = [], images = [], app = false }: PageSources = {}): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    ["img-src 'self'", ...images.filter(isOneSource)].join(' '),
    "font-src 'self'",
    "connect-src 'self'",
    ...(app ? ["manifest-src 'self'", "worker-src 'self'"] : []),
    ["form-action 'self' https:", ...forms.filter(isOneSource)].join(' '),
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ')
}

/** Host names may hold what begins another directive (CSP3 2.2.1). */
function isOneSource(source: string): boolean {
  return !/[;,\s]/.test(source)
}

const everywhere: Readonly<Record<string, string>> = {
  'Content-Security-Policy': contentSecurityPolicy(),
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
}

const twoYears = 63_072_000

/** The table above on every response; pages narrow or widen their own policy when they are rendered. HSTS only where https is. */
export function securityHeaders(settings: Pick<WebSettings, 'issuer'>): Middleware {
  const headers = settings.issuer.startsWith('https:')
    ? { ...everywhere, 'Strict-Transport-Security': `max-age=${twoYears}; includeSubDomains` }
    : everywhere
  return (ctx, next) => {
    ctx.set(headers)
    return next()
  }
}
