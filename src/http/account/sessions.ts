import type { Places } from '../../ports/places.ts'
import type { ActiveSession } from '../../ports/session-registry.ts'
import { seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { type DeviceShown, deviceShown } from '../device.ts'
import type { Translate } from '../language.ts'
import { type Moment, momentOf } from '../moments.ts'
import { addressShown } from '../place.ts'
import { actorOf, type SignedInHandler } from '../session.ts'
import { noticeOf } from './notice.ts'
import type { Portal } from './portal.ts'

export interface SessionPages {
  readonly show: SignedInHandler
  readonly end: SignedInHandler
  readonly endOthers: SignedInHandler
}

/** Where the person is signed in. Ending one only takes away: it asks for no new sign-in, so that nobody who is worried has to wait. */
export function createSessionPages(deps: AppDependencies, portal: Portal): SessionPages {
  const { oidc, places, trustedDevices, web } = deps

  return {
    async show(page) {
      const { ctx, identity, session } = page
      const t = web.words.translate(ctx.state.language)
      const living = await oidc.sessions.list(identity.id)
      const sessions = [...living]
        .sort((one, other) => other.lastSeenAt - one.lastSeenAt)
        .sort((one, other) => Number(other.uid === session.uid) - Number(one.uid === session.uid))
        .map((one) => sessionShown(one, { t, language: ctx.state.language, places }))
      portal(page, {
        view: 'sessions',
        place: 'sessions',
        values: {
          sessions: sessions.map((one) => ({ ...one, current: one.uid === session.uid })),
          notice: noticeOf(ctx, t, 'sessions', ['ended', 'gone', 'others']),
        },
      })
    },

    async end({ ctx, identity, session }) {
      const uid = ctx.params.session ?? ''
      if (uid === session.uid) return seeOther(ctx, '/logout')
      // Another person's is as unknown as one that is over (S38).
      const ended = await oidc.sessions.end(identity.id, uid)
      seeOther(ctx, `/account/sessions?done=${ended ? 'ended' : 'gone'}`)
    },

    async endOthers(page) {
      const { ctx, identity, session } = page
      const { device: except } = ctx.state
      await trustedDevices.revokeAll(identity.id, actorOf(page), { reason: 'signed-out', except })
      await oidc.sessions.endAll(identity.id, { except: session.uid })
      seeOther(ctx, '/account/sessions?done=others')
    },
  }
}

export interface SessionShown {
  readonly uid: string
  readonly device: DeviceShown
  /** With its place, if that is known. */
  readonly address: string | undefined
  readonly startedAt: Moment
  readonly lastSeenAt: Moment
}

export function sessionShown(
  { uid, userAgent, address, startedAt, lastSeenAt }: ActiveSession,
  { t, language, places }: { readonly t: Translate; readonly language: string; readonly places: Places },
): SessionShown {
  return {
    uid,
    device: deviceShown(userAgent, t),
    address: addressShown(address, language, places),
    startedAt: momentOf(startedAt, language),
    lastSeenAt: momentOf(lastSeenAt, language),
  }
}
