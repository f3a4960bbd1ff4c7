import { queryValue, seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { deviceShown } from '../device.ts'
import { momentsOf } from '../moments.ts'
import { addressShown } from '../place.ts'
import { get, post, type Route } from '../routes.ts'
import type { Guard, SignedIn } from '../session.ts'
import type { Portal } from './portal.ts'

const path = '/account/recovery'

/** Somebody tries to get back into the account: who, from where, since when, and how its owner stops them. */
export function recoveryBannerRoutes(
  deps: AppDependencies,
  portal: Portal,
  { signedIn, fresh }: Guard,
): readonly Route[] {
  const { recoveries, places, web } = deps

  function show(page: SignedIn): void {
    const { ctx, recovery } = page
    const { language } = ctx.state
    const t = web.words.translate(language)
    const moment = momentsOf(page)
    const done = queryValue(ctx, 'done')
    const known = done === 'cancelled' || done === 'contested'
    ctx.state.page = path
    portal(page, {
      view: 'recovery',
      place: 'security',
      title: t('recoveries:portal.title'),
      values: {
        notice: known ? t(`recoveries:portal.done.${done}`) : undefined,
        one: recovery && {
          id: recovery.id,
          contested: recovery.state === 'contested',
          reviewed: recovery.reviewed === true,
          device: recovery.userAgent && deviceShown(recovery.userAgent, t).name,
          from: addressShown(recovery.address, language, places),
          started: moment(recovery.startedAt),
          due: moment(recovery.dueAt),
        },
      },
    })
  }

  /** As strong as they can: what that is worth against the recovery is not for the page to say. */
  async function stop({ ctx, identity, session }: SignedIn): Promise<void> {
    const { recovery = '' } = ctx.state.form
    const done = await recoveries.cancel(identity.id, recovery, { level: session.level })
    seeOther(ctx, done === 'gone' ? path : `${path}?done=${done}`)
  }

  return [
    get(path, {}, signedIn(show)),
    get(`${path}/stop`, {}, fresh(show)),
    post(`${path}/stop`, {}, fresh(stop)),
  ]
}
