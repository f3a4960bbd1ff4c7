import type { Context } from 'koa'
import type { Actor } from '../domain/audit-event.ts'
import type { SignInPlace } from './session-rows.ts'

/** The address and browser that a request came from, as the entrance found them. */
export function placeOf(ctx: Context): SignInPlace {
  const { address } = ctx.state as { address?: string }
  const userAgent = ctx.get('user-agent').slice(0, 512)
  return { ...(address === undefined ? {} : { address }), ...(userAgent === '' ? {} : { userAgent }) }
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
