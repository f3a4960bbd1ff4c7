import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { Problem } from '../../domain/problem.ts'
import type { WebContext } from '../context.ts'
import type { Middleware } from './middleware.ts'
import { addressGroup } from './proxy.ts'

/** Requests per address (IPv6: per /64). They only shed load and never count against an account: those budgets are the engine's (S26). */
export const limits = {
  /** Any form of ours: an office behind one address signs in without meeting it. */
  form: { points: 1_000, seconds: 10 },
  /** Forms that send a message. */
  message: { points: 100, seconds: 600 },
  /** Forms with files: to read them, and to make something of them, is the dearest that anybody can ask for. */
  upload: { points: 60, seconds: 600 },
  /** Authorization requests that are kept: while they wait for a person, or because they are long. */
  interaction: { points: 1_000, seconds: 10 },
} as const

export type LimitName = keyof typeof limits
export type Limits = Readonly<Record<LimitName, { points: number; seconds: number }>>

/** 429 with Retry-After once an address used up its points. Kept in memory: each process sheds its own load. */
export function limit(name: LimitName, table: Limits): Middleware {
  const limiter = limiterOf(name, table)
  return async (ctx, next) => {
    try {
      await limiter.consume(addressGroup(ctx.state.address))
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal
      throw throttled(refusal)
    }
    return next()
  }
}

/** The same where only some answers cost anything, which is known once they are there. */
export function limitAnswers(
  name: LimitName,
  table: Limits,
  costs: (ctx: WebContext) => boolean,
): Middleware {
  const limiter = limiterOf(name, table)
  return async (ctx, next) => {
    const group = addressGroup(ctx.state.address)
    const spent = await limiter.get(group)
    if (spent !== null && spent.remainingPoints <= 0) throw throttled(spent)
    await next()
    if (costs(ctx)) await limiter.penalty(group)
  }
}

function limiterOf(name: LimitName, table: Limits): RateLimiterMemory {
  const { points, seconds } = table[name]
  return new RateLimiterMemory({ points, duration: seconds, keyPrefix: name })
}

function throttled({ msBeforeNext }: RateLimiterRes): Problem {
  return new Problem('throttled', { retryAfter: Math.max(1, msBeforeNext / 1000) })
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
