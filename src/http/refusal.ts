import type { EnrolmentRefusal } from '../authentication/refusal.ts'
import type { WebContext } from './context.ts'
import type { Web } from './web.ts'

/** A factor's own words for its refusal, else the engine's, else `plain`: a key of words that are always there. */
export function refusalText(
  { words }: Web,
  ctx: WebContext,
  factor: string,
  {
    reason,
    values,
  }: { readonly reason?: string | undefined; readonly values?: EnrolmentRefusal['values'] | undefined },
  plain: string,
): string {
  const [language = 'en'] = words.languages
  const candidates = [`factors:${factor}.refused.${reason}`, `refused.${reason}`]
  const key = candidates.find((one) => words.has(language, one)) ?? plain
  return words.translate(ctx.state.language)(key, values)
}
