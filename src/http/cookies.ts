import type { Duration } from '../domain/time.ts'
import type { WebContext } from './context.ts'

export type CookieName = 'browser' | 'device' | 'language' | 'remember' | 'application' | 'way'

export interface Cookies {
  read(ctx: Pick<WebContext, 'cookies'>, name: CookieName): string | undefined
  /** Without `lifetime` it ends with the browser session; an empty value removes it. */
  write(ctx: Pick<WebContext, 'cookies'>, name: CookieName, value: string, lifetime?: Duration): void
  /** The name as it stands in the header. */
  named(name: CookieName): string
}

/** Our own cookies: `__Host-` and Secure under an https issuer, plain under http (development). HttpOnly, SameSite=Lax, Path=/ always. */
export function createCookies(issuer: string): Cookies {
  const secure = issuer.startsWith('https:')
  const named = (name: CookieName) => `${secure ? '__Host-' : ''}signet-${name}`
  return {
    named,
    read: (ctx, name) => ctx.cookies.get(named(name), { signed: false }),
    write(ctx, name, value, lifetime) {
      ctx.cookies.set(named(name), value === '' ? null : value, {
        httpOnly: true,
        sameSite: 'lax',
        path: '/',
        secure,
        signed: false,
        overwrite: true,
        ...(lifetime === undefined || value === '' ? {} : { maxAge: lifetime }),
      })
    },
  }
}
