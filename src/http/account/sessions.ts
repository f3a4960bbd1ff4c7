import { clientName, isOurOwn } from '../../domain/client.ts'
import type { Instant } from '../../domain/time.ts'
import type { Places } from '../../ports/places.ts'
import type { ActiveSession } from '../../ports/session-registry.ts'
import { queryValue, seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { type DeviceShown, deviceShown } from '../device.ts'
import type { Translate } from '../language.ts'
import { type Moment, momentOf, momentsOf } from '../moments.ts'
import { addressShown } from '../place.ts'
import { actorOf, type SignedInHandler } from '../session.ts'
import { noticeOf } from './notice.ts'
import type { Portal } from './portal.ts'

export interface SessionPages {
  readonly show: SignedInHandler
  readonly end: SignedInHandler
  readonly endOthers: SignedInHandler
}

const perPage = 25

/** Where the person is signed in. Ending one only takes away: it asks for no new sign-in, so that nobody who is worried has to wait. */
export function createSessionPages(deps: AppDependencies, portal: Portal): SessionPages {
  const { clients, oidc, places, trustedDevices, web } = deps

  /** Of what the page shows, each once. Our own pages, through which everybody comes, are no news. */
  async function namesOf(sessions: readonly ActiveSession[]): Promise<ReadonlyMap<string, string>> {
    const ids = [...new Set(sessions.flatMap(({ clientIds }) => clientIds))]
    const known = await Promise.all(ids.map((id) => clients.find(id)))
    const shown = known.flatMap((client) => (client === undefined || isOurOwn(client) ? [] : [client]))
    return new Map(shown.map((client) => [client.id, clientName(client)]))
  }

  return {
    async show(page) {
      const { ctx, identity, session } = page
      const { language } = ctx.state
      const t = web.words.translate(language)
      const living = inOrder(await oidc.sessions.list(identity.id), session.uid)
      const pages = Math.max(1, Math.ceil(living.length / perPage))
      const at = Math.min(pages, pageOf(queryValue(ctx, 'page')))
      const here = living.slice((at - 1) * perPage, at * perPage)
      const names = await namesOf(here)
      const moment = momentsOf(page)
      const addressOf = (number: number) => `/account/sessions?page=${number}`
      portal(page, {
        view: 'sessions',
        place: 'sessions',
        values: {
          sessions: here.map((one) => ({
            ...sessionShown(one, { t, language, places, moment }),
            current: one.uid === session.uid,
            proved: provedBy(one, t),
            applications: one.clientIds.flatMap((id) => names.get(id) ?? []),
          })),
          others: living.some(({ uid }) => uid !== session.uid),
          older: at < pages ? addressOf(at + 1) : undefined,
          newer: at > 1 ? addressOf(at - 1) : undefined,
          position: pages > 1 ? t('account:sessions.position', { at, pages }) : undefined,
          notice: noticeOf(ctx, t, 'sessions', ['ended', 'gone', 'others']),
        },
      })
    },

    async end({ ctx, identity, session }) {
      const uid = ctx.params.session ?? ''
      if (uid === session.uid) return seeOther(ctx, '/logout')
      // Another person's is as unknown as one that is over (S38). Offline access that came of it ends too: who ends what they do not know ends all of it.
      const ended = await oidc.sessions.endOf(identity.id, { uid })
      seeOther(ctx, `/account/sessions?done=${ended > 0 ? 'ended' : 'gone'}`)
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

/** This one first, then those that were seen last. */
function inOrder(sessions: readonly ActiveSession[], current: string): readonly ActiveSession[] {
  return [...sessions].sort(
    (one, other) =>
      Number(other.uid === current) - Number(one.uid === current) || other.lastSeenAt - one.lastSeenAt,
  )
}

function pageOf(text = ''): number {
  return /^[1-9]\d{0,5}$/.test(text) ? Number(text) : 1
}

/** "Password + Authenticator app"; undefined where nobody noted it. */
function provedBy({ factors }: ActiveSession, t: Translate): string | undefined {
  const names = [...new Set(factors)].map((factor) => t(`factors:${factor}.name`))
  return names.length === 0 ? undefined : names.join(' + ')
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
  words: {
    readonly t: Translate
    readonly language: string
    readonly places: Places
    /** Absent: for a reader whose time zone nobody knows. */
    readonly moment?: (at: Instant) => Moment
  },
): SessionShown {
  const { t, language, places, moment = (at) => momentOf(at, language) } = words
  return {
    uid,
    device: deviceShown(userAgent, t),
    address: addressShown(address, language, places),
    startedAt: moment(startedAt),
    lastSeenAt: moment(lastSeenAt),
  }
}
