import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { Problem } from '../../domain/problem.ts'
import type { Middleware } from './middleware.ts'
import { addressGroup } from './proxy.ts'

/** Requests per address (IPv6: per /64). They only shed load and never count against an account: those budgets are the engine's (S26). */
export const limits = {
  /** Any form of ours: an office behind one address signs in without meeting it. */
  form: { points: 1_000, seconds: 10 },
  /** Forms that send a message. */
  message: { points: 100, seconds: 600 },
} as const

export type LimitName = keyof typeof limits
export type Limits = Readonly<Record<LimitName, { points: number; seconds: number }>>

/** 429 with Retry-After once an address used up its points. Kept in memory: each process sheds its own load. */
export function limit(name: LimitName, table: Limits): Middleware {
  const { points, seconds } = table[name]
  const limiter = new RateLimiterMemory({ points, duration: seconds, keyPrefix: name })
  return async (ctx, next) => {
    try {
      await limiter.consume(addressGroup(ctx.state.address))
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal
      throw new Problem('throttled', { retryAfter: Math.max(1, refusal.msBeforeNext / 1000) })
    }
    return next()
  }
}

/** 503 with Retry-After when this many forms are already being worked on: a queue without end helps nobody. */
export function inFlight(most: number): Middleware {
  let running = 0
  return async (_ctx, next) => {
    if (running >= most) throw new Problem('busy', { retryAfter: 2 })
    running += 1
    try {
      await next()
    } finally {
      running -= 1
    }
  }
}
