import { topics } from '../../domain/audit-event.ts'
import { type Duration, day, hour } from '../../domain/time.ts'
import { queryValue, type WebContext } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import type { SignedInHandler } from '../session.ts'
import { createEntries } from './entries.ts'
import type { Portal } from './portal.ts'

const perPage = 25

/** How far back, by the word in the address. */
const periods: Readonly<Record<string, Duration>> = {
  day: 24 * hour,
  week: 7 * day,
  month: 30 * day,
  year: 365 * day,
}

const filters = ['topic', 'period', 'failed'] as const

/** What happened in the account, newest first, in words: by topic, by period, only what failed. */
export function createActivityPage(deps: AppDependencies, portal: Portal): SignedInHandler {
  const { audit, clock, web } = deps
  const shown = createEntries(deps)

  return async (page) => {
    const { ctx, identity } = page
    const t = web.words.translate(ctx.state.language)
    const chosen = choiceOf(ctx)
    const after = queryValue(ctx, 'after')
    const period = periods[chosen.period ?? '']
    const topic = topics.find((one) => one === chosen.topic)
    const { items, next } = await audit.story({
      identityId: identity.id,
      limit: perPage,
      failed: chosen.failed !== undefined,
      ...(topic === undefined ? {} : { topic }),
      ...(period === undefined ? {} : { since: clock() - period }),
      ...(after === undefined ? {} : { after }),
    })
    const option = (filter: string, value: string) => ({
      value,
      text: t(`account:activity.${filter}.${value === '' ? 'all' : value}`),
      selected: value === (chosen[filter] ?? ''),
    })
    portal(page, {
      view: 'activity',
      place: 'activity',
      values: {
        entries: await shown(page, items),
        topics: ['', ...topics].map((value) => option('topic', value)),
        periods: ['', ...Object.keys(periods)].map((value) => option('period', value)),
        failed: chosen.failed !== undefined,
        filtered: Object.keys(chosen).length > 0,
        older: next === undefined ? undefined : addressOf({ ...chosen, after: next }),
        newest: after === undefined ? undefined : addressOf(chosen),
      },
    })
  }
}

/** What the address asks for, as far as it is one of the choices there are. */
function choiceOf(ctx: WebContext): Readonly<Record<string, string>> {
  const known: Readonly<Record<string, readonly string[]>> = {
    topic: topics,
    period: Object.keys(periods),
    failed: ['yes'],
  }
  return Object.fromEntries(
    filters.flatMap((name) => {
      const value = queryValue(ctx, name)
      return value !== undefined && known[name]?.includes(value) ? [[name, value]] : []
    }),
  )
}

function addressOf(parameters: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(parameters).toString()
  return `/account/activity${query === '' ? '' : `?${query}`}`
}
