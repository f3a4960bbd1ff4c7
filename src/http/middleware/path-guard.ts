import { Problem } from '../../domain/problem.ts'
import type { Middleware } from './middleware.ts'

// Ways to write a path that a limit, a proxy and a router may read differently: //, /./, /../, \, encoded dots, slashes and NUL.
const ambiguous = /\/\/|\/\.{1,2}(?:\/|$)|\\|%(?:2e|2f|5c|00)/i

/** Refuses paths that can be read in two ways, before limits and routes (S40). Linear in the length of the path. */
export function pathGuard(): Middleware {
  return (ctx, next) => {
    if (!ctx.url.startsWith('/')) throw new Problem('bad-request')
    const path = ctx.url.split('?', 1)[0] ?? ''
    if (ambiguous.test(path) || (path.includes('%') && !decodes(path))) throw new Problem('bad-request')
    return next()
  }
}

function decodes(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}
