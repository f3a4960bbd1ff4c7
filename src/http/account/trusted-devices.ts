import { seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { type DeviceShown, deviceShown } from '../device.ts'
import { type Moment, momentsOf } from '../moments.ts'
import { actorOf, type SignedIn, type SignedInHandler } from '../session.ts'
import { noticeOf } from './notice.ts'
import type { Portal } from './portal.ts'

export interface TrustedDevicePages {
  readonly show: SignedInHandler
  readonly revoke: SignedInHandler
  readonly revokeAll: SignedInHandler
  /** Where whoever had to sign in once more on the way comes back to. */
  readonly back: SignedInHandler
}

export interface TrustedDeviceShown {
  readonly id: string
  readonly device: DeviceShown
  readonly here: boolean
  readonly trustedAt: Moment
  readonly lastSeenAt: Moment
  readonly until: Moment
}

/** Where the list is. */
export const trustedDevicesPath = '/account/security/trusted-devices'

/** The devices that the person trusts, in words. */
export async function trustedDevicesShown(
  { trustedDevices, web }: Pick<AppDependencies, 'trustedDevices' | 'web'>,
  page: SignedIn,
): Promise<readonly TrustedDeviceShown[]> {
  const { ctx, identity } = page
  const { language, device } = ctx.state
  const t = web.words.translate(language)
  const moment = momentsOf(page)
  const trusted = await trustedDevices.list(identity.id, device)
  return trusted.map(({ id, userAgent, here, trustedAt, lastSeenAt, until }) => ({
    id,
    device: deviceShown(userAgent, t),
    here,
    trustedAt: moment(trustedAt),
    lastSeenAt: moment(lastSeenAt),
    until: moment(until),
  }))
}

/** Where the second factor is not asked for, and taking that back. */
export function createTrustedDevicePages(deps: AppDependencies, portal: Portal): TrustedDevicePages {
  const { trustedDevices, web } = deps

  return {
    async show(page) {
      const t = web.words.translate(page.ctx.state.language)
      portal(page, {
        view: 'trusted-devices',
        place: 'security',
        title: t('account:trusted.title'),
        values: {
          devices: await trustedDevicesShown(deps, page),
          notice: noticeOf(page.ctx, t, 'trusted', ['revoked', 'gone', 'all']),
        },
      })
    },

    async revoke(page) {
      const { ctx, identity } = page
      // Another person's is as unknown as one that is not trusted any more (S38).
      const revoked = await trustedDevices.revoke(identity.id, ctx.params.device ?? '', actorOf(page))
      seeOther(ctx, `${trustedDevicesPath}?done=${revoked ? 'revoked' : 'gone'}`)
    },

    async revokeAll(page) {
      await trustedDevices.revokeAll(page.identity.id, actorOf(page), { reason: 'asked' })
      seeOther(page.ctx, `${trustedDevicesPath}?done=all`)
    },

    back: ({ ctx }) => seeOther(ctx, trustedDevicesPath),
  }
}
