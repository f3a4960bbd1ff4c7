import { Problem } from '../../domain/problem.ts'
import type { Form } from '../../ports/factor.ts'
import type { WebContext } from '../context.ts'
import type { Middleware } from './middleware.ts'

/** Of the text in a form. */
export const mostText = 64 * 1024

/**
 * Reads the body of a POST to one of our own routes into `ctx.state.form`: strings only, each name once, no NUL, at most 64 KiB (S41).
 * Protocol endpoints never pass here: oidc-provider reads their bodies itself.
 */
export function form(): Middleware {
  return async (ctx, next) => {
    ctx.state.form = await readForm(ctx)
    return next()
  }
}

/** A body that is no upload, whichever of the two ways it is written. Throws `Problem('bad-form')` or `Problem('too-large')`. */
export async function readForm(ctx: WebContext): Promise<Form> {
  const text = await readText(ctx)
  if (text === '') return {}
  if (text.includes('\0')) throw new Problem('bad-form')
  if (ctx.is('application/x-www-form-urlencoded')) return uniqueFields([...new URLSearchParams(text)])
  if (ctx.is('application/json')) return uniqueFields(entriesOfJson(text))
  throw new Problem('bad-form')
}

async function readText(ctx: WebContext): Promise<string> {
  if ((ctx.request.length ?? 0) > mostText) throw tooLarge(ctx)
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of ctx.req.iterator({ destroyOnReturn: false })) {
    size += chunk.length
    if (size > mostText) throw tooLarge(ctx)
    chunks.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch (cause) {
    throw new Problem('bad-form', { cause })
  }
}

/** What is left of the body is not worth reading: the connection ends with the answer. */
export function tooLarge(ctx: WebContext): Problem {
  ctx.set('Connection', 'close')
  return new Problem('too-large')
}

function entriesOfJson(text: string): [string, unknown][] {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value)
  } catch {
    // Falls through: not JSON is as bad as the wrong JSON.
  }
  throw new Problem('bad-form')
}

/** Strings only, each name once, no NUL; else `Problem('bad-form')`. */
export function uniqueFields(entries: readonly (readonly [string, unknown])[]): Form {
  const form: Record<string, string> = Object.create(null)
  for (const [name, value] of entries) {
    if (typeof value !== 'string' || value.includes('\0') || name.includes('\0') || name in form) {
      throw new Problem('bad-form')
    }
    form[name] = value
  }
  return form
}

/** Query parameters of our own pages: each once, no NUL (S41). */
export function plainQuery(): Middleware {
  return (ctx, next) => {
    const values = Object.values(ctx.query)
    if (values.some((value) => typeof value !== 'string' || value.includes('\0')))
      throw new Problem('bad-request')
    return next()
  }
}
