import { day } from '../../domain/time.ts'
import type { Random } from '../../ports/clock.ts'
import type { WebContext } from '../context.ts'
import type { Cookies } from '../cookies.ts'
import type { Middleware } from './middleware.ts'

const secret = /^[\w-]{43}$/

/** The two cookies of ours: the secret that binds forms and processes to this browser, and the one by which a device is known again. */
export function browserCookies(cookies: Cookies, random: Random): Middleware {
  return (ctx, next) => {
    let browser: string | undefined
    Object.defineProperties(ctx.state, {
      browser: { enumerable: true, get: () => (browser ??= readOrCreate(ctx, cookies, random)) },
      device: { enumerable: true, get: () => wellFormed(cookies.read(ctx, 'device')) },
    })
    return next()
  }
}

function readOrCreate(ctx: WebContext, cookies: Cookies, random: Random): string {
  const known = wellFormed(cookies.read(ctx, 'browser'))
  if (known !== undefined) return known
  const created = random(32)
  cookies.write(ctx, 'browser', created)
  return created
}

/** The device cookie, made now when there is none: for steps that may end in a sign-in. Worth nothing until a sign-in succeeds with it. */
export function ensureDevice(ctx: WebContext, cookies: Cookies, random: Random): string {
  const known = ctx.state.device
  if (known !== undefined) return known
  const created = random(32)
  writeDevice(ctx, cookies, created)
  return created
}

/** Keeps a device secret as long as browsers let us. */
export function writeDevice(ctx: WebContext, cookies: Cookies, device: string): void {
  cookies.write(ctx, 'device', device, 400 * day)
}

function wellFormed(value: string | undefined): string | undefined {
  return value !== undefined && secret.test(value) ? value : undefined
}
