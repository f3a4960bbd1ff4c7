import { queryValue } from '../context.ts'
import type { Cookies } from '../cookies.ts'
import { chooseLanguage, languageOf, type Words } from '../language.ts'
import type { Middleware } from './middleware.ts'

/** Chooses the language of the answer, and answers the language switch of every page itself. */
export function language(words: Words, cookies: Cookies): Middleware {
  return (ctx, next) => {
    const reads = ctx.method === 'GET' || ctx.method === 'HEAD'
    ctx.state.page = reads ? ctx.url : undefined
    if (reads && chooseLanguage(ctx, words, cookies)) return
    // Worked out when first needed: token requests never need it.
    let chosen: string | undefined
    Object.defineProperty(ctx.state, 'language', {
      configurable: true,
      enumerable: true,
      get: () =>
        (chosen ??= languageOf(ctx, words, cookies, (queryValue(ctx, 'ui_locales') ?? '').split(' '))),
      set: (value: string) => {
        chosen = value
      },
    })
    return next()
  }
}
