import type { Context } from 'koa'
import type { Actor } from '../domain/audit-event.ts'
import type { AuthenticationResult } from '../domain/authentication.ts'
import { browserText } from '../domain/device.ts'
import type { Digest } from '../ports/vault.ts'
import type { SignInPlace } from './session-rows.ts'

/** The address and browser that a request came from, as the entrance found them. */
export function placeOf(ctx: Context): SignInPlace {
  const { address } = ctx.state as { address?: string }
  const userAgent = ctx.get('user-agent').slice(0, 512)
  return { ...(address === undefined ? {} : { address }), ...(userAgent === '' ? {} : { userAgent }) }
}

/** The same of a sign-in, with what it came of. */
export function signInPlaceOf(ctx: Context, digest: Digest): SignInPlace {
  const { device } = ctx.state as { device?: string }
  const { process, credentials, factors } = (ctx as SignInContext).oidc?.result?.login ?? {}
  return {
    ...placeOf(ctx),
    ...(device === undefined ? {} : { browser: digest(browserText(device)) }),
    ...(process === undefined ? {} : { process }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(factors === undefined ? {} : { factors }),
  }
}

/** The request that ends an interaction, as far as our part of the answer goes. The Interaction itself may be the consent's by then. */
interface SignInContext extends Context {
  readonly oidc?: {
    readonly result?: {
      readonly login?: Partial<Pick<AuthenticationResult, 'process' | 'credentials' | 'factors'>>
    }
  }
}

/** Where something happened, for the audit. */
export function originOf(ctx: Context): Omit<Actor, 'kind' | 'id'> {
  const { traceId } = ctx.state as { traceId?: string }
  return { ...placeOf(ctx), ...(traceId === undefined ? {} : { traceId }) }
}

/** The person who acts in a request. */
export function personIn(ctx: Context, identityId: string | undefined): Actor {
  return { kind: 'identity', ...(identityId === undefined ? {} : { id: identityId }), ...originOf(ctx) }
}
