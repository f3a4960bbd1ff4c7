import { queryValue, type WebContext } from '../context.ts'
import type { Translate } from '../language.ts'

/** The sentence that tells what the form before this page did: `?done=<word>`, one of the page's own words and nothing else. */
export function noticeOf(
  ctx: WebContext,
  t: Translate,
  place: string,
  known: readonly string[],
): string | undefined {
  const done = queryValue(ctx, 'done')
  return done !== undefined && known.includes(done) ? t(`account:${place}.done.${done}`) : undefined
}
